import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { MajorEventDays, ReliabilityCause } from '#model/api/reliability.ts';
import { type Days, getCauses, type Place } from '../lib/api/reliability.ts';
import { formatCount, formatNumber, formatShare } from '../lib/time/format.ts';
import { LazyPlot } from './lazy_plot.tsx';
import { byMonth, dailySeries, noonS } from './period.ts';
import type { PlotSeries } from './plot.tsx';

const minutes = (value: number | null): string =>
  value === null
    ? ''
    : `${value >= 10 || value === 0 ? formatNumber(value, 0) : String(Number(value.toPrecision(2)))} min`;
const dayName = (timeS: number): string => new Date(timeS * 1000).toISOString().slice(0, 10);
const monthName = (timeS: number): string =>
  new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', month: 'long', year: 'numeric' }).format(timeS * 1000);

/** SAIDI by day and by month, and what caused it. */
export function Plots({ facts, days, place }: { facts: MajorEventDays; days: Days; place: Place }) {
  const isSystem = place.id === null;
  const daily = useMemo(() => dailySeries(facts, isSystem), [facts, isSystem]);
  const dailyLines = useMemo(
    (): PlotSeries[] => [
      { label: 'day', values: daily.usual, color: '--dim', kind: 'points', size: 4 },
      { label: 'major event day', values: daily.major, color: '--bad', kind: 'points', size: 7 },
      ...(daily.tMed.some((value) => value !== null)
        ? [{ label: 'T_MED', values: daily.tMed, color: '--brand', kind: 'line' as const }]
        : []),
    ],
    [daily],
  );
  const months = useMemo(() => byMonth(facts), [facts]);
  const monthTimes = useMemo(() => months.map(({ month }) => noonS(`${month}-15`)), [months]);
  const monthBars = useMemo(
    (): PlotSeries[] => [
      { label: 'on major event days', values: months.map(({ saidi }) => saidi), color: '--bad', kind: 'bars' },
      { label: 'on all other days', values: months.map((one) => one.saidiWithoutMajor), color: '--dim', kind: 'bars' },
    ],
    [months],
  );
  return (
    <div className="grid gap-x-8 gap-y-5 lg:grid-cols-2">
      <LazyPlot
        label="SAIDI of each day, log scale"
        times={daily.times}
        series={dailyLines}
        format={minutes}
        formatTime={dayName}
        log
      />
      <LazyPlot
        label="SAIDI of each month"
        times={monthTimes}
        series={monthBars}
        format={minutes}
        formatTime={monthName}
      />
      <Causes days={days} place={place} />
    </div>
  );
}

const causesShown = 8;

function Causes({ days, place }: { days: Days; place: Place }) {
  const causes = useQuery({
    queryKey: ['reliability', 'causes', days, place],
    queryFn: ({ signal }) => getCauses(days, place, signal),
    refetchInterval: 60_000,
  });
  const unplanned = (causes.data ?? []).filter(({ planned }) => !planned);
  const planned = (causes.data ?? []).filter((one) => one.planned);
  const total = unplanned.reduce((sum, one) => sum + one.customer_minutes, 0);
  if (!causes.data)
    return causes.error ? (
      <p role="alert" className="text-bad">
        ✕ {causes.error.message}
      </p>
    ) : null;
  const rest = unplanned.slice(causesShown);
  return (
    <section aria-label="Customer-minutes by cause" className="lg:col-span-2">
      <h3 className="mb-1.5 text-[12px] font-medium">Customer-minutes by cause</h3>
      {unplanned.length === 0 && <p className="text-dim">No unplanned interruption in the period.</p>}
      <div className="grid gap-1">
        {unplanned.slice(0, causesShown).map((one) => (
          <CauseBar key={one.cause} one={one} total={total} />
        ))}
        {rest.length > 0 && (
          <CauseBar
            one={{
              cause: `${rest.length} other causes`,
              planned: false,
              interruptions: rest.reduce((sum, { interruptions }) => sum + interruptions, 0),
              customers_interrupted: 0,
              customer_minutes: rest.reduce((sum, { customer_minutes }) => sum + customer_minutes, 0),
            }}
            total={total}
          />
        )}
      </div>
      {planned.length > 0 && (
        <p className="mt-1.5 text-[12px] text-dim">
          Planned, in none of these: {formatCount(planned.reduce((sum, one) => sum + one.customer_minutes, 0))}{' '}
          customer-minutes of {formatCount(planned.reduce((sum, one) => sum + one.interruptions, 0))} interruptions.
        </p>
      )}
    </section>
  );
}

function CauseBar({ one, total }: { one: ReliabilityCause; total: number }) {
  const share = total > 0 ? one.customer_minutes / total : 0;
  return (
    <div className="grid grid-cols-[88px_1fr_auto] sm:grid-cols-[160px_1fr_300px] items-center gap-3 text-[12.5px]">
      <span className="truncate" title={one.cause}>
        {one.cause}
      </span>
      <svg className="h-3 w-full" preserveAspectRatio="none" viewBox="0 0 100 10" aria-hidden="true">
        <rect width="100" height="10" fill="var(--hover)" />
        <rect width={share * 100} height="10" fill="var(--faint)" />
      </svg>
      <span className="text-right text-dim">
        <span className="text-ink">{formatCount(one.customer_minutes)}</span> min ·{' '}
        {formatShare(one.customer_minutes, total)}
        <span className="hidden sm:inline"> · {formatCount(one.interruptions)} interruptions</span>
      </span>
    </div>
  );
}
