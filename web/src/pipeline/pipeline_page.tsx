import { useQuery } from '@tanstack/react-query';
import type { Pipeline } from '#model/api/readings.ts';
import { DataAge, PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { getPipeline } from '../lib/api/endpoints.ts';
import { formatCount, formatNumber, formatTimeSeconds, words } from '../lib/time/format.ts';
import { Consumers } from './consumers.tsx';
import { Files } from './files.tsx';
import { groupSources, rateOfKind } from './group.ts';
import { Layers } from './layers.tsx';
import { SetAsideBrowser } from './set_aside.tsx';
import { Sources } from './sources.tsx';

/** Where the data stands: what came in, what became of it, how far each layer has read. */
export function PipelinePage() {
  const pipeline = useQuery({
    queryKey: ['pipeline'],
    queryFn: ({ signal }) => getPipeline(signal),
    refetchInterval: 5_000,
  });
  return (
    <section aria-label="Data pipeline" className="h-full overflow-auto bg-pane">
      <div className="mx-auto max-w-[1360px] px-3 py-4 sm:px-5">
        <div className="mb-4 flex items-baseline gap-4">
          <h1 className="text-lg font-semibold">Data pipeline</h1>
          <span className="ml-auto text-[12px]">
            <DataAge at={pipeline.data?.at ?? null} label="pipeline's figures" />
          </span>
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
        <SetAsideBrowser />
      </div>
    </section>
  );
}

function Report({ pipeline, problem }: { pipeline: Pipeline; problem: string | null }) {
  const view = useTimeView();
  const groups = groupSources(pipeline);
  const isDown = pipeline.analytics.state !== 'ready';
  return (
    <>
      {problem && (
        <p role="alert" className="mb-3 border-l-2 border-bad pl-3 text-bad">
          {problem} Shown is the state of {formatTimeSeconds(pipeline.at, view)}.
        </p>
      )}
      <dl className="mb-6 grid grid-cols-2 gap-px border border-rule bg-rule sm:grid-cols-4">
        <Figure name="Readings in" value={`${formatNumber(rateOfKind(groups, 'reading'), 0)} /s`} />
        <Figure name="Events in" value={`${formatNumber(rateOfKind(groups, 'event'), 1)} /s`} />
        <Figure
          name="Set aside, kept with reason"
          value={`${formatCount(groups.reduce((sum, group) => sum + group.set_aside, 0))} records`}
        />
        <Figure
          name="Analytics process"
          value={`${isDown ? '▲ ' : ''}${words(pipeline.analytics.state)}, ${formatCount(pipeline.analytics.restarts)} restarts`}
          isBad={isDown}
        />
      </dl>
      <Sources groups={groups} />
      <Layers pipeline={pipeline} />
      <Consumers consumers={pipeline.consumers} />
      {pipeline.takes_files && <Files />}
    </>
  );
}

function Figure({ name, value, isBad = false }: { name: string; value: string; isBad?: boolean }) {
  return (
    <div className="bg-pane px-3 py-2">
      <dt className="text-[12px] text-dim">{name}</dt>
      <dd className={`text-[15px] font-semibold ${isBad ? 'text-warn' : ''}`}>{value}</dd>
    </div>
  );
}
