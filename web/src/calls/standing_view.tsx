import { useQuery } from '@tanstack/react-query';
import type { MeterStanding } from '#model/api/calls.ts';
import { Block, FactRow, Facts, Problem } from '../app/facts.tsx';
import { PaneSkeleton } from '../app/pane.tsx';
import { useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { getMeterStanding } from '../lib/api/endpoints.ts';
import {
  ageSeconds,
  formatAge,
  formatCount,
  formatDayTime,
  formatEtr,
  type TimeView,
  words,
} from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';

/** What can be told the caller now. */
export function MeterStandingView({ meter }: { meter: string }) {
  const now = useNow();
  const view = useTimeView();
  const standing = useQuery({
    queryKey: ['calls', 'standing', meter],
    queryFn: ({ signal }) => getMeterStanding(meter, signal),
    refetchInterval: 5000,
  });
  if (standing.error && !standing.data) return <Problem error={standing.error} />;
  if (!standing.data) return <PaneSkeleton rows={4} />;
  const { outage, planned, ping, calls, critical, customer_class, account_id, address } = standing.data;
  return (
    <div aria-live="polite">
      <p className={`px-3 pt-1 text-[14px] ${outage || planned?.state === 'lasting' ? 'font-semibold' : ''}`}>
        {verdict(standing.data, now, view)}
      </p>
      <Facts>
        <FactRow name="Meter">
          {meter}
          {account_id && <span className="text-dim">, account {account_id}</span>}
        </FactRow>
        {address && <FactRow name="Address">{address}</FactRow>}
        <FactRow name="Customer">
          {critical ? <span className="font-semibold text-bad">▲ {words(critical)}</span> : words(customer_class)}
        </FactRow>
        {outage && (
          <>
            <FactRow name="Outage">
              <button
                type="button"
                className="underline decoration-faint underline-offset-2 hover:text-ink"
                onClick={() => {
                  useScreen.getState().select({ kind: 'outage', id: outage.id }, { details: true });
                  useScreen.setState({ page: 'center' });
                }}
              >
                {outage.device_id} on {outage.feeder_name}
              </button>
            </FactRow>
            <FactRow name="State">
              {words(outage.state)}
              {outage.crew && `, ${outage.crew}`}
            </FactRow>
            <FactRow name="Customers out">{formatCount(outage.customers_out)}</FactRow>
            <FactRow name="ETR P50 / P90">
              {formatEtr(outage.etr_p50, now, view)} / {formatEtr(outage.etr_p90, now, view)}
              {outage.etr_source && <span className="text-dim"> by {outage.etr_source}</span>}
            </FactRow>
          </>
        )}
        {planned && (
          <FactRow name="Planned work">
            {formatDayTime(planned.from, view)} – {formatEtr(planned.to, Date.parse(planned.from), view)},{' '}
            {planned.reason}
          </FactRow>
        )}
        {ping && (
          <FactRow name="Last ping">
            {ping.answer === 'none' ? 'no answer' : (ping.answer ?? 'waiting')},{' '}
            {formatAge(ageSeconds(ping.answered_at ?? ping.asked_at, now))} ago
          </FactRow>
        )}
      </Facts>
      {calls.length > 0 && (
        <Block title="Its calls of before">
          <ol className="px-3 py-1">
            {calls.map((call) => (
              <li key={call.id}>
                <span className="text-dim">{formatDayTime(call.called_at, view)}</span> {words(call.kind)}
                {call.words && <span className="text-dim"> “{call.words}”</span>}
              </li>
            ))}
          </ol>
        </Block>
      )}
    </div>
  );
}

/** One sentence that can be read to the caller. */
function verdict(standing: MeterStanding, now: number, view: TimeView): string {
  const { outage, planned, supply, lit_at } = standing;
  if (planned?.state === 'lasting') return `Planned work until ${formatEtr(planned.to, now, view)}.`;
  if (outage)
    return `Known outage since ${formatEtr(outage.started_at, now, view)}${outage.etr_p50 ? `, expected back about ${formatEtr(outage.etr_p50, now, view)}` : ', no estimate yet'}.`;
  if (supply === 'back') return `Power came back at ${formatEtr(lit_at, now, view)}.`;
  if (supply === 'lit')
    return `The meter has power (answered ${formatAge(ageSeconds(lit_at, now))} ago): look at the customer's side.`;
  if (supply === 'dark') return 'The meter reports no power; it is being looked at.';
  return 'No outage is known here.';
}
