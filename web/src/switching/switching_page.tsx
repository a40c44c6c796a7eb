import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Session } from '#model/api/common.ts';
import type { SwitchingOrder } from '#model/api/switching.ts';
import { DataAge, PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { formatDayTime, words } from '../lib/time/format.ts';
import { OrderView } from './order_view.tsx';
import { emptyDraft, StepsEditor } from './steps_editor.tsx';
import { getOrders, getTags } from './switching_api.ts';

const over = new Set(['done', 'aborted']);

/** Switching orders: what is written, checked, approved and carried out, and what hangs in the field. */
export function SwitchingPage({ session }: { session: Session }) {
  const orders = useQuery({
    queryKey: ['switching', 'orders'],
    queryFn: ({ signal }) => getOrders(signal),
    refetchInterval: 5000,
  });
  const selected = useScreen((screen) => (screen.selection?.kind === 'order' ? screen.selection.id : null));
  const [isNew, setIsNew] = useState(false);
  const area = useScreen((screen) => screen.area);
  const select = (id: number | null) => {
    setIsNew(false);
    useScreen.getState().select(id === null ? null : { kind: 'order', id: String(id) });
  };
  const all = orders.data?.filter((order) => area === null || order.area_id === null || order.area_id === area);
  const isWorking = isNew || selected !== null;
  return (
    <section aria-label="Switching" className="flex h-full min-h-0 flex-col bg-pane">
      <div className="flex shrink-0 flex-wrap items-center gap-3 border-b border-rule px-3 py-1.5">
        <h1 className="text-[15px] font-semibold">Switching</h1>
        <button
          type="button"
          className={`button ${isNew ? 'border-accent' : ''}`}
          onClick={() => {
            useScreen.getState().select(null);
            setIsNew(true);
          }}
        >
          New order or study
        </button>
        <span className="hidden text-[12px] text-dim sm:inline">
          Records what the field does. Nothing here operates equipment.
        </span>
        <span className="ml-auto text-[12px]">
          <DataAge
            at={orders.dataUpdatedAt ? new Date(orders.dataUpdatedAt).toISOString() : null}
            label="list of orders"
          />
        </span>
      </div>
      {orders.error && orders.data && (
        <p role="alert" className="border-b border-rule px-3 py-1 text-bad">
          ✕ {orders.error.message} Shown is what was last read.
        </p>
      )}
      <div className="flex min-h-0 flex-1">
        <div
          className={`min-h-0 w-full shrink-0 flex-col overflow-auto md:w-[330px] md:border-r-[5px] md:border-ground ${isWorking ? 'hidden md:flex' : 'flex'}`}
        >
          {orders.isPending ? (
            <PaneSkeleton rows={8} />
          ) : !all ? (
            <PaneMessage
              title="The orders could not be read"
              bad
              action={{ label: 'Try again', run: () => void orders.refetch() }}
            >
              {orders.error?.message}
            </PaneMessage>
          ) : all.length === 0 ? (
            <PaneMessage title="No switching order yet" action={{ label: 'Write one', run: () => setIsNew(true) }}>
              Or study steps without keeping them.
            </PaneMessage>
          ) : (
            <OrderList orders={all} selected={selected} select={select} />
          )}
          <Tags />
        </div>
        <div className={`min-h-0 min-w-0 flex-1 overflow-auto ${isWorking ? '' : 'hidden md:block'}`}>
          {isNew ? (
            <StepsEditor
              key="new"
              draft={emptyDraft}
              session={session}
              saved={(order) => select(order.id)}
              close={() => setIsNew(false)}
            />
          ) : selected !== null ? (
            <OrderView key={selected} id={selected} session={session} close={() => select(null)} />
          ) : (
            <PaneMessage title="No order is open">
              Choose one, or write a new one: its steps can be studied before anything is kept.
            </PaneMessage>
          )}
        </div>
      </div>
    </section>
  );
}

interface OrderListProps {
  orders: readonly SwitchingOrder[];
  selected: string | null;
  select: (id: number) => void;
}

function OrderList({ orders, selected, select }: OrderListProps) {
  const view = useTimeView();
  return (
    <ul aria-label="Orders">
      {orders.map((order) => {
        const done = order.steps.filter((step) => step.done_by !== null).length;
        const isStopped = order.steps.some((step) => step.stopped !== null && step.done_by === null);
        return (
          <li key={order.id}>
            <button
              type="button"
              data-row
              data-order={order.id}
              aria-pressed={String(order.id) === selected}
              onClick={() => select(order.id)}
              className={`w-full border-b border-rule px-3 py-1.5 text-left hover:bg-hover ${String(order.id) === selected ? 'bg-chosen' : ''} ${over.has(order.state) ? 'text-dim' : ''}`}
            >
              <span className="flex gap-2">
                <strong className="min-w-0 flex-1 truncate font-semibold">
                  {order.id} {order.title}
                </strong>
                <span>{words(order.state)}</span>
              </span>
              <span className="block text-[12px] text-dim">
                {done} of {order.steps.length} steps · {order.authors[0]} · {formatDayTime(order.updated_at, view)}
                {isStopped && <span className="text-bad"> · ▲ stopped</span>}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** What hangs in the field now, whoever hung it there. */
function Tags() {
  const tags = useQuery({
    queryKey: ['switching', 'tags'],
    queryFn: ({ signal }) => getTags(signal),
    refetchInterval: 10_000,
  });
  const view = useTimeView();
  return (
    <section aria-label="Tags and grounds" className="mt-auto border-t border-rule px-3 py-2">
      <h2 className="text-[11px] font-semibold tracking-[0.08em] text-dim uppercase">Tags and grounds in the field</h2>
      {tags.error && !tags.data ? (
        <p role="alert" className="text-bad">
          {tags.error.message}
        </p>
      ) : (tags.data ?? []).length === 0 ? (
        <p className="text-dim">{tags.isPending ? 'Reading…' : 'None.'}</p>
      ) : (
        <ul>
          {tags.data?.map((tag) => (
            <li key={`${tag.device_id} ${tag.kind} ${tag.order_id}`}>
              {tag.kind === 'ground' ? '⏚' : '▣'} {tag.kind} at {tag.device_id}{' '}
              <span className="text-dim">
                order {tag.order_id}, {tag.placed_by}, {formatDayTime(tag.placed_at, view)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
