import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import type { Session } from '#model/api/common.ts';
import type { VeeException } from '#model/api/vee.ts';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useScreen } from '../app/screen_store.ts';
import { Tabs } from '../app/tabs.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { exceptionsShown, getExceptionCounts, getExceptions, getVeeRuns } from '../lib/api/endpoints.ts';
import { ageSeconds, counted, formatAge, formatCount, formatTimeSeconds, words } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { ExceptionDetail } from './exception_detail.tsx';
import { QualityTable } from './quality_table.tsx';
import { QueueTable } from './queue_table.tsx';
import { useQueueKeys } from './use_queue_keys.ts';

type Tab = 'open' | 'closed' | 'quality';
const tabs: { name: Tab; label: string }[] = [
  { name: 'open', label: 'Queue' },
  { name: 'closed', label: 'Decided' },
  { name: 'quality', label: 'Quality by feeder' },
];

/** Interval data that broke a rule: the queue, the decision, and how much of the data stands. */
export function VeePage({ session }: { session: Session }) {
  const [tab, setTab] = useState<Tab>('open');
  const selected = useScreen((screen) => (screen.selection?.kind === 'exception' ? screen.selection.id : null));
  const close = () => useScreen.getState().select(null);
  return (
    <section aria-label="Validation of interval data" className="flex h-full min-h-0 flex-col bg-pane">
      <div className="flex shrink-0 flex-wrap items-center gap-x-4 gap-y-1 border-b border-rule px-3 py-1.5">
        <h1 className="text-[15px] font-semibold">Validation</h1>
        <Tabs label="What to see" tabs={tabs} chosen={tab} choose={setTab} />
        <Standing />
      </div>
      <div className="flex min-h-0 flex-1">
        {/* on a phone only one fits: the details cover the list */}
        <div className={`min-w-0 flex-1 flex-col ${selected && tab !== 'quality' ? 'hidden md:flex' : 'flex'}`}>
          {tab === 'quality' ? <QualityTable /> : <Queue key={tab} state={tab} />}
        </div>
        {selected && tab !== 'quality' && (
          <aside
            aria-label="Exception"
            className="w-full min-w-0 shrink-0 overflow-auto md:w-[430px] md:border-l-[5px] md:border-ground"
          >
            <ExceptionDetail key={selected} id={selected} session={session} onClose={close} />
          </aside>
        )}
      </div>
    </section>
  );
}

/** Counts of the states and the age of the newest run. */
function Standing() {
  const counts = useQuery({
    queryKey: ['vee', 'counts'],
    queryFn: ({ signal }) => getExceptionCounts(signal),
    refetchInterval: 15_000,
  });
  const runs = useQuery({
    queryKey: ['vee', 'runs'],
    queryFn: ({ signal }) => getVeeRuns(signal),
    refetchInterval: 30_000,
  });
  const area = useScreen((screen) => screen.area);
  const now = useNow();
  const byState = useMemo(() => {
    const sums = new Map<string, number>();
    for (const { state, count, area_id } of counts.data ?? [])
      if (area === null || area_id === area) sums.set(state, (sums.get(state) ?? 0) + count);
    return sums;
  }, [counts.data, area]);
  const at = runs.data?.reduce<string | null>(
    (newest, run) => (newest && newest > run.ran_at ? newest : run.ran_at),
    null,
  );
  const open = (byState.get('open') ?? 0) + (byState.get('assigned') ?? 0);
  return (
    <p className="min-w-0 text-[12px] text-dim">
      {counts.data && (
        <>
          <strong className="text-ink">{formatCount(open)}</strong> undecided
          {(byState.get('assigned') ?? 0) > 0 && <>, {formatCount(byState.get('assigned'))} of them assigned</>}
          {byState.has('resolved_by_data') && <> · {formatCount(byState.get('resolved_by_data'))} resolved by data</>}
        </>
      )}
      {runs.data && <> · {at ? `last run ${formatAge(ageSeconds(at, now))} ago` : 'no run yet'}</>}
    </p>
  );
}

function Queue({ state }: { state: 'open' | 'closed' }) {
  const exceptions = useQuery({
    queryKey: ['vee', 'queue', state],
    queryFn: ({ signal }) => getExceptions(state, signal),
    refetchInterval: 15_000,
  });
  const [rule, setRule] = useState('');
  const [text, setText] = useState('');
  const area = useScreen((screen) => screen.area);
  const view = useTimeView();
  const all = exceptions.data;
  const rules = useMemo(
    () => [...Map.groupBy(all ?? [], (one) => one.rule)].sort((a, b) => b[1].length - a[1].length),
    [all],
  );
  const rows = useMemo(() => (all ?? []).filter((one) => matches(one, rule, text, area)), [all, rule, text, area]);
  useQueueKeys(rows);
  useEffect(() => {
    document.getElementById('exceptions')?.focus();
  }, []);

  if (exceptions.isPending) return <PaneSkeleton rows={14} />;
  if (!all)
    return (
      <PaneMessage
        title="The exceptions could not be read"
        bad
        action={{ label: 'Try again', run: () => void exceptions.refetch() }}
      >
        {exceptions.error?.message}
      </PaneMessage>
    );
  return (
    <>
      <div className="flex shrink-0 flex-wrap items-center gap-2 border-b border-rule px-3 py-1.5">
        <select
          aria-label="Rule"
          className="field max-w-60"
          value={rule}
          onChange={(event) => setRule(event.target.value)}
        >
          <option value="">all rules</option>
          {rules.map(([name, list]) => (
            <option key={name} value={name}>
              {list[0].title} ({formatCount(list.length)})
            </option>
          ))}
        </select>
        <input
          id="exception-filter"
          type="search"
          className="field w-44"
          placeholder="Meter, feeder, owner  /"
          aria-label="Filter exceptions"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <span className="text-[12px] text-dim">
          {rows.length === all.length
            ? counted(all.length, 'exception')
            : `${formatCount(rows.length)} of ${formatCount(all.length)}`}
          {all.length >= exceptionsShown && ', the most that are listed'}
        </span>
        {exceptions.error && (
          <span role="alert" className="text-[12px] text-bad">
            ✕ {exceptions.error.message} Shown is the list of {formatTimeSeconds(exceptions.dataUpdatedAt, view)}.
          </span>
        )}
      </div>
      {rows.length > 0 ? (
        <QueueTable rows={rows} />
      ) : all.length > 0 ? (
        <PaneMessage
          title="No exception matches"
          action={{
            label: 'Show all',
            run: () => {
              setRule('');
              setText('');
              useScreen.setState({ area: null });
            },
          }}
        >
          {formatCount(all.length)} are outside the filter or the area.
        </PaneMessage>
      ) : state === 'open' ? (
        <PaneMessage title="Nothing waits for a decision">
          Every judged interval passed its rules, or was decided. Completed hours are judged some minutes after the
          hour.
        </PaneMessage>
      ) : (
        <PaneMessage title="Nothing has been decided yet">
          Decisions and what later data resolved are listed here.
        </PaneMessage>
      )}
    </>
  );
}

function matches(one: VeeException, rule: string, text: string, area: string | null): boolean {
  if (rule !== '' && one.rule !== rule) return false;
  if (area !== null && one.area_id !== area) return false;
  if (text === '') return true;
  const haystack = `${one.meter_id} ${one.feeder_id} ${one.feeder_name} ${one.owner ?? ''} ${words(one.state)} ${one.title}`;
  return haystack.toLowerCase().includes(text.trim().toLowerCase());
}
