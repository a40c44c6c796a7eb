import { useQuery } from '@tanstack/react-query';
import { Fragment, useState } from 'react';
import type { Interruption, ReliabilityIndices } from '#model/api/reliability.ts';
import { PaneSkeleton } from '../app/pane.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import {
  type Counted,
  type Days,
  getInterruption,
  getInterruptionEvents,
  getInterruptionMeters,
  getInterruptions,
  type Place,
} from '../lib/api/reliability.ts';
import {
  formatCount,
  formatDayTime,
  formatNumber,
  formatTimeSeconds,
  type TimeView,
  words,
} from '../lib/time/format.ts';
import { Cell, Table } from '../pipeline/table.tsx';

const listed = 100;
const metersListed = 200;
/** Divisions of the same whole number may differ in their last bit. */
const tolerance = 1e-6;

/** `Nov 25, 18:23:04`: steps and messages are seconds apart. */
const toSecond = (moment: string, view: TimeView): string =>
  `${formatDayTime(moment, view).split(', ')[0]}, ${formatTimeSeconds(moment, view)}`;
/** A period may be years long: the year stands with the day. */
const yearOf = (moment: string, { utc, zone }: TimeView): string =>
  new Intl.DateTimeFormat('en-US', { timeZone: utc ? 'UTC' : zone, year: 'numeric' }).format(Date.parse(moment));
const minutes = (value: number): string => formatNumber(value, 2);

/** Does the sum of what is below equal what stands above? Said in words, red where it does not. */
function SumLine({ name, sum, whole, wholeName }: { name: string; sum: number; whole: number; wholeName: string }) {
  const isEqual = Math.abs(sum - whole) <= tolerance * Math.max(1, Math.abs(whole));
  return (
    <p className={`my-1.5 text-[12px] ${isEqual ? 'text-dim' : 'text-bad'}`} role={isEqual ? undefined : 'alert'}>
      {isEqual ? '=' : '✕'} {name}: <strong className="text-ink">{minutes(sum)}</strong> customer-minutes{' '}
      {isEqual ? `= ${wholeName}` : `but ${wholeName} is ${minutes(whole)}`}
    </p>
  );
}

/** The interruptions an index is made of; each opens into its steps, meters and messages. */
export function Drill({
  days,
  place,
  placeName,
  index,
  basis,
}: {
  days: Days;
  place: Place;
  placeName: string;
  index: Record<Counted, ReliabilityIndices> & { open: number };
  basis: Counted;
}) {
  const [opened, setOpened] = useState<string | null>(null);
  const view = useTimeView();
  const list = useQuery({
    queryKey: ['reliability', 'interruptions', days, place, basis],
    queryFn: ({ signal }) => getInterruptions(days, place, basis, listed, signal),
    refetchInterval: 60_000,
  });
  if (list.isPending) return <PaneSkeleton rows={6} />;
  if (!list.data)
    return (
      <p role="alert" className="text-bad">
        ✕ {list.error.message}
      </p>
    );
  const rows = list.data;
  if (rows.length === 0)
    return (
      <p className="text-dim">
        No {basis === 'planned' ? 'planned' : 'unplanned'} interruption of {placeName} in the period.
      </p>
    );
  const whole = index[basis];
  const sum = rows.reduce((total, one) => total + one.customer_minutes, 0);
  return (
    <>
      {/* open ones grow between two answers: their sum is told, not compared */}
      {index.open > 0 ? (
        <p className="my-1.5 text-[12px] text-dim">
          {minutes(sum)} customer-minutes, of which {formatCount(index.open)}{' '}
          {index.open === 1 ? 'interruption still grows' : 'interruptions still grow'}.
        </p>
      ) : (
        <SumLine
          name="Sum of the interruptions"
          sum={sum}
          whole={whole.customer_minutes}
          wholeName={`the index of ${placeName}`}
        />
      )}
      <Table
        label="Interruptions"
        heads={[
          { name: 'Interruption', left: true },
          { name: 'Began', left: true },
          { name: 'Ended', left: true },
          { name: 'Feeder', left: true },
          { name: 'Device', left: true },
          { name: 'Cause', left: true },
          { name: 'Customers', title: 'with a sustained interruption' },
          { name: 'Customer-minutes' },
        ]}
      >
        {rows.map((one) => (
          <Fragment key={one.id ?? 'rest'}>
            <InterruptionRow
              one={one}
              isOpen={opened === one.id && one.id !== null}
              onToggle={() => setOpened(opened === one.id ? null : one.id)}
              at={(moment) => (moment === null ? '—' : `${yearOf(moment, view)} ${formatDayTime(moment, view)}`)}
            />
            {opened === one.id && one.id !== null && (
              <tr>
                <td colSpan={8} className="border-l-2 border-accent bg-ground/40 px-3 py-2 whitespace-normal">
                  <Steps interruption={one} />
                </td>
              </tr>
            )}
          </Fragment>
        ))}
      </Table>
    </>
  );
}

