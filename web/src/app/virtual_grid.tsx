import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';

export interface GridColumn<Row, Context> {
  key: string;
  /** width as a track of a CSS grid */
  track: string;
  head: ReactNode;
  sorted?: 'ascending' | 'descending' | 'none';
  right?: boolean;
  cell: (row: Row, context: Context) => ReactNode;
}

interface Props<Row, Context> {
  id?: string;
  label: string;
  columns: readonly GridColumn<Row, Context>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  selected: string | null;
  context: Context;
  /** CSS pixels below which the table scrolls sideways; 0: as wide as its place */
  minWidth: number;
  /** name of the data attribute that carries a row's key */
  dataName: string;
  dim?: (row: Row) => boolean;
  onChoose: (row: Row) => void;
  onOpen?: (row: Row) => void;
  onFocus?: () => void;
  /** j, k and arrows move to this row, where the list has the focus; without it keys are its page's */
  onStep?: (row: Row) => void;
}

const rowHeight = 28;
const headHeight = 24;

const steps: Record<string, number | undefined> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

/** A dense list however long it is: only what is in sight is in the page. */
export function VirtualGrid<Row, Context>(props: Props<Row, Context>) {
  const { columns, rows, keyOf, selected, context } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    // the head lies over the rows: a row scrolled to must not hide below it, nor below the foot
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    getItemKey: (index) => keyOf(rows[index]),
  });
  const at = selected === null ? -1 : rows.findIndex((row) => keyOf(row) === selected);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' });
  }, [at, virtual]);
  function key(event: KeyboardEvent) {
    const step = steps[event.key];
    if (!props.onStep || step === undefined || event.ctrlKey || event.metaKey || event.altKey || rows.length === 0)
      return;
    event.preventDefault();
    props.onStep(rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step))]);
  }
  const template = columns.map(({ track }) => track).join(' ');
  return (
    // biome-ignore lint/a11y/useSemanticElements: a virtual list cannot be a <table>; the grid roles say the same
    <div
      id={props.id}
      ref={scroller}
      role="grid"
      aria-label={props.label}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      className="min-h-0 flex-1 overflow-auto text-[12.5px]"
      onFocus={props.onFocus}
      onKeyDown={key}
    >
      <div style={{ minWidth: props.minWidth }}>
        {/* biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: grid of a virtual list */}
        <div
          role="row"
          aria-rowindex={1}
          style={{ gridTemplateColumns: template }}
          className="sticky top-0 z-10 grid h-6 items-center gap-x-2 border-b border-rule bg-pane px-2 text-[11px] text-dim"
        >
          {columns.map(({ key, head, right, sorted }) => (
            // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: grid of a virtual list
            <div
              key={key}
              role="columnheader"
              aria-sort={sorted}
              className={`whitespace-nowrap ${right ? 'text-right' : ''}`}
            >
              {head}
            </div>
          ))}
        </div>
        <div style={{ height: virtual.getTotalSize() }} className="relative">
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            const key = keyOf(row);
            const chosen = key === selected;
            return (
              // biome-ignore lint/a11y/useSemanticElements lint/a11y/useKeyWithClickEvents: keys are the page's: j, k, Enter
              <div
                key={key}
                role="row"
                tabIndex={-1}
                aria-rowindex={item.index + 2}
                aria-selected={chosen}
                {...{ [`data-${props.dataName}`]: key }}
                onClick={() => props.onChoose(row)}
                onDoubleClick={() => props.onOpen?.(row)}
                style={{ transform: `translateY(${item.start - headHeight}px)`, gridTemplateColumns: template }}
                className={`absolute inset-x-0 top-0 grid h-7 items-center gap-x-2 border-b border-rule/50 px-2 ${props.dim?.(row) ? 'text-dim' : ''} ${chosen ? 'bg-chosen shadow-[inset_3px_0_0_var(--accent)]' : 'hover:bg-hover'}`}
              >
                {columns.map((column) => (
                  // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: cells are reached by row
                  <div key={column.key} role="gridcell" className={`truncate ${column.right ? 'text-right' : ''}`}>
                    {column.cell(row, context)}
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
