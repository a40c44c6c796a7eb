import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { PlannedOutage } from '#model/api/planned.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Problem } from '../app/facts.tsx';
import { Modal } from '../app/modal.tsx';
import { PaneSkeleton } from '../app/pane.tsx';
import { ReasonField } from '../app/reason_field.tsx';
import { useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { addPlanned, getPlanned, withdrawPlanned } from '../lib/api/endpoints.ts';
import { counted, formatCount, formatDayTime, words, zoneName } from '../lib/time/format.ts';
import { momentOf, wallOf } from '../lib/time/wall_clock.ts';
import { mayOperate, useSession } from '../session/session_store.ts';

const usePlanned = () =>
  useQuery({ queryKey: ['planned'], queryFn: ({ signal }) => getPlanned(signal), refetchInterval: 30_000 });

/** In the head of the events: how much is switched off on purpose; opens the list. */
export function PlannedButton() {
  const [open, setOpen] = useState(false);
  const planned = usePlanned();
  const area = useScreen((screen) => screen.area);
  const lasting = planned.data?.filter(
    (one) => one.state === 'lasting' && (area === null || one.area_id === area),
  ).length;
  return (
    <>
      <button
        type="button"
        className="whitespace-nowrap text-dim hover:text-ink"
        title="Planned work: its meters raise no event while it lasts"
        onClick={() => setOpen(true)}
      >
        Planned{lasting ? ` ${formatCount(lasting)}` : ''}
      </button>
      {open && (
        <Modal title="Planned work" onClose={() => setOpen(false)}>
          <PlannedList />
        </Modal>
      )}
    </>
  );
}

function PlannedList() {
  const planned = usePlanned();
  const view = useTimeView();
  const operator = useSession(({ now }) => now.state === 'in' && mayOperate(now.session));
  if (!planned.data) return planned.error ? <Problem error={planned.error} /> : <PaneSkeleton rows={4} />;
  return (
    <div className="max-h-[70vh] overflow-auto">
      {planned.data.length === 0 && <p className="px-4 pt-3 text-dim">Nothing is planned.</p>}
      <ul>
        {planned.data.map((one) => (
          <li key={one.id} className="flex items-start justify-between gap-3 border-b border-rule/50 px-4 py-1.5">
            <div className={one.state === 'ended' || one.state === 'withdrawn' ? 'text-dim' : ''}>
              <strong className="font-medium">
                {one.device_id ?? one.first_meter_ids.slice(0, 3).join(', ')}
                {one.device_id === null && one.customers > 3 && ' …'}
              </strong>{' '}
              {counted(one.customers, 'customer')}
              {one.critical > 0 && <span className="text-bad"> · ▲ {formatCount(one.critical)} critical</span>}
              <div className="text-dim">
                {words(one.state)}
                {one.withdrawn_by && ` by ${one.withdrawn_by}`} · {formatDayTime(one.from, view)} –{' '}
                {formatDayTime(one.to, view)} · {one.reason} · {one.author}
              </div>
            </div>
            {operator && (one.state === 'future' || one.state === 'lasting') && <Withdraw planned={one} />}
          </li>
        ))}
      </ul>
      {operator && <NewPlanned />}
    </div>
  );
}

function Withdraw({ planned }: { planned: PlannedOutage }) {
  const queries = useQueryClient();
  const mayEdit = useMayEdit();
  const [sure, setSure] = useState(false);
  const withdraw = useMutation({
    mutationFn: () => withdrawPlanned(planned.id),
    onSettled: () => void queries.invalidateQueries({ queryKey: ['planned'] }),
  });
  return (
    <button
      type="button"
      className="button shrink-0"
      disabled={!mayEdit || withdraw.isPending}
      onClick={() => (sure ? withdraw.mutate() : setSure(true))}
    >
      {sure ? `Withdraw ${planned.id}: sure?` : 'Withdraw'}
    </button>
  );
}

function NewPlanned() {
  const queries = useQueryClient();
  const mayEdit = useMayEdit();
  const view = useTimeView();
  const zone = view.utc ? 'UTC' : view.zone;
  const selected = useScreen((screen) => (screen.selection?.kind === 'asset' ? screen.selection.id : ''));
  const add = useMutation({
    mutationFn: addPlanned,
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['planned'] }),
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const text = (name: string) => String(fields.get(name) ?? '').trim();
    add.mutate({
      device_id: text('device_id'),
      from: new Date(momentOf(text('from'), zone)).toISOString(),
      to: new Date(momentOf(text('to'), zone)).toISOString(),
      reason: text('reason'),
    });
  }
  const hour = 3_600_000;
  const [nextHour] = useState(() => Math.ceil(Date.now() / hour) * hour);
  return (
    <form onSubmit={submit} className="grid gap-2 px-4 py-3">
      <h3 className="font-medium">Enter a window</h3>
      <label className="grid min-w-0 gap-0.5 text-dim">
        Device
        <input name="device_id" required defaultValue={selected} className="field" autoComplete="off" />
      </label>
      <div className="grid gap-2">
        <label className="grid min-w-0 gap-0.5 text-dim">
          From ({zoneName(nextHour, view)})
          <input type="datetime-local" name="from" required defaultValue={wallOf(nextHour, zone)} className="field" />
        </label>
        <label className="grid min-w-0 gap-0.5 text-dim">
          To
          <input
            type="datetime-local"
            name="to"
            required
            defaultValue={wallOf(nextHour + 4 * hour, zone)}
            className="field"
          />
        </label>
      </div>
      <ReasonField required />
      {add.error && <Problem error={add.error} />}
      <button type="submit" className="button button-primary justify-self-start" disabled={!mayEdit || add.isPending}>
        {add.isPending ? 'Sending…' : 'Enter the window'}
      </button>
      {add.data && (
        <p role="status">
          Entered as {add.data.id}: {counted(add.data.customers, 'customer')}.
        </p>
      )}
    </form>
  );
}