function InterruptionRow({
  one,
  isOpen,
  onToggle,
  at,
}: {
  one: Interruption;
  isOpen: boolean;
  onToggle: () => void;
  at: (moment: string | null) => string;
}) {
  if (one.id === null)
    return (
      <tr className="text-dim">
        <td colSpan={6} className="text-left">
          {formatCount(one.interruptions)} smaller interruptions
        </td>
        <Cell>{formatCount(one.customers_interrupted)}</Cell>
        <Cell>{minutes(one.customer_minutes)}</Cell>
      </tr>
    );
  const mark = `${one.is_major ? ' · major event day' : ''}${one.origin === 'history' ? ' · declared' : ''}${one.continues ? ` · continues ${one.continues}` : ''}`;
  return (
    <tr className={isOpen ? 'bg-chosen' : 'hover:bg-hover'}>
      <td className="px-2 text-left">
        <button type="button" className="hover:underline" aria-expanded={isOpen} onClick={onToggle}>
          <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span> {one.origin === 'history' ? one.id.slice(0, 10) : one.id}
        </button>
        <span className="text-[11px] text-dim">{mark}</span>
      </td>
      <Cell left>{at(one.started_at)}</Cell>
      <Cell left>{one.is_open ? <span className="text-warn">▲ open, to now</span> : at(one.ended_at)}</Cell>
      <Cell left>{one.feeder_name ?? '—'}</Cell>
      <Cell left>{one.device ?? '—'}</Cell>
      <Cell left>{one.cause ?? <span className="text-dim">not known</span>}</Cell>
      <Cell>
        {one.momentary_customers > 0 && (
          <span className="mr-2 text-[11px] text-dim">{formatCount(one.momentary_customers)} momentary</span>
        )}
        {formatCount(one.customers_interrupted)}
      </Cell>
      <Cell>{minutes(one.customer_minutes)}</Cell>
    </tr>
  );
}

function Steps({ interruption }: { interruption: Interruption }) {
  const id = interruption.id!;
  const view = useTimeView();
  const [withMeters, setWithMeters] = useState(false);
  const detail = useQuery({
    queryKey: ['reliability', 'interruption', id],
    queryFn: ({ signal }) => getInterruption(id, signal),
  });
  if (detail.isPending) return <PaneSkeleton rows={3} />;
  if (!detail.data) return <p className="text-bad">✕ {detail.error.message}</p>;
  const { steps, source } = detail.data;
  const whole = detail.data.interruption.customer_minutes;
  return (
    <>
      <h4 className="text-[12px] font-medium">Steps</h4>
      <SumLine
        name="Sum of the steps"
        sum={steps.reduce((sum, step) => sum + step.customer_minutes, 0)}
        whole={whole}
        wholeName="the interruption"
      />
      <Table
        label={`Steps of ${id}`}
        heads={[
          { name: 'Step', left: true },
          { name: 'From', left: true },
          { name: 'To', left: true },
          { name: 'Customers out' },
          { name: 'of them sustained', title: 'out for more than five minutes in all' },
          { name: 'Customer-minutes', title: 'of the sustained ones' },
        ]}
      >
        {steps.map((step) => (
          <tr key={step.step}>
            <Cell left>{step.step}</Cell>
            <Cell left>{toSecond(step.from, view)}</Cell>
            <Cell left>{step.lasts ? 'lasts, to now' : toSecond(step.to, view)}</Cell>
            <Cell>{formatCount(step.customers_out)}</Cell>
            <Cell>{formatCount(step.sustained_customers)}</Cell>
            <Cell>{minutes(step.customer_minutes)}</Cell>
          </tr>
        ))}
      </Table>
      {source !== null ? (
        <p className="mt-2 text-dim">Declared history ({source}): no meter has a record of it.</p>
      ) : withMeters ? (
        <Meters
          id={id}
          whole={whole}
          isOpen={detail.data.interruption.is_open}
          isPlanned={detail.data.interruption.origin === 'planned'}
        />
      ) : (
        <button type="button" className="button mt-2" onClick={() => setWithMeters(true)}>
          Show the meters
        </button>
      )}
    </>
  );
}

