import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Pipeline } from '#model/api/readings.ts';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { getPipeline } from '../lib/api/endpoints.ts';
import { useLive } from '../lib/push/live_store.ts';
import { ageSeconds, formatAge, formatCount, formatNumber, formatTimeSeconds, words } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';

/** Where the data stands: what came in, what became of it, how far each layer has read. */
export function PipelinePage() {
  const pipeline = useQuery({
    queryKey: ['pipeline'],
    queryFn: ({ signal }) => getPipeline(signal),
    refetchInterval: 5_000,
  });
  return (
    <section aria-label="Data pipeline" className="h-full overflow-auto bg-pane">
      <div className="mx-auto max-w-6xl px-5 py-4">
        <div className="mb-4 flex items-baseline gap-4">
          <h1 className="text-lg font-semibold">Data pipeline</h1>
          <button type="button" className="button" onClick={() => useScreen.setState({ page: 'center' })}>
            Operator screen
          </button>
        </div>
        {pipeline.isPending ? (
          <PaneSkeleton rows={10} />
        ) : pipeline.data ? (
          <Report pipeline={pipeline.data} problem={pipeline.error?.message ?? null} />
        ) : (
          <PaneMessage
            title="The pipeline could not be read"
            bad
            action={{ label: 'Try again', run: () => void pipeline.refetch() }}
          >
            {pipeline.error?.message}
          </PaneMessage>
        )}
      </div>
    </section>
  );
}

function Report({ pipeline, problem }: { pipeline: Pipeline; problem: string | null }) {
  const kpi = useLive((live) => live.kpi);
  const now = useNow();
  const view = useTimeView();
  const unbalanced = pipeline.sources.filter(({ balanced }) => !balanced).length;
  return (
    <>
      {problem && (
        <p role="alert" className="mb-3 border-l-2 border-bad pl-3 text-bad">
          {problem} Shown is the state of {formatTimeSeconds(pipeline.at, view)}.
        </p>
      )}
      <dl className="mb-6 grid grid-cols-2 gap-px border border-rule bg-rule sm:grid-cols-4">
        <Figure name="Readings in" value={`${formatNumber(kpi?.readings_per_s, 0)} /s`} />
        <Figure name="Events in" value={`${formatNumber(kpi?.events_per_s, 1)} /s`} />
        <Figure name="Set aside, kept with reason" value={`${formatCount(kpi?.set_aside)} records`} />
        <Figure
          name="Analytics process"
          value={`${words(pipeline.analytics.state)}, ${formatCount(pipeline.analytics.restarts)} restarts`}
        />
      </dl>

      <h2 className="mb-1 font-semibold">Layers</h2>
      <p className="mb-2 text-dim">
        Lag is the age of the newest change a layer has not yet taken in. The target is its promise.
      </p>
      <Table heads={['Layer', 'Rows', 'Lag', 'Target', 'Last refresh', 'It took']}>
        {pipeline.layers.map((layer) => {
          const late = layer.lag_s !== null && layer.lag_s > layer.target_lag_s;
          return (
            <tr key={layer.layer} className="border-t border-rule">
              <th scope="row" className="py-1.5 pr-4 text-left font-medium">
                {layer.layer}
              </th>
              <Cell>{formatCount(layer.rows)}</Cell>
              <Cell>
                <span className={late ? 'font-semibold text-warn' : ''}>
                  {late && '▲ '}
                  {formatAge(layer.lag_s)}
                </span>
              </Cell>
              <Cell>{formatAge(layer.target_lag_s)}</Cell>
              <Cell>{layer.refreshed_at ? `${formatAge(ageSeconds(layer.refreshed_at, now))} ago` : 'not yet'}</Cell>
              <Cell>{layer.last_refresh_ms === null ? '—' : `${formatCount(layer.last_refresh_ms)} ms`}</Cell>
            </tr>
          );
        })}
      </Table>

      <h2 className="mt-7 mb-1 font-semibold">Sources</h2>
      <p className="mb-2 text-dim">
        Received = stored + superseded + duplicate + set aside + pending.{' '}
        {unbalanced === 0 ? 'Every source balances.' : ''}
        {unbalanced > 0 && (
          <strong className="text-bad">{formatCount(unbalanced)} do not balance: run flux doctor.</strong>
        )}
      </p>
      <Table
        heads={[
          'Source',
          'Kind',
          'Received',
          'Stored',
          'Superseded',
          'Duplicate',
          'Set aside',
          'Pending',
          'Balance',
          'Newest',
        ]}
      >
        {pipeline.sources.map((source) => (
          <tr key={`${source.source} ${source.partition} ${source.kind}`} className="border-t border-rule">
            <th scope="row" className="py-1.5 pr-4 text-left font-medium">
              {source.source} <span className="text-dim">#{source.partition}</span>
            </th>
            <td className="pr-4">{source.kind}</td>
            <Cell>{formatCount(source.received)}</Cell>
            <Cell>{formatCount(source.stored)}</Cell>
            <Cell>{formatCount(source.superseded)}</Cell>
            <Cell>{formatCount(source.duplicate)}</Cell>
            <Cell>{formatCount(source.set_aside)}</Cell>
            <Cell>{formatCount(source.pending)}</Cell>
            <Cell>{source.balanced ? '✓ balanced' : <strong className="text-bad">▲ not balanced</strong>}</Cell>
            <Cell>{source.last_at ? `${formatAge(ageSeconds(source.last_at, now))} ago` : 'nothing yet'}</Cell>
          </tr>
        ))}
      </Table>
      {pipeline.sources.length === 0 && <p className="py-3 text-dim">Nothing has been received yet.</p>}
    </>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div className="bg-pane px-3 py-2">
      <dt className="text-[12px] text-dim">{name}</dt>
      <dd className="text-[15px] font-semibold">{value}</dd>
    </div>
  );
}

function Table({ heads, children }: { heads: string[]; children: ReactNode }) {
  return (
    <div className="overflow-x-auto">
      <table className="w-full border-b border-rule whitespace-nowrap">
        <thead>
          <tr className="text-[11px] text-dim">
            {heads.map((head, i) => (
              <th
                key={head}
                scope="col"
                className={`py-1 pr-4 font-normal ${i < 1 || head === 'Kind' ? 'text-left' : 'text-right'}`}
              >
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

function Cell({ children }: { children: ReactNode }) {
  return <td className="pr-4 text-right">{children}</td>;
}
