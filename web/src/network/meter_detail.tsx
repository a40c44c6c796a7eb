import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Block, FactRow, Facts, Problem } from '../app/facts.tsx';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { ApiFailure } from '../lib/api/client.ts';
import { getHistory, getLatestReading } from '../lib/api/endpoints.ts';
import { useLive } from '../lib/push/live_store.ts';
import { ageSeconds, formatAge, formatBucket, formatDayTime, formatNumber, words } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import type { Series } from '../trend/chart.tsx';
import { LazyChart as Chart } from '../trend/lazy_chart.tsx';
import { AssetFacts, AssetHead } from './asset_detail.tsx';
import { useSelectedAsset } from './selected_place.ts';
import { TraceBlock } from './trace_block.tsx';

/** A meter: its newest interval and the week behind it. */
export function MeterDetail() {
  const selection = useScreen((screen) => screen.selection);
  const asset = useSelectedAsset(selection);
  if (asset.isPending) return <PaneSkeleton />;
  if (!asset.data) {
    return (
      <PaneMessage
        title="This meter could not be read"
        bad
        action={{ label: 'Try again', run: () => void asset.refetch() }}
      >
        {asset.error?.message}
      </PaneMessage>
    );
  }
  return (
    <article aria-label={`Meter ${asset.data.id}`}>
      <AssetHead asset={asset.data} />
      <Latest meter={asset.data.id} />
      <Week meter={asset.data.id} />
      <Block title="Service point">
        <AssetFacts asset={asset.data} />
      </Block>
      <TraceBlock assetId={asset.data.id} />
    </article>
  );
}

function Latest({ meter }: { meter: string }) {
  const now = useNow();
  const view = useTimeView();
  const latest = useQuery({
    queryKey: ['latest', meter],
    queryFn: ({ signal }) => getLatestReading(meter, signal),
    refetchInterval: 15_000,
  });
  if (latest.isPending) return <PaneSkeleton rows={2} />;
  if (!latest.data) {
    if (latest.error instanceof ApiFailure && latest.error.status === 404) {
      return <p className="px-3 py-2 text-dim">No reading in the last 15 minutes.</p>;
    }
    return <Problem error={latest.error} />;
  }
  const reading = latest.data;
  return (
    <Facts>
      <FactRow name="Newest interval">
        <strong>{formatNumber(reading.kwh, 3)} kWh</strong> in {reading.interval_minutes} min
      </FactRow>
      <FactRow name="Mean power">{formatNumber((reading.kwh * 60) / reading.interval_minutes, 2)} kW</FactRow>
      <FactRow name="Voltage">{reading.voltage === null ? '—' : `${formatNumber(reading.voltage, 1)} V`}</FactRow>
      <FactRow name="Interval start">{formatDayTime(reading.reading_time, view)}</FactRow>
      <FactRow name="Received">{formatAge(ageSeconds(reading.received_at, now))} ago</FactRow>
      <FactRow name="Quality">{words(reading.quality)}</FactRow>
    </Facts>
  );
}

function Week({ meter }: { meter: string }) {
  const history = useQuery({
    queryKey: ['history', meter],
    queryFn: ({ signal }) => {
      const to = new Date(Date.now() + useLive.getState().clockOffsetMs);
      const from = new Date(to.getTime() - 7 * 86_400_000);
      return getHistory(meter, from.toISOString(), to.toISOString(), 330, signal);
    },
    refetchInterval: 60_000,
  });
  const series = useMemo(
    (): Series[] => [
      {
        label: `energy per ${formatBucket(history.data?.bucket_s ?? 900)}`,
        values: history.data?.kwh ?? [],
        color: '--dim',
        format: (value) => (value === null ? '—' : `${formatNumber(value, 2)} kWh`),
        axis: 'left',
        fill: true,
      },
    ],
    [history.data],
  );
  return (
    <Block title="Last 7 days">
      {history.isPending ? (
        <PaneSkeleton rows={4} />
      ) : history.error && !history.data ? (
        <Problem error={history.error} />
      ) : (history.data?.time_s.length ?? 0) < 2 ? (
        <p className="px-3 py-2 text-dim">No history yet.</p>
      ) : (
        <div className="flex h-36">
          <Chart times={history.data?.time_s ?? []} series={series} label={`Energy of meter ${meter} over 7 days`} />
        </div>
      )}
    </Block>
  );
}
