import type { OutageDetail } from '#model/api/outages.ts';
import { Block } from '../app/facts.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { formatCount, formatDayTime, words } from '../lib/time/format.ts';

/** How many were out from when to when; customer-minutes are summed over the steps. */
export function Steps({ detail }: { detail: OutageDetail }) {
  const view = useTimeView();
  if (detail.steps.length === 0) return null;
  return (
    <Block title="Restoration steps">
      <ol className="px-3 pt-2">
        {detail.steps.map((step) => (
          <li key={step.step} className="flex justify-between gap-3 py-0.5">
            <span>
              {formatDayTime(step.from, view)} to {step.to ? formatDayTime(step.to, view) : 'now'}
            </span>
            <span className="text-right text-dim">
              {formatCount(step.customers_out)} out ·{' '}
              {step.to ? `${formatCount(Math.round(step.customer_minutes))} cust·min` : 'lasts'}
            </span>
          </li>
        ))}
      </ol>
      <p className="px-3 pb-2 text-right text-dim">
        {formatCount(Math.round(detail.steps.reduce((sum, step) => sum + step.customer_minutes, 0)))} cust·min in closed
        steps
      </p>
    </Block>
  );
}

/** Who did what, when and why, newest first. */
export function Log({ detail }: { detail: OutageDetail }) {
  const view = useTimeView();
  return (
    <Block title="Log">
      <ol className="px-3 py-2">
        {[...detail.log].reverse().map((entry) => (
          <li key={`${entry.at} ${entry.verb} ${entry.to_state} ${entry.reason}`} className="py-0.5">
            <span className="text-dim">{formatDayTime(entry.at, view)}</span> {entry.actor}: {words(entry.verb)} →{' '}
            {words(entry.to_state)}
            {entry.reason && <div className="pl-3 text-[12px] text-dim">{entry.reason}</div>}
          </li>
        ))}
      </ol>
    </Block>
  );
}
