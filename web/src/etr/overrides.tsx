import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Session } from '#model/api/common.ts';
import type { EtrOverride, EtrOverrideEntry } from '#model/api/etr.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Problem } from '../app/facts.tsx';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { ReasonField } from '../app/reason_field.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { useLive } from '../lib/push/live_store.ts';
import { formatCount, formatDayTime, zoneName } from '../lib/time/format.ts';
import { momentOf, wallOf } from '../lib/time/wall_clock.ts';
import { Cell, SectionHead, Table } from '../pipeline/table.tsx';
import { mayOperate } from '../session/session_store.ts';
import { addEtrOverride, endEtrOverride, getEtrOverrides } from './etr_api.ts';

const key = ['etr-overrides'];

/** Times and delays of zones; a crew's or an operator's time for one outage stands before them. */
export function Overrides({ session }: { session: Session }) {
  const overrides = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => getEtrOverrides(signal),
    refetchInterval: 15_000,
  });
  if (overrides.isPending) return <PaneSkeleton rows={6} />;
  if (!overrides.data)
    return (
      <PaneMessage
        bad
        title="The overrides could not be read"
        action={{ label: 'Try again', run: () => void overrides.refetch() }}
      >
        {overrides.error?.message}
      </PaneMessage>
    );
  return (
    <div className="mx-auto max-w-[1100px] px-3 py-3">
      <SectionHead title="Standing overrides">
        {overrides.data.length === 0 && 'None: every time is computed, or given by a person for its outage.'}
      </SectionHead>
      {overrides.data.length > 0 && <List overrides={overrides.data} mayOperate={mayOperate(session)} />}
      {mayOperate(session) ? <NewOverride /> : <p className="mt-4 text-dim">New ones need the operator role.</p>}
    </div>
  );
}

function tierOf({ least_customers, most_customers }: EtrOverride): string {
  if (most_customers !== null) return `${formatCount(least_customers)} to ${formatCount(most_customers)}`;
  return least_customers > 0 ? `${formatCount(least_customers)} or more` : 'all';
}

function List({ overrides, mayOperate: may }: { overrides: readonly EtrOverride[]; mayOperate: boolean }) {
  const view = useTimeView();
  const mayEdit = useMayEdit();
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: endEtrOverride,
    onSettled: () => queries.invalidateQueries({ queryKey: key }),
  });
  return (
    <>
      <Table
        label="Standing overrides"
        heads={[
          { name: 'Zone', left: true },
          { name: 'Says', left: true },
          { name: 'Customers affected' },
          { name: 'Outages now' },
          { name: 'Until' },
          { name: 'By', left: true },
          { name: '', left: true },
        ]}
      >
        {overrides.map((one) => (
          <tr key={one.override_id} className="border-t border-rule">
            <Cell left>{one.zone}</Cell>
            <Cell left>
              {one.kind === 'time'
                ? `restored ${formatDayTime(one.restored_at, view)}`
                : `${formatCount(one.delay_minutes)} min later`}
            </Cell>
            <Cell>{tierOf(one)}</Cell>
            <Cell>{formatCount(one.outages)}</Cell>
            <Cell>{formatDayTime(one.expires_at, view)}</Cell>
            <Cell left>
              {one.author}: {one.reason}
            </Cell>
            <Cell left>
              <button
                type="button"
                className="button my-0.5"
                disabled={!may || !mayEdit || end.isPending}
                onClick={() => end.mutate(one.override_id)}
              >
                End
              </button>
            </Cell>
          </tr>
        ))}
      </Table>
      {end.error && <Problem error={end.error} />}
    </>
  );
}

function NewOverride() {
  const view = useTimeView();
  const zone = view.utc ? 'UTC' : view.zone;
  const mayEdit = useMayEdit();
  const queries = useQueryClient();
  const outages = useLive((live) => live.outages);
  const [kind, setKind] = useState<'time' | 'delay'>('delay');
  const zones = [
    ...new Set([...outages.values()].flatMap((one) => [one.area_id, one.substation_id, one.feeder_id])),
  ].sort();
  const add = useMutation({
    mutationFn: (entry: EtrOverrideEntry) => addEtrOverride(entry),
    onSuccess: () => queries.invalidateQueries({ queryKey: key }),
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    const text = (name: string): string => String(fields.get(name) ?? '').trim();
    const number = (name: string): number | undefined => (text(name) === '' ? undefined : Number(text(name)));
    const at = (name: string): string | undefined => {
      const ms = momentOf(text(name), zone);
      return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
    };
    add.mutate(
      {
        zone: text('zone'),
        kind,
        ...(kind === 'time' ? { restored_at: at('restored') } : { delay_minutes: number('delay') }),
        least_customers: number('least'),
        most_customers: number('most'),
        expires_at: at('expires') ?? '',
        reason: text('reason'),
      },
      { onSuccess: () => form.reset() },
    );
  }
  const later = (hours: number): string => wallOf(Math.ceil(Date.now() / 900_000) * 900_000 + hours * 3_600_000, zone);
  return (
    <form aria-label="New override" className="mt-6 max-w-[560px] border border-rule p-3" onSubmit={submit}>
      <h2 className="mb-2 font-semibold">New override</h2>
      <div className="grid gap-2 sm:grid-cols-2">
        <label className="grid gap-0.5 text-dim">
          Area, substation or feeder
          <input name="zone" required className="field" list="etr-zones" autoComplete="off" />
          <datalist id="etr-zones">
            {zones.map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </label>
        <label className="grid gap-0.5 text-dim">
          What it says
          <select
            className="field"
            value={kind}
            onChange={(event) => setKind(event.target.value === 'time' ? 'time' : 'delay')}
          >
            <option value="delay">all times later by</option>
            <option value="time">restored by</option>
          </select>
        </label>
        {kind === 'delay' ? (
          <label className="grid gap-0.5 text-dim">
            Minutes later
            <input name="delay" type="number" min={1} max={10_080} required className="field" defaultValue={60} />
          </label>
        ) : (
          <label className="grid gap-0.5 text-dim">
            Restored by ({zoneName(Date.now(), view)})
            <input name="restored" type="datetime-local" required className="field" defaultValue={later(6)} />
          </label>
        )}
        <label className="grid gap-0.5 text-dim">
          Expires ({zoneName(Date.now(), view)})
          <input name="expires" type="datetime-local" required className="field" defaultValue={later(12)} />
        </label>
        <label className="grid gap-0.5 text-dim">
          Customers affected, from
          <input name="least" type="number" min={0} className="field" placeholder="0" />
        </label>
        <label className="grid gap-0.5 text-dim">
          to
          <input name="most" type="number" min={0} className="field" placeholder="no limit" />
        </label>
        <div className="sm:col-span-2">
          <ReasonField required />
        </div>
      </div>
      {add.error && <Problem error={add.error} />}
      <button type="submit" className="button button-primary mt-3" disabled={!mayEdit || add.isPending}>
        Set override
      </button>
    </form>
  );
}
