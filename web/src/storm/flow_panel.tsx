import { useQuery } from '@tanstack/react-query';
import { PaneSkeleton } from '../app/pane.tsx';
import { formatCount } from '../lib/time/format.ts';
import { Sparkline } from '../pipeline/sparkline.tsx';
import { SectionHead } from '../pipeline/table.tsx';
import { getStormFlow } from './storm_api.ts';

/** What comes in, and what waits. */
export function FlowPanel() {
  const flow = useQuery({
    queryKey: ['storm', 'flow'],
    queryFn: ({ signal }) => getStormFlow(signal),
    refetchInterval: 5000,
  });
  const facts = flow.data;
  return (
    <section aria-label="Messages and calls" className="mt-5 min-w-0 lg:mt-0">
      <SectionHead title="Coming in">by the minute, last two hours</SectionHead>
      {facts ? (
        <dl className="grid grid-cols-[auto_1fr_auto] items-center gap-x-3 gap-y-2">
          <Rate name="meter messages" values={facts.messages} />
          <Rate name="calls" values={facts.calls} />
          <dt className="text-dim">held back now</dt>
          <dd className={`col-span-2 text-right ${facts.held_back > 0 ? 'font-semibold text-warn' : ''}`}>
            {facts.held_back > 0 && '▲ '}
            {formatCount(facts.held_back)} messages
          </dd>
          <dt className="text-dim">held back since the start</dt>
          <dd className="col-span-2 text-right">
            {formatCount(facts.held_back_ever)}, at most {formatCount(facts.most_held_back)} at once
          </dd>
        </dl>
      ) : flow.error ? (
        <p role="alert" className="text-bad">
          {flow.error.message}
        </p>
      ) : (
        <PaneSkeleton rows={4} />
      )}
      {facts && (
        <p className="mt-2 text-[12px] text-dim">
          In areas in storm mode one meter of each transformer is evaluated first above {formatCount(facts.limit_per_s)}{' '}
          messages a second. What is held back is stored, and evaluated as soon as there is room.
        </p>
      )}
      {facts && flow.error && <p className="text-warn">Shown is what was read before.</p>}
    </section>
  );
}

function Rate({ name, values }: { name: string; values: readonly number[] }) {
  return (
    <>
      <dt className="text-dim">{name}</dt>
      <dd className="min-w-0">
        <Sparkline values={values} label={`${name} a minute`} width={100} height={24} />
      </dd>
      <dd className="text-right">
        <strong>{formatCount(values.at(-1) ?? 0)}</strong> <span className="text-dim">/min</span>
      </dd>
    </>
  );
}
