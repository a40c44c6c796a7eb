import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef } from 'react';
import type { VeeException, VeeSeverity } from '#model/api/vee.ts';
import { phoneQuery, useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { ageSeconds, formatAge, formatDayTime, formatEtr, type TimeView, words } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';

const rowHeight = 28;
const mark: Record<VeeSeverity, { shape: string; color: string }> = {
  high: { shape: '▲', color: 'text-bad' },
  medium: { shape: '◆', color: 'text-warn' },
  low: { shape: '●', color: 'text-low' },
};

interface Column {
  head: string;
  width: string;
  right?: boolean;
  cell: (one: VeeException, context: { now: number; view: TimeView }) => ReactNode;
}

const columns: readonly Column[] = [
  { head: 'Severity', width: '78px', cell: (one) => <Severity severity={one.severity} /> },
  { head: 'Rule', width: '178px', cell: (one) => one.title },
  { head: 'Meter', width: '104px', cell: (one) => one.meter_id },
  { head: 'Feeder', width: '120px', cell: (one) => one.feeder_name ?? '—' },
  { head: 'From – to', width: '166px', cell: (one, { view }) => formatSpan(one, view) },
  { head: 'Evidence', width: 'minmax(240px, 1fr)', cell: (one) => <span title={one.evidence}>{one.evidence}</span> },
  { head: 'Owner', width: '80px', cell: (one) => one.owner ?? <span className="text-dim">—</span> },
  { head: 'Age', width: '64px', right: true, cell: (one, { now }) => formatAge(ageSeconds(one.opened_at, now)) },
  { head: 'State', width: '112px', cell: (one) => words(one.state) },
];
/** What fits on a phone; the details have the rest. */
const phoneColumns: readonly Column[] = [
  { ...columns[0], width: '70px' },
  { ...columns[1], width: '124px' },
  { ...columns[5], width: 'minmax(0, 1fr)' },
];

/** `Jul 4, 14:00 – 15:15` */
export function formatSpan({ from, to }: { from: string; to: string }, view: TimeView): string {
  return `${formatDayTime(from, view)} – ${formatEtr(to, Date.parse(from), view)}`;
}

export function Severity({ severity }: { severity: VeeSeverity }) {
  return (
    <span>
      <span aria-hidden="true" className={mark[severity].color}>
        {mark[severity].shape}
      </span>{' '}
      {severity}
    </span>
  );
}

/** The queue; only what is in sight is in the page. */
export function QueueTable({ rows }: { rows: readonly VeeException[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const now = useNow();
  const view = useTimeView();
  const selected = useScreen((screen) => (screen.selection?.kind === 'exception' ? screen.selection.id : null));
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    getItemKey: (index) => rows[index].id,
  });
  const at = selected === null ? -1 : rows.findIndex(({ id }) => id === selected);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' });
  }, [at, virtual]);
  const context = { now, view };
  const isPhone = matchMedia(phoneQuery).matches;
  const shown = isPhone ? phoneColumns : columns;
  const template = shown.map(({ width }) => width).join(' ');
  return (
    // biome-ignore lint/a11y/useSemanticElements: a virtual list cannot be a <table>; the grid roles say the same
    <div
      id="exceptions"
      ref={scroller}
      role="grid"
      aria-label="Exceptions"
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      className="min-h-0 flex-1 overflow-auto text-[12.5px]"
    >
      <div className={isPhone ? '' : 'min-w-[1180px]'}>
        {/* biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: grid of a virtual list */}
        <div
          role="row"
          aria-rowindex={1}
          style={{ gridTemplateColumns: template }}
          className="sticky top-0 z-10 grid h-6 items-center gap-x-2 border-b border-rule bg-pane px-3 text-[11px] text-dim"
        >
          {shown.map(({ head, right }) => (
            // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: grid of a virtual list
            <div key={head} role="columnheader" className={right ? 'text-right' : ''}>
              {head}
            </div>
          ))}
        </div>
        <div style={{ height: virtual.getTotalSize() }} className="relative">
          {virtual.getVirtualItems().map((item) => {
            const one = rows[item.index];
            const chosen = one.id === selected;
            return (
              // biome-ignore lint/a11y/useSemanticElements lint/a11y/useKeyWithClickEvents: keys are the page's: j, k, Enter
              <div
                key={one.id}
                role="row"
                tabIndex={-1}
                aria-rowindex={item.index + 2}
                aria-selected={chosen}
                data-exception={one.id}
                onClick={() => useScreen.getState().select({ kind: 'exception', id: one.id })}
                style={{ transform: `translateY(${item.start}px)`, gridTemplateColumns: template }}
                className={`absolute inset-x-0 top-0 grid h-7 items-center gap-x-2 border-b border-rule/50 px-3 ${chosen ? 'bg-chosen shadow-[inset_3px_0_0_var(--accent)]' : 'hover:bg-hover'}`}
              >
                {shown.map(({ head, right, cell }) => (
                  // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: cells are reached by row
                  <div key={head} role="gridcell" className={`truncate ${right ? 'text-right' : ''}`}>
                    {cell(one, context)}
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
