import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { TroubleCall } from '#model/api/calls.ts';
import type { Session } from '#model/api/common.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Problem } from '../app/facts.tsx';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { phoneQuery, useScreen } from '../app/screen_store.ts';
import { Tabs } from '../app/tabs.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { type GridColumn, VirtualGrid } from '../app/virtual_grid.tsx';
import { callsShown, getCalls, markCalledBack, placeCall, type CallList as Show } from '../lib/api/endpoints.ts';
import { ageSeconds, counted, formatAge, formatDayTime, type TimeView, words } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { mayOperate } from '../session/session_store.ts';

const tabs: { name: Show; label: string; empty: string; why: string }[] = [
  { name: 'newest', label: 'Newest', empty: 'Nobody has called yet', why: 'Calls are listed here as they are filed.' },
  {
    name: 'unplaced',
    label: 'Without a meter',
    empty: 'Every call has its meter',
    why: 'Calls whose place names no meter wait here until somebody says which it is.',
  },
  {
    name: 'callbacks',
    label: 'To call back',
    empty: 'Nobody waits for a call',
    why: 'Who asked for it is listed here once the power is back.',
  },
];

interface Context {
  now: number;
  view: TimeView;
}
const dash = <span className="text-dim">—</span>;
const columns: readonly GridColumn<TroubleCall, Context>[] = [
  { key: 'at', head: 'Called', track: '92px', cell: (one, { view }) => formatDayTime(one.called_at, view) },
  {
    key: 'age',
    head: 'Age',
    track: '52px',
    right: true,
    cell: (one, { now }) => formatAge(ageSeconds(one.called_at, now)),
  },
  { key: 'place', head: 'Meter or place', track: 'minmax(104px, 1.2fr)', cell: (one) => one.meter_id ?? one.place },
  { key: 'kind', head: 'Kind', track: '76px', cell: (one) => words(one.kind) },
  { key: 'words', head: 'In words', track: 'minmax(80px, 2fr)', cell: (one) => one.words || dash },
  {
    key: 'outage',
    head: 'Outage',
    track: '164px',
    cell: (one) => (one.outage_id ? `${one.outage_id} ${words(one.outage_state)}` : dash),
  },
  { key: 'callback', head: 'Call back', track: '84px', cell: (one) => one.callback ?? dash },
  { key: 'by', head: 'Taken by', track: '76px', cell: (one) => one.taken_by },
];
/** What fits on a phone. */
const phoneColumns = columns
  .filter(({ key }) => ['age', 'place', 'kind', 'outage'].includes(key))
  .map((column) => (column.key === 'outage' ? { ...column, track: 'minmax(0, 1.2fr)' } : column));
const keyOf = (call: TroubleCall): string => call.id;

export function CallList({ session, onMeter }: { session: Session; onMeter: (meter: string) => void }) {
  const [tab, setTab] = useState<Show>('newest');
  const [selected, setSelected] = useState<string | null>(null);
  const area = useScreen((screen) => screen.area);
  const now = useNow();
  const isPhone = matchMedia(phoneQuery).matches;
  const view = useTimeView();
  const calls = useQuery({
    queryKey: ['calls', 'list', tab],
    queryFn: ({ signal }) => getCalls(tab, signal),
    refetchInterval: 5000,
  });
  const rows = calls.data?.filter((call) => area === null || call.area_id === null || call.area_id === area);
  const { empty, why } = tabs.find(({ name }) => name === tab)!;
  const chosen = rows?.find((call) => call.id === selected);
  function choose(call: TroubleCall) {
    setSelected(call.id);
    if (call.meter_id) onMeter(call.meter_id);
  }
  return (
    <>
      <div className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-rule px-3 py-1.5">
        <Tabs
          label="Which calls"
          tabs={tabs}
          chosen={tab}
          choose={(name) => {
            setTab(name);
            setSelected(null);
          }}
        />
        {rows && (
          <span className="text-[12px] text-dim">
            {calls.data?.length === callsShown ? `the newest ${callsShown}` : counted(rows.length, 'call')}
          </span>
        )}
        {calls.error && calls.data && (
          <span role="alert" className="text-[12px] text-bad">
            ✕ {calls.error.message}
          </span>
        )}
      </div>
      {rows === undefined ? (
        calls.error ? (
          <PaneMessage
            title="The calls could not be read"
            bad
            action={{ label: 'Try again', run: () => void calls.refetch() }}
          >
            {calls.error.message}
          </PaneMessage>
        ) : (
          <PaneSkeleton rows={10} />
        )
      ) : rows.length === 0 ? (
        <PaneMessage title={empty}>{why}</PaneMessage>
      ) : (
        <VirtualGrid
          label="Trouble calls"
          dataName="call"
          columns={isPhone ? phoneColumns : columns}
          rows={rows}
          keyOf={keyOf}
          selected={selected}
          context={{ now, view }}
          minWidth={isPhone ? 0 : 820}
          onChoose={choose}
          onStep={choose}
        />
      )}
      {chosen && mayOperate(session) && <NextStep key={chosen.id} call={chosen} />}
    </>
  );
}

/** What is left to do with a call: say which meter it is, or that the caller was called back. */
function NextStep({ call }: { call: TroubleCall }) {
  const queries = useQueryClient();
  const mayEdit = useMayEdit();
  const done = { onSuccess: () => void queries.invalidateQueries({ queryKey: ['calls'] }) };
  const place = useMutation({ mutationFn: (meter: string) => placeCall(call.id, meter), ...done });
  const callBack = useMutation({ mutationFn: () => markCalledBack(call.id), ...done });
  const error = place.error ?? callBack.error;
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    place.mutate(String(new FormData(event.currentTarget).get('meter')).trim());
  }
  if (call.meter_id !== null && (call.callback === null || call.called_back_at !== null)) return null;
  return (
    <div className="shrink-0 border-t border-rule px-3 py-2">
      {call.meter_id === null ? (
        <form onSubmit={submit} className="flex flex-wrap items-end gap-2">
          <label className="grid gap-0.5 text-dim">
            Which meter is “{call.place}”?
            <input name="meter" required maxLength={128} className="field" autoComplete="off" />
          </label>
          <button type="submit" className="button button-primary" disabled={!mayEdit || place.isPending}>
            Place
          </button>
        </form>
      ) : (
        <button
          type="button"
          className="button button-primary"
          disabled={!mayEdit || callBack.isPending}
          onClick={() => callBack.mutate()}
        >
          Called back at {call.callback}
        </button>
      )}
      {error && <Problem error={error} />}
    </div>
  );
}
