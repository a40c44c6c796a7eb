import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type DragEvent, useState } from 'react';
import type { Session } from '#model/api/common.ts';
import type { Crew, CrewNeedRow, CrewProposal } from '#model/api/crews.ts';
import { useMayEdit } from '../app/banner.tsx';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { learnCrew } from '../lib/push/live_store.ts';
import { formatCount, formatTime, words } from '../lib/time/format.ts';
import { mayOperate } from '../session/session_store.ts';
import { crewDrag } from './crew_card.tsx';
import { assignCrew, getPlan } from './crews_api.ts';

interface Sent {
  crew: string;
  outage: string;
  revision: number;
}

/** Open work nobody is sent to, in its order, each with the plan's crew; a dragged crew may be dropped on any. */
export function PlanList({ session, crews }: { session: Session; crews: readonly Crew[] }) {
  const plan = useQuery({
    queryKey: ['crews', 'plan'],
    queryFn: ({ signal }) => getPlan(signal),
    refetchInterval: 10_000,
  });
  const client = useQueryClient();
  const area = useScreen((screen) => screen.area);
  const mayAct = useMayEdit() && mayOperate(session);
  const [said, setSaid] = useState<string[]>([]);
  const send = useMutation({
    mutationFn: async (orders: Sent[]) => {
      const failed: string[] = [];
      // one after another: each answer is known before the next crew is sent
      for (const { crew, outage, revision } of orders)
        await assignCrew(crew, { outage, revision }).then(learnCrew, (error: Error) =>
          failed.push(`${crew}: ${error.message}`),
        );
      return failed;
    },
    onSuccess: setSaid,
    onSettled: () => client.invalidateQueries({ queryKey: ['crews'] }),
  });
  const rows = (plan.data ?? []).filter((row) => area === null || row.area_id === area);
  const chosen = rows.flatMap((row) => (row.chosen ? [sentOf(row, row.chosen)] : []));
  const isBlocked = !mayAct || send.isPending;
  return (
    <>
      <div className="flex shrink-0 items-center gap-2 border-b border-rule px-3 py-1.5">
        <h2 className="text-[11px] font-semibold tracking-[0.08em] text-dim uppercase">Without a crew</h2>
        <span>{formatCount(rows.length)}</span>
        <button
          type="button"
          className="button ml-auto"
          disabled={isBlocked || chosen.length === 0}
          title="Sends every crew of the plan"
          onClick={() => send.mutate(chosen)}
        >
          {send.isPending ? 'Sending…' : `Accept the plan (${chosen.length})`}
        </button>
      </div>
      {said.length > 0 && (
        <div role="alert" className="border-b border-rule px-3 py-1.5 text-bad">
          {said.map((text) => (
            <p key={text}>✕ {text}</p>
          ))}
          <button type="button" className="button mt-1" onClick={() => setSaid([])}>
            Understood
          </button>
        </div>
      )}
      {plan.error && plan.data && (
        <p role="alert" className="border-b border-rule px-3 py-1 text-bad">
          ✕ {plan.error.message} Shown is the last plan.
        </p>
      )}
      {plan.isPending ? (
        <PaneSkeleton rows={8} />
      ) : !plan.data ? (
        <PaneMessage
          title="The plan could not be read"
          bad
          action={{ label: 'Try again', run: () => void plan.refetch() }}
        >
          {plan.error?.message}
        </PaneMessage>
      ) : rows.length === 0 ? (
        <PaneMessage title="Every open outage has a crew">New ones appear here in their order of work.</PaneMessage>
      ) : (
        <ol className="min-h-0 flex-1 overflow-auto">
          {rows.map((row) => (
            <PlanRow
              key={`${row.outage_id} ${row.need}`}
              row={row}
              isBlocked={isBlocked}
              send={(proposal) => send.mutate([sentOf(row, proposal)])}
              drop={(crewId) => {
                const crew = crews.find((one) => one.id === crewId);
                if (crew) send.mutate([{ crew: crew.id, outage: row.outage_id, revision: crew.revision }]);
              }}
            />
          ))}
        </ol>
      )}
    </>
  );
}

const sentOf = (row: CrewNeedRow, proposal: CrewProposal): Sent => ({
  crew: proposal.crew_id,
  outage: row.outage_id,
  revision: proposal.crew_revision,
});

interface RowProps {
  row: CrewNeedRow;
  isBlocked: boolean;
  send: (proposal: CrewProposal) => void;
  drop: (crewId: string) => void;
}

function PlanRow({ row, isBlocked, send, drop }: RowProps) {
  const [isOver, setIsOver] = useState(false);
  const [isOpen, setIsOpen] = useState(false);
  const view = useTimeView();
  const takes = (event: DragEvent): boolean => !isBlocked && event.dataTransfer.types.includes(crewDrag);
  return (
    <li
      data-work={row.outage_id}
      onDragOver={(event) => {
        if (!takes(event)) return;
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        setIsOver(false);
        if (!takes(event)) return;
        event.preventDefault();
        drop(event.dataTransfer.getData(crewDrag));
      }}
      className={`border-b border-rule px-3 py-1.5 ${isOver ? 'bg-chosen' : ''}`}
    >
      <div className="flex items-baseline gap-2">
        <span className="text-dim">{row.priority}</span>
        <button
          type="button"
          data-row
          className="font-semibold hover:underline"
          title="Show it in the operations screen"
          onClick={() => {
            useScreen.getState().select({ kind: 'outage', id: row.outage_id }, { details: true });
            useScreen.setState({ page: 'center' });
          }}
        >
          {row.outage_id}
        </button>
        <span className="ml-auto whitespace-nowrap">
          {row.critical_out > 0 && <span className="font-semibold text-bad">▲ {row.critical_out} critical </span>}
          {formatCount(row.customers_out)} out
        </span>
      </div>
      <p className="text-[12px] text-dim">
        {row.need} · {words(row.device_kind)} {row.device_id} · {row.why}
      </p>
      {row.chosen ? (
        <div className="mt-1 flex items-center gap-2">
          <span className="min-w-0 flex-1">
            <strong className="font-semibold">{row.chosen.crew_id}</strong>{' '}
            <span className="text-dim">
              there {formatTime(row.chosen.arrives_at, view)}, done about {formatTime(row.chosen.done_at, view)}
            </span>
          </span>
          <button type="button" className="button" disabled={isBlocked} onClick={() => row.chosen && send(row.chosen)}>
            Accept
          </button>
        </div>
      ) : (
        <p className="mt-1 text-warn">▲ {row.none}</p>
      )}
      <button
        type="button"
        aria-expanded={isOpen}
        className="text-[12px] text-dim hover:text-ink"
        onClick={() => setIsOpen(!isOpen)}
      >
        {isOpen ? '▾' : '▸'} why
        {row.others.length > 0 && `, and ${row.others.length} other${row.others.length > 1 ? 's' : ''}`}
      </button>
      {isOpen && (
        <ul className="mt-1 grid gap-1 text-[12px]">
          {[...(row.chosen ? [row.chosen] : []), ...row.others].map((one) => (
            <li key={one.crew_id} className="flex items-start gap-2">
              <span className="min-w-0 flex-1">
                <strong className="font-semibold">{one.crew_id}</strong>{' '}
                <span className="text-dim">{one.reasons.join(' · ')}</span>
              </span>
              {one !== row.chosen && (
                <button type="button" className="button" disabled={isBlocked} onClick={() => send(one)}>
                  Send
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
