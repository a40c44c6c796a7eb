import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { Pane, PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useScreen } from '../app/screen_store.ts';
import { getHistory, getOutageTimeline, getTrend, type TrendLevel } from '../lib/api/endpoints.ts';
import { useLive } from '../lib/push/live_store.ts';
import { formatBucket, formatCount, formatNumber, formatPower } from '../lib/time/format.ts';
import { useSelectedAsset } from '../network/selected_place.ts';
import type { Series } from './chart.tsx';
import { LazyChart as Chart } from './lazy_chart.tsx';
import { customersOutNow, sampleAt, withNow } from './sample.ts';

const spans = [
  { label: '2 h', hours: 2 },
  { label: '24 h', hours: 24 },
  { label: '7 d', hours: 168 },
] as const;
const points = 400;

interface Subject {
  kind: 'system' | 'level' | 'meter';
  level: TrendLevel;
  id: string | null;
  name: string;
}

/** What the trend is about: the feeder or substation of the selection, the meter itself, or the whole system. */
function useSubject(): Subject {
  const selection = useScreen((screen) => screen.selection);
  const outage = useLive((live) => (selection?.kind === 'outage' ? live.outages.get(selection.id) : undefined));
  const asset = useSelectedAsset(selection).data;
  if (selection?.kind === 'meter') return { kind: 'meter', level: 'feeder', id: selection.id, name: selection.id };
  if (outage) return { kind: 'level', level: 'feeder', id: outage.feeder_id, name: `feeder ${outage.feeder_name}` };
  if (asset?.type === 'substation')
    return { kind: 'level', level: 'substation', id: asset.id, name: `substation ${asset.name}` };
  if (asset?.feeder_id)
    return {
      kind: 'level',
      level: 'feeder',
      id: asset.feeder_id,
      name: `feeder ${asset.feeder_name ?? asset.feeder_id}`,
    };
  return { kind: 'system', level: 'system', id: null, name: 'whole system' };
}

export function TrendPane({ alone }: { alone: boolean }) {
  const [hours, setHours] = useState<number>(24);
  const subject = useSubject();
  const trend = useTrend(subject, hours);
  // the clock alone makes points: an axis over nothing would look like a load of zero
  const hasFacts = trend.data?.series.some(({ axis, values }) =>
    values.some((value) => value !== null && (axis === 'left' || value > 0)),
  );
  const shown = trend.data && trend.data.times.length > 1 && hasFacts ? trend.data : null;
  return (
    <Pane
      name="trend"
      title="Trend"
      alone={alone}
      summary={<span className="text-dim">{subject.name}</span>}
      at={trend.data?.freshTo ?? null}
      ageLabel="newest interval in the analytics layer"
      tools={
        <div className="flex" role="radiogroup" aria-label="Span">
          {spans.map((span) => (
            // biome-ignore lint/a11y/useSemanticElements: three small buttons of one choice
            <button
              key={span.hours}
              type="button"
              role="radio"
              aria-checked={hours === span.hours}
              onClick={() => setHours(span.hours)}
              className={`px-2 ${hours === span.hours ? 'text-ink underline decoration-accent decoration-2 underline-offset-4' : 'text-dim hover:text-ink'}`}
            >
              {span.label}
            </button>
          ))}
        </div>
      }
    >
      {trend.isPending ? (
        <PaneSkeleton rows={4} />
      ) : trend.isError && !trend.data ? (
        <PaneMessage
          title="The trend could not be read"
          bad
          action={{ label: 'Try again', run: () => void trend.refetch() }}
        >
          {trend.error.message}
        </PaneMessage>
      ) : shown ? (
        <Chart
          times={shown.times}
          series={shown.series}
          label={`${shown.series.map((s) => s.label).join(' and ')} of ${subject.name} over ${hours} hours`}
        />
      ) : (
        <PaneMessage title="No readings yet">
          The first intervals of {subject.name} appear here about a minute after they were received.
        </PaneMessage>
      )}
    </Pane>
  );
}

interface TrendData {
  times: number[];
  series: Series[];
  freshTo: string | null;
}

const customersSeries = (values: (number | null)[]): Series => ({
  label: 'out',
  values,
  // grey while nobody is out: saturation is for what is abnormal
  color: values.some((value) => value !== null && value > 0) ? '--bad' : '--faint',
  format: (value) => (value === null ? '—' : `${formatCount(value)} cust`),
  axis: 'right',
  fill: true,
  stepped: true,
});

function useTrend(subject: Subject, hours: number) {
  const query = useQuery({
    queryKey: ['trend', subject.kind, subject.level, subject.id, hours],
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
    queryFn: async ({ signal }) => {
      const to = new Date(Date.now() + useLive.getState().clockOffsetMs);
      const from = new Date(to.getTime() - hours * 3_600_000);
      const [a, b] = [from.toISOString(), to.toISOString()];
      if (subject.kind === 'meter') {
        return { history: await getHistory(subject.id ?? '', a, b, points, signal), trend: null, timeline: null };
      }
      const [trend, timeline] = await Promise.all([
        getTrend(subject.level, subject.id, a, b, points, signal),
        // the trend alone is good enough where the finer history cannot be had (an area's session may not ask for it)
        subject.kind === 'system' ? getOutageTimeline(a, b, points, signal).catch(() => null) : null,
      ]);
      return { history: null, trend, timeline };
    },
  });
  const { data } = query;
  const outNow = useLive((live) => customersOutNow(live.outages.values(), subject.level, subject.id));
  const shown = useMemo((): TrendData | undefined => {
    if (!data) return undefined;
    if (data.history) {
      const { history } = data;
      return {
        times: history.time_s,
        freshTo: history.fresh_to,
        series: [
          {
            label: `energy per ${formatBucket(history.bucket_s)}`,
            values: history.kwh,
            color: '--dim',
            format: (value) => (value === null ? '—' : `${formatNumber(value, 2)} kWh`),
            axis: 'left',
            fill: true,
          },
        ],
      };
    }
    const { trend, timeline } = data;
    const load: Series = {
      label: 'load',
      values: trend.load_kw,
      color: '--dim',
      format: (value) => formatPower(value),
      axis: 'left',
    };
    /** both series up to this moment: the load is not known yet, the customers out are */
    const upToNow = (times: number[], loadKw: (number | null)[], customersOut: (number | null)[]): TrendData => {
      const nowS = (Date.now() + useLive.getState().clockOffsetMs) / 1000;
      const out = withNow(times, customersOut, nowS, outNow);
      return {
        times: out.times,
        freshTo: trend.fresh_to,
        series: [
          { ...load, values: withNow<number | null>(times, loadKw, nowS, null).values },
          customersSeries(out.values),
        ],
      };
    };
    // the outage history is exact to the event, the analytics layer to its bucket: the finer one wins where it is
    if (timeline && timeline.time_s.length > 1) {
      const times = timeline.time_s;
      return upToNow(times, sampleAt(times, trend.time_s, trend.load_kw, trend.bucket_s), timeline.customers_out);
    }
    return upToNow(trend.time_s, trend.load_kw, trend.customers_out);
  }, [data, outNow]);
  return { ...query, data: shown };
}