function Meters({ id, whole, isOpen, isPlanned }: { id: string; whole: number; isOpen: boolean; isPlanned: boolean }) {
  const [meter, setMeter] = useState<string | null>(null);
  const view = useTimeView();
  const found = useQuery({
    queryKey: ['reliability', 'meters', id],
    queryFn: ({ signal }) => getInterruptionMeters(id, metersListed, signal),
  });
  if (found.isPending) return <PaneSkeleton rows={4} />;
  if (!found.data) return <p className="text-bad">✕ {found.error.message}</p>;
  const { meters, customer_minutes, measured_minutes, left_out } = found.data;
  return (
    <>
      <h4 className="mt-3 text-[12px] font-medium">Meters</h4>
      {isOpen ? (
        <p className="my-1.5 text-[12px] text-dim">{minutes(customer_minutes)} customer-minutes, still growing.</p>
      ) : (
        <SumLine name="Sum of the meters" sum={customer_minutes} whole={whole} wholeName="the interruption" />
      )}
      <p className="mb-1 text-[12px] text-dim">
        {isPlanned
          ? 'Planned work counts as declared: each meter from the beginning of the window to its end, but for the time it counts by an outage or an earlier window.'
          : `By their own times the meters were without supply for ${minutes(measured_minutes)} minutes in all.`}
      </p>
      <Table
        label={`Meters of ${id}`}
        heads={[
          { name: 'Meter', left: true },
          { name: 'Declared minutes' },
          { name: 'Dark by its record', left: true },
          { name: 'Back', left: true },
          { name: 'Measured minutes' },
        ]}
      >
        {meters.map((one) => (
          <Fragment key={`${one.meter_id} ${one.declared_from} ${one.declared_to}`}>
            <tr className={one.meter_id !== null && one.meter_id === meter ? 'bg-chosen' : 'hover:bg-hover'}>
              <td className="px-2 text-left">
                {one.meter_id === null ? (
                  <span className="text-dim">{formatCount(one.customers)} customers without a record of a meter</span>
                ) : (
                  <button
                    type="button"
                    className="hover:underline"
                    aria-expanded={one.meter_id === meter}
                    onClick={() => setMeter(meter === one.meter_id ? null : one.meter_id)}
                  >
                    {one.meter_id}
                  </button>
                )}
                {one.customers === 0 && <span className="ml-2 text-[11px] text-warn">not counted by the steps</span>}
              </td>
              <Cell>{minutes(one.customer_minutes)}</Cell>
              <Cell left>{one.measured_from ? toSecond(one.measured_from, view) : '—'}</Cell>
              <Cell left>{one.measured_to ? toSecond(one.measured_to, view) : '—'}</Cell>
              <Cell>{one.measured_minutes === null ? '—' : minutes(one.measured_minutes)}</Cell>
            </tr>
            {one.meter_id !== null && one.meter_id === meter && (
              <tr>
                <td colSpan={5} className="border-l-2 border-accent px-3 py-1.5 whitespace-normal">
                  <Events id={id} meter={one.meter_id} />
                </td>
              </tr>
            )}
          </Fragment>
        ))}
      </Table>
      {left_out > 0 && (
        <p className="mt-1 text-[12px] text-dim">{formatCount(left_out)} more lines are in the sum and not shown.</p>
      )}
    </>
  );
}

function Events({ id, meter }: { id: string; meter: string }) {
  const view = useTimeView();
  const events = useQuery({
    queryKey: ['reliability', 'events', id, meter],
    queryFn: ({ signal }) => getInterruptionEvents(id, meter, signal),
  });
  if (events.isPending) return <PaneSkeleton rows={2} />;
  if (!events.data) return <p className="text-bad">✕ {events.error.message}</p>;
  if (events.data.length === 0)
    return (
      <p className="text-dim">{meter} sent nothing: it was counted as below the device, and back with its step.</p>
    );
  return (
    <ul aria-label={`Messages of ${meter}`} className="grid gap-0.5 text-[12.5px]">
      {events.data.map((event) => (
        <li key={event.event_id}>
          {toSecond(event.at, view)} · <strong>{words(event.type)}</strong>{' '}
          <span className="text-dim">
            from {event.source}, received {formatTimeSeconds(event.received_at, view)}, message {event.event_id}
          </span>
        </li>
      ))}
    </ul>
  );
}
