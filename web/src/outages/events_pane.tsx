import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { Pane, PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { showDetailsOnPhone, useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { useLive } from '../lib/push/live_store.ts';
import { formatCount } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { useNetwork } from '../map/network_store.ts';
import { eventColumns } from './columns.tsx';
import type { Sort, SortKey } from './events.ts';
import { setSort, useSort, useVisibleEvents } from './visible_events.ts';

const rowHeight = 28;
const tableWidth = eventColumns.reduce((sum, column) => sum + column.width + 8, 12);
const template = eventColumns.map(({ width }) => `minmax(${width}px, ${width}fr)`).join(' ');

/** Every open event, dense; all of them, however many. */
export function EventsPane({ alone }: { alone: boolean }) {
  const rows = useVisibleEvents();
  const total = useLive((live) => live.outages.size);
  const known = useLive((live) => live.kpi !== null);
  const connection = useLive((live) => live.connection);
  const filter = useScreen((screen) => screen.filter);
  const area = useScreen((screen) => screen.area);
  const filtered = filter !== '' || area !== null;
  return (
    <Pane
      name="events"
      title="Events"
      alone={alone}
      summary={
        known ? (
          <span className="text-dim">
            {filtered ? `${formatCount(rows.length)} of ${formatCount(total)}` : formatCount(total)}
          </span>
        ) : null
      }
      tools={
        <input
          id="event-filter"
          type="search"
          value={filter}
          onChange={(event) => useScreen.setState({ filter: event.target.value })}
          placeholder="Filter  /"
          aria-label="Filter events"
          className="field min-h-[22px] w-28 py-0 text-[12px]"
        />
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
          <PaneMessage title="All customers have supply">
            Open outages are listed here the moment they are seen.
          </PaneMessage>
        )
      ) : (
        <EventTable rows={rows} />
      )}
    </Pane>
  );
}

function EventTable({ rows }: { rows: ReturnType<typeof useVisibleEvents> }) {
  const scroller = useRef<HTMLDivElement>(null);
  const now = useNow();
  const view = useTimeView();
  const selected = useScreen((screen) => (screen.selection?.kind === 'outage' ? screen.selection.id : null));
  const areas = useNetwork((network) => network.data?.meta.areas);
  const areaNames = useMemo(() => new Map(areas?.map(({ id, name }) => [id, name])), [areas]);
  const areaName = useCallback((id: string) => areaNames.get(id) ?? id, [areaNames]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    getItemKey: (index) => rows[index].id,
  });
  const selectedIndex = selected === null ? -1 : rows.findIndex(({ id }) => id === selected);
  useEffect(() => {
    if (selectedIndex >= 0) virtual.scrollToIndex(selectedIndex, { align: 'auto' });
  }, [selectedIndex, virtual]);
  const context = { now, view, areaName };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a virtual list cannot be a <table>; the grid roles say the same
    <div
      ref={scroller}
      role="grid"
      aria-label="Open events"
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      className="min-h-0 flex-1 overflow-auto text-[12.5px]"
      onFocus={() => useScreen.setState({ activeList: 'events' })}
    >
      <div style={{ minWidth: tableWidth }}>
        <Head />
        <div style={{ height: virtual.getTotalSize() }} className="relative">
          {virtual.getVirtualItems().map((item) => {
            const outage = rows[item.index];
            const chosen = outage.id === selected;
            return (
              // biome-ignore lint/a11y/useSemanticElements lint/a11y/useKeyWithClickEvents: keys are the screen's: j, k, Enter
              <div
                key={outage.id}
                role="row"
                tabIndex={-1}
                aria-rowindex={item.index + 2}
                aria-selected={chosen}
                data-outage={outage.id}
                onClick={() => {
                  useScreen.getState().select({ kind: 'outage', id: outage.id });
                  showDetailsOnPhone();
                }}
                onDoubleClick={() => useScreen.getState().select({ kind: 'outage', id: outage.id }, { details: true })}
                style={{ transform: `translateY(${item.start}px)`, gridTemplateColumns: template }}
                className={`absolute inset-x-0 top-0 grid h-7 items-center gap-x-2 border-b border-rule/50 px-2 ${outage.state === 'restored' ? 'text-dim' : ''} ${chosen ? 'bg-chosen shadow-[inset_3px_0_0_var(--accent)]' : 'hover:bg-hover'}`}
              >
                {eventColumns.map((column) => (
                  // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: cells are reached by row
                  <div key={column.key} role="gridcell" className={`truncate ${column.right ? 'text-right' : ''}`}>
                    {column.cell(outage, context)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Head() {
  const sort = useSort();
  return (
    // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: grid of a virtual list
    <div
      role="row"
      aria-rowindex={1}
      style={{ gridTemplateColumns: template }}
      className="sticky top-0 z-10 grid h-6 items-center gap-x-2 border-b border-rule bg-pane px-2 text-[11px] text-dim"
    >
      {eventColumns.map((column) => {
        const active = sort.key === column.key;
        return (
          // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: grid of a virtual list
          <div
            key={column.key}
            role="columnheader"
            aria-sort={active ? (sort.descending ? 'descending' : 'ascending') : 'none'}
            className={column.right ? 'text-right' : ''}
          >
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
          </div>
        );
      })}
    </div>
  );
}

const startsDescending: ReadonlySet<SortKey> = new Set(['customers', 'critical', 'evidence', 'start']);

function nextSort(sort: Sort, key: SortKey): Sort {
  return sort.key === key ? { key, descending: !sort.descending } : { key, descending: startsDescending.has(key) };
}
