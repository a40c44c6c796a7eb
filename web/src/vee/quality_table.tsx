import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { getVeeQuality } from '../lib/api/endpoints.ts';
import { useLive } from '../lib/push/live_store.ts';
import { formatCount, formatDayTime, formatShare, formatTimeSeconds } from '../lib/time/format.ts';
import { byFeeder, type Shares } from './shares.ts';

const hourMs = 3_600_000;
const spans = [6, 24, 48];
// grey is normal: colour is for what stands in for a reading, or is not there
const parts = [
  { field: 'validated', label: 'validated', color: 'var(--dim)' },
  { field: 'unvalidated', label: 'not validated', color: 'var(--rule)' },
  { field: 'estimated', label: 'estimated', color: 'var(--low)' },
  { field: 'missing', label: 'missing', color: 'var(--bad)' },
] as const;

/** How much of each feeder's intervals is validated, estimated, missing; hour by hour as bars. */
export function QualityTable() {
  const [hours, setHours] = useState(24);
  const area = useScreen((screen) => screen.area);
  const view = useTimeView();
  const quality = useQuery({
    queryKey: ['vee', 'quality', hours],
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
    queryFn: ({ signal }) => {
      const nowMs = Date.now() + useLive.getState().clockOffsetMs;
      const toMs = Math.floor(nowMs / hourMs) * hourMs;
      return getVeeQuality(new Date(toMs - hours * hourMs).toISOString(), new Date(toMs).toISOString(), signal);
    },
  });
  const shown = useMemo(() => byFeeder(quality.data ?? [], area), [quality.data, area]);
  const first = shown.feeders[0]?.hours;
  const range = first && first.length > 0 ? [first[0].hour, first[first.length - 1].hour] : null;
  if (quality.isPending) return <PaneSkeleton rows={12} />;
  if (!quality.data)
    return (
      <PaneMessage
        title="The shares could not be read"
        bad
        action={{ label: 'Try again', run: () => void quality.refetch() }}
      >
        {quality.error?.message}
      </PaneMessage>
    );
  return (
    <>
      <div className="flex shrink-0 flex-wrap items-center gap-x-4 gap-y-1 border-b border-rule px-3 py-1.5">
        <select
          aria-label="Span"
          className="field"
          value={hours}
          onChange={(event) => setHours(Number(event.target.value))}
        >
          {spans.map((span) => (
            <option key={span} value={span}>
              last {span} full hours
            </option>
          ))}
        </select>
        {parts.map(({ field, label, color }) => (
          <span key={field} className="text-[12px] whitespace-nowrap">
            <span
              aria-hidden="true"
              className="mr-1 inline-block size-2.5 rounded-[2px]"
              style={{ background: color }}
            />
            {label} {formatShare(shown.total[field], shown.total.expected)}
          </span>
        ))}
        {quality.error && (
          <span role="alert" className="text-[12px] text-bad">
            ✕ {quality.error.message} Shown are the shares of {formatTimeSeconds(quality.dataUpdatedAt, view)}.
          </span>
        )}
      </div>
      {shown.feeders.length === 0 ? (
        <PaneMessage title="No readings in this span">Shares are shown once meters have sent something.</PaneMessage>
      ) : (
        <div className="min-h-0 flex-1 overflow-auto px-3 pb-3">
          <table className="w-full min-w-[760px] whitespace-nowrap">
            <thead className="sticky top-0 bg-pane">
              <tr className="h-6 text-[11px] text-dim">
                <th scope="col" className="text-left font-normal">
                  Feeder
                </th>
                <th scope="col" className="w-2/5 text-left font-normal">
                  Hour by hour{range && `, ${formatDayTime(range[0], view)} – ${formatDayTime(range[1], view)}`}
                </th>
                <th scope="col" className="text-right font-normal">
                  Expected
                </th>
                {parts.map(({ field, label }) => (
                  <th key={field} scope="col" className="pl-3 text-right font-normal first-letter:uppercase">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.feeders.map((feeder) => (
                <tr key={feeder.feederId} className="h-7 border-t border-rule/50">
                  <th scope="row" className="pr-3 text-left font-medium">
                    {feeder.feederName}
                  </th>
                  <td className="pr-3">
                    <div className="flex h-5 gap-px" aria-hidden="true">
                      {feeder.hours.map((hour) => (
                        <HourBar
                          key={hour.hour}
                          hour={hour}
                          title={`${formatDayTime(hour.hour, view)}: ${inWords(hour)}`}
                        />
                      ))}
                    </div>
                  </td>
                  <td className="text-right">{formatCount(feeder.expected)}</td>
                  {parts.map(({ field }) => (
                    <td
                      key={field}
                      className={`pl-3 text-right ${field === 'missing' && feeder.missing > 0 ? 'text-bad' : ''}`}
                    >
                      {formatShare(feeder[field], feeder.expected)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

const inWords = (shares: Shares): string =>
  parts.map(({ field, label }) => `${formatShare(shares[field], shares.expected)} ${label}`).join(', ');

/** One hour as a stack; the rare kinds are never thinner than can be seen. */
function HourBar({ hour, title }: { hour: Shares; title: string }) {
  return (
    <div className="flex min-w-0.5 flex-1 flex-col" title={title}>
      {parts.map(({ field, color }) =>
        hour[field] > 0 ? (
          <div
            key={field}
            style={{ background: color, flex: `${hour[field]} 1 0`, minHeight: field === 'validated' ? 0 : 2 }}
          />
        ) : null,
      )}
    </div>
  );
}
