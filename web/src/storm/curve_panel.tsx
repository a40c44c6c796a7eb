import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { LazyBandPlot } from '../etr/lazy_band_plot.tsx';
import { ageSeconds, formatAge, formatCount, formatDayTime, formatNumber } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { SectionHead } from '../pipeline/table.tsx';
import { curveColumns } from './columns.ts';
import { getStormCurve } from './storm_api.ts';

const lines = [
  { label: 'out', color: '--ink', width: 2, stepped: true },
  { label: 'P90', color: '--dim', width: 0, isEdge: true },
  { label: 'P10', color: '--dim', width: 0, isEdge: true },
  { label: 'expected', color: '--accent', width: 2, dash: [6, 3] },
];
const bands = [{ upper: 2, lower: 3, color: '--accent' }];
const spans = [3, 12, 48];
/** older than this it may not be true any more, s */
const staleS = 60;

/** Customers without supply: so far, and as the restoration simulation expects it. */
export function CurvePanel() {
  const [hours, setHours] = useState(3);
  const view = useTimeView();
  const now = useNow();
  const curve = useQuery({
    queryKey: ['storm', 'curve', hours],
    queryFn: ({ signal }) => getStormCurve(hours, signal),
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  });
  const columns = useMemo(() => (curve.data ? curveColumns(curve.data) : null), [curve.data]);
  const ahead = curve.data?.ahead;
  const age = ageSeconds(curve.data?.at, now) ?? 0;
  return (
    <section aria-label="Restoration curve" className="min-w-0">
      <SectionHead title="Customers without supply">
        {ahead ? (
          <>
            all back expected {formatDayTime(ahead.all_back_p50, view)}, nine in ten by{' '}
            {formatDayTime(ahead.all_back_p90, view)} · {formatNumber(ahead.customer_minutes / 60, 0)} customer-hours
            still to come · {formatCount(ahead.crews)} crews
            {ahead.not_served > 0 && (
              <span className="text-warn"> · ▲ {formatCount(ahead.not_served)} outages that no crew serves</span>
            )}
            {curve.data?.crews_assumed && <span className="text-warn"> · crews are assumed: none are on file</span>}
          </>
        ) : (
          curve.data && 'nobody is out'
        )}
        {curve.data && (age > staleS || curve.error) && (
          <span role="status" className="text-warn">
            {' '}
            · as of {formatAge(age)} ago
          </span>
        )}
        <span className="ml-2 inline-flex gap-1">
          {spans.map((span) => (
            <button
              key={span}
              type="button"
              aria-pressed={hours === span}
              className={`button ${hours === span ? 'border-accent' : ''}`}
              onClick={() => setHours(span)}
            >
              {span} h
            </button>
          ))}
        </span>
      </SectionHead>
      <div className="h-64">
        {columns ? (
          <LazyBandPlot
            columns={columns}
            lines={lines}
            bands={bands}
            from="zero"
            formatValue={(value) => `${formatCount(value)} cust`}
            label="Customers without supply, so far and expected"
          />
        ) : curve.isPending ? (
          <PaneSkeleton rows={7} />
        ) : (
          <PaneMessage
            title="The curve could not be read"
            bad
            action={{ label: 'Try again', run: () => void curve.refetch() }}
          >
            {curve.error?.message}
          </PaneMessage>
        )}
      </div>
      <p className="text-[11px] text-dim">
        solid: so far · dashed: expected (median of 200 simulated restorations) · band: eight of ten lie within
      </p>
    </section>
  );
}
