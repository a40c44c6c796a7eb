import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Session } from '#model/api/common.ts';
import type { VeeExceptionDetail } from '#model/api/vee.ts';
import { Block, FactRow, Facts } from '../app/facts.tsx';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { getException, getVersions } from '../lib/api/endpoints.ts';
import { formatDayTime, formatNumber, formatTime, type TimeView, words } from '../lib/time/format.ts';
import type { Series } from '../trend/chart.tsx';
import { LazyChart } from '../trend/lazy_chart.tsx';
import { ExceptionActions } from './exception_actions.tsx';
import { formatSpan, Severity } from './queue_table.tsx';

const kwh = (value: number | null): string => (value === null ? '—' : `${formatNumber(value, 3)} kWh`);

/** Short enough for an axis. */
const axisKwh = (value: number | null): string =>
  value === null ? '—' : `${formatNumber(value, Math.abs(value) >= 10 ? 1 : 2)} kWh`;

/** One exception: what broke the rule, the day around it, what may be done, and what was done. */
export function ExceptionDetail({ id, session, onClose }: { id: string; session: Session; onClose: () => void }) {
  const view = useTimeView();
  const query = useQuery({
    queryKey: ['vee', 'exception', id],
    queryFn: ({ signal }) => getException(id, signal),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
  if (query.isPending) return <PaneSkeleton rows={12} />;
  if (!query.data)
    return (
      <PaneMessage
        title="The exception could not be read"
        bad
        action={{ label: 'Try again', run: () => void query.refetch() }}
      >
        {query.error?.message}
      </PaneMessage>
    );
  const one = query.data;
  return (
    <>
      <header className="sticky top-0 z-10 flex items-start gap-2 border-b border-rule bg-pane px-3 py-2">
        <div className="min-w-0 flex-1">
          <h2 className="font-semibold">{one.title}</h2>
          <p>{one.evidence}</p>
        </div>
        <button type="button" className="button" aria-label="Close the exception" onClick={onClose}>
          ✕
        </button>
      </header>
      {query.error && (
        <p role="alert" className="mx-3 my-2 border-l-2 border-bad pl-3 text-bad">
          {query.error.message} Shown is what was last read.
        </p>
      )}
      <DayChart one={one} view={view} />
      <Facts>
        <FactRow name="Severity">
          <Severity severity={one.severity} />
        </FactRow>
        <FactRow name="Meter">
          <button
            type="button"
            className="text-accent underline"
            onClick={() => {
              useScreen.getState().select({ kind: 'meter', id: one.meter_id }, { details: true });
              useScreen.setState({ page: 'center' });
            }}
          >
            {one.meter_id}
          </button>
        </FactRow>
        <FactRow name="Feeder">{one.feeder_name ?? '—'}</FactRow>
        <FactRow name="From – to">{formatSpan(one, view)}</FactRow>
        <FactRow name="State">{words(one.state)}</FactRow>
        <FactRow name="Owner">{one.owner ?? '—'}</FactRow>
        {one.note && <FactRow name="Note">{one.note}</FactRow>}
      </Facts>
      <ExceptionActions one={one} session={session} />
      {one.proposal.length > 0 && (
        <Block title="An estimate would write">
          <ul className="px-3 py-2">
            {one.proposal.slice(0, 12).map((value) => (
              <li key={value.at} className="flex justify-between gap-3">
                <span>{formatTime(value.at, view)}</span>
                <span className="min-w-0 flex-1 truncate text-dim" title={value.basis}>
                  {words(value.method)}: {value.basis}
                </span>
                <span>{kwh(value.kwh)}</span>
              </li>
            ))}
            {one.proposal.length > 12 && <li className="text-dim">and {one.proposal.length - 12} more intervals</li>}
          </ul>
        </Block>
      )}
      <Versions one={one} view={view} />
      <Block title="Log">
        <ol className="px-3 py-2">
          {one.log.map((entry) => (
            <li key={`${entry.at} ${entry.verb}`} className="flex gap-3">
              <span className="shrink-0 text-dim">{formatDayTime(entry.at, view)}</span>
              <span className="min-w-0">
                {entry.actor}: {words(entry.verb)} → {words(entry.to_state)}
                {entry.reason && <span className="text-dim"> “{entry.reason}”</span>}
              </span>
            </li>
          ))}
        </ol>
      </Block>
    </>
  );
}

function DayChart({ one, view }: { one: VeeExceptionDetail; view: TimeView }) {
  const series = useMemo((): Series[] => {
    const line = (label: string, values: (number | null)[], color: string, fill = false): Series => ({
      label,
      values,
      color,
      format: axisKwh,
      axis: 'left',
      stepped: true,
      fill,
    });
    return [
      line('usual from', one.band_low_kwh, '--faint'),
      line('to', one.band_high_kwh, '--faint', true),
      line('read', one.kwh, '--ink'),
      line('filled in', one.filled_kwh, '--low'),
    ];
  }, [one]);
  const has = one.kwh.some((value) => value !== null) || one.band_high_kwh.some((value) => value !== null);
  if (!has)
    return <p className="px-3 py-4 text-dim">Neither readings nor a history of this meter are there to draw.</p>;
  return (
    <div className="flex h-48 flex-col border-b border-rule">
      <LazyChart
        times={one.time_s}
        series={series}
        label={`Readings of ${one.meter_id} on the day of ${formatDayTime(one.from, view)}: ${one.evidence}`}
      />
    </div>
  );
}

function Versions({ one, view }: { one: VeeExceptionDetail; view: TimeView }) {
  // A day has a hundred intervals: the first hours say what kind of thing happened.
  const until = new Date(Math.min(Date.parse(one.to), Date.parse(one.from) + 2 * 3_600_000)).toISOString();
  const versions = useQuery({
    queryKey: ['vee', 'versions', one.id, one.updated_at],
    queryFn: ({ signal }) => getVersions(one.meter_id, one.from, until, signal),
  });
  if (!versions.data || versions.data.length === 0) return null;
  return (
    <Block title={`Versions, ${formatTime(one.from, view)} to ${formatTime(until, view)}`}>
      <div className="overflow-x-auto px-3 py-2">
        <table className="w-full whitespace-nowrap">
          <thead>
            <tr className="text-left text-[11px] text-dim">
              <th className="font-normal">Interval</th>
              <th className="pr-3 text-right font-normal">Energy</th>
              <th className="pr-3 font-normal">Quality</th>
              <th className="pr-3 font-normal">Source</th>
              <th className="font-normal">Arrived</th>
            </tr>
          </thead>
          <tbody>
            {versions.data.map((version) => (
              <tr
                key={`${version.at} ${version.quality} ${version.received_at} ${version.kwh}`}
                className={version.is_current ? '' : 'text-dim'}
                title={version.method ?? undefined}
              >
                <td>{formatTime(version.at, view)}</td>
                <td className="pr-3 text-right">{kwh(version.kwh)}</td>
                <td className="pr-3">
                  {words(version.quality)}
                  {!version.is_current && ', replaced'}
                </td>
                <td className="pr-3">{version.by ? `${version.source}, ${version.by}` : version.source}</td>
                <td>{formatDayTime(version.received_at, view)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Block>
  );
}
