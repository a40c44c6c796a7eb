import { useMemo } from 'react';
import type { Outage } from '#model/api/outages.ts';
import { hasCustomersOut } from '#model/outage_state.ts';
import { Pane, PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { phoneQuery, showDetailsOnPhone, useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { type GridColumn, VirtualGrid } from '../app/virtual_grid.tsx';
import { useLive } from '../lib/push/live_store.ts';
import { formatCount } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { useAreaName } from '../map/network_store.ts';
import { type CellContext, type EventColumn, eventColumns } from './columns.tsx';
import type { Sort, SortKey } from './events.ts';
import { PlannedButton } from './planned_list.tsx';
import { setSort, useSort, useVisibleEvents } from './visible_events.ts';

/** What fits on a phone; the details have the rest. */
const phoneTracks: Partial<Record<SortKey, string>> = {
  priority: '28px',
  state: '22px',
  device: 'minmax(0, 1fr)',
  customers: '38px',
  etr90: '60px',
  crew: '50px',
};
const phoneColumns = eventColumns.filter(({ key }) => key in phoneTracks);
const tableWidth = eventColumns.reduce((sum, column) => sum + column.width + 8, 12);

/** Every open event, dense; all of them, however many. */
export function EventsPane({ alone }: { alone: boolean }) {
  const rows = useVisibleEvents();
  const total = useLive((live) => live.outages.size);
  const known = useLive((live) => live.kpi !== null);
  const connection = useLive((live) => live.connection);
  const filter = useScreen((screen) => screen.filter);
  const area = useScreen((screen) => screen.area);
  const over = useMemo(() => rows.filter(isOver).length, [rows]);
  const filtered = filter !== '' || area !== null;
  return (
    <Pane
      name="events"
      title="Events"
      alone={alone}
      summary={
        known ? (
          <span className="text-dim">
            {filtered ? `${formatCount(rows.length)} of ${formatCount(total)}` : `${formatCount(total - over)} open`}
            {!filtered && over > 0 && `, ${formatCount(over)} restored`}
          </span>
        ) : null
      }
      tools={
        <>
          <PlannedButton />
          <input
            id="event-filter"
            type="search"
            value={filter}
            onChange={(event) => useScreen.setState({ filter: event.target.value })}
            placeholder="Filter  /"
            aria-label="Filter events"
            className="field min-h-[22px] w-28 py-0 text-[12px]"
          />
        </>
      }
    >
      {!known ? (
        connection === 'lost' ? (
          <PaneMessage title="No connection" bad>
            Events appear when the server answers.
          </PaneMessage>
        ) : (
          <PaneSkeleton />
        )
      ) : rows.length === 0 ? (
        total > 0 ? (
          <PaneMessage
            title="No event matches"
            action={{ label: 'Show all', run: () => useScreen.setState({ filter: '', area: null }) }}
          >
            {formatCount(total)} open events are outside the filter or the area.
          </PaneMessage>
        ) : (
          <PaneMessage title="No open outage">Events are listed here the moment they are seen.</PaneMessage>
        )
      ) : (
        <EventTable rows={rows} />
      )}
    </Pane>
  );
}

function EventTable({ rows }: { rows: ReturnType<typeof useVisibleEvents> }) {
  const now = useNow();
  const view = useTimeView();
  const sort = useSort();
  const selected = useScreen((screen) => (screen.selection?.kind === 'outage' ? screen.selection.id : null));
  const areaName = useAreaName();
  const isPhone = matchMedia(phoneQuery).matches;
  const columns = useMemo(
    () =>
      isPhone
        ? phoneColumns.map((column) => ({ ...gridColumn(column, sort), track: phoneTracks[column.key]! }))
        : eventColumns.map((column) => gridColumn(column, sort)),
    [isPhone, sort],
  );
  return (
    <VirtualGrid
      label="Open events"
      dataName="outage"
      columns={columns}
      rows={rows}
      keyOf={keyOf}
      selected={selected}
      context={{ now, view, areaName }}
      minWidth={isPhone ? 0 : tableWidth}
      dim={isOver}
      onChoose={(outage) => {
        useScreen.getState().select({ kind: 'outage', id: outage.id });
        showDetailsOnPhone();
      }}
      onOpen={(outage) => useScreen.getState().select({ kind: 'outage', id: outage.id }, { details: true })}
      onFocus={markEventsActive}
    />
  );
}

const keyOf = (outage: Outage): string => outage.id;
const isOver = (outage: Outage): boolean => !hasCustomersOut(outage.state);
const markEventsActive = (): void => useScreen.setState({ activeList: 'events' });

function gridColumn(column: EventColumn, sort: Sort): GridColumn<Outage, CellContext> {
  const active = sort.key === column.key;
  return {
    key: column.key,
    track: `minmax(${column.width}px, ${column.width}fr)`,
    right: column.right,
    sorted: active ? (sort.descending ? 'descending' : 'ascending') : 'none',
    cell: column.cell,
    head: (
      <button
        type="button"
        tabIndex={-1}
        title={column.title}
        onClick={() => setSort(nextSort(sort, column.key))}
        className={`whitespace-nowrap hover:text-ink ${active ? 'font-semibold text-ink' : ''}`}
      >
        {column.head}
        {active && <span aria-hidden="true">{sort.descending ? ' ↓' : ' ↑'}</span>}
      </button>
    ),
  };
}

const startsDescending: ReadonlySet<SortKey> = new Set(['customers', 'critical', 'evidence', 'start']);

function nextSort(sort: Sort, key: SortKey): Sort {
  return sort.key === key ? { key, descending: !sort.descending } : { key, descending: startsDescending.has(key) };
}
