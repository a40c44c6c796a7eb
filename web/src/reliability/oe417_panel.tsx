import { useQuery } from '@tanstack/react-query';
import type { Oe417 } from '#model/api/reliability.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { getOe417 } from '../lib/api/reliability.ts';
import { formatCount, formatDayTime } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { FilingForm, Filings } from './oe417_filings.tsx';
import { countdown } from './period.ts';

const said: Record<Oe417['state'], string> = {
  below: 'Nothing to report',
  watching: 'Watched: to be reported when it lasts an hour',
  due: 'To be reported',
  filed: 'The last event’s final report is filed',
  over: 'The last event’s reports are past their time',
};

/** Form OE-417: 50,000 customers for an hour, and the time that is left for its reports. */
export function Oe417Panel() {
  const view = useTimeView();
  const now = useNow();
  const watch = useQuery({
    queryKey: ['reliability', 'oe417'],
    queryFn: ({ signal }) => getOe417(signal),
    refetchInterval: 10_000,
  });
  if (!watch.data) return watch.error ? <p className="text-bad">✕ {watch.error.message}</p> : null;
  const { state, customers_out, threshold_customers, events, filings_elsewhere: elsewhere } = watch.data;
  const color = state === 'due' ? 'text-bad' : state === 'watching' ? 'text-warn' : 'text-ink';
  return (
    <div className="text-[12.5px]">
      <p>
        <strong className={color}>
          {state === 'due' || state === 'watching' ? '▲ ' : ''}
          {said[state]}
        </strong>
        <span className="text-dim">
          {' '}
          · {formatCount(customers_out)} customers out now, {formatCount(threshold_customers)} for{' '}
          {watch.data.threshold_minutes} minutes make an event · last 30 days
        </span>
      </p>
      {events.length > 0 && (
        <ul className="mt-2 grid gap-2">
          {events.slice(0, 5).map((event) => (
            <li key={event.from} className="border-l-2 border-rule pl-3">
              {formatDayTime(event.from, view)} – {event.to ? formatDayTime(event.to, view) : 'now'}, at most{' '}
              {formatCount(event.peak_customers)} customers
              {event.met_at === null ? (
                <span className="text-dim">
                  ;{' '}
                  {event.to
                    ? 'shorter than an hour'
                    : `an hour at ${formatDayTime(new Date(Date.parse(event.from) + 3_600_000).toISOString(), view)}`}
                </span>
              ) : (
                <>
                  <dl className="mt-1 grid grid-cols-[auto_auto_1fr] gap-x-4">
                    <Due name="First report, 6 h" at={event.first_due_at!} filed={event.first_filed_at} now={now} />
                    <Due name="Final report, 72 h" at={event.final_due_at!} filed={event.final_filed_at} now={now} />
                  </dl>
                  <Filings filings={event.filings} />
                  <FilingForm event={event} />
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      {elsewhere.length > 0 && (
        <div className="mt-2">
          Filed of events that are none any more since their outages were corrected:
          <Filings filings={elsewhere} />
        </div>
      )}
    </div>
  );
}

function Due({ name, at, filed, now }: { name: string; at: string; filed: string | null; now: number }) {
  const view = useTimeView();
  const left = countdown(at, now);
  return (
    <>
      <dt className="text-dim">{name}</dt>
      <dd>{formatDayTime(at, view)}</dd>
      {filed === null ? (
        <dd className={left.isPast ? 'text-dim' : 'text-bad'}>
          {left.isPast ? `${left.text} past, not marked as filed` : `${left.text} left`}
        </dd>
      ) : (
        <dd className="text-dim">✓ filed {formatDayTime(filed, view)}</dd>
      )}
    </>
  );
}
