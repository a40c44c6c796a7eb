import type { ReactNode } from 'react';
import type { Session } from '#model/api/common.ts';
import type { Asset } from '#model/api/network.ts';
import { FactRow, Facts } from '../app/facts.tsx';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { requestZoom, useScreen } from '../app/screen_store.ts';
import { useLive } from '../lib/push/live_store.ts';
import { counted, formatCount, formatLength, formatNumber, formatPower, words } from '../lib/time/format.ts';
import { useSelectedAsset } from './selected_place.ts';
import { Switching } from './switching.tsx';
import { TraceBlock } from './trace_block.tsx';

/** A thing of the network: what it is, how it stands, who hangs on it. */
export function AssetDetail({ session }: { session: Session }) {
  const selection = useScreen((screen) => screen.selection);
  const asset = useSelectedAsset(selection);
  if (asset.isPending) return <PaneSkeleton />;
  if (!asset.data) {
    return (
      <PaneMessage
        title="This asset could not be read"
        bad
        action={{ label: 'Try again', run: () => void asset.refetch() }}
      >
        {asset.error?.message}
      </PaneMessage>
    );
  }
  return (
    <article aria-label={asset.data.name}>
      <AssetHead asset={asset.data} />
      <AssetFacts asset={asset.data} />
      {asset.data.switchable && <Switching asset={asset.data} session={session} />}
      <TraceBlock assetId={asset.data.id} />
    </article>
  );
}

export function AssetHead({ asset }: { asset: Asset }) {
  const outage = useLive(({ outages }) =>
    outages.values().find(({ device_id, restored_at }) => device_id === asset.id && restored_at === null),
  );
  const abnormal = asset.status !== 'energised';
  return (
    <div className="px-3 pt-2.5">
      <div className="flex items-center gap-2">
        <h3 className="min-w-0 text-[15px] font-semibold break-words">{asset.name || asset.id}</h3>
        <span
          className={`ml-auto rounded-sm border px-1.5 text-[12px] whitespace-nowrap ${abnormal ? 'border-bad text-bad' : 'border-rule'}`}
        >
          {words(asset.status)}
        </span>
      </div>
      {outage && (
        <button
          type="button"
          className="underline decoration-faint underline-offset-2 hover:text-ink"
          onClick={() => useScreen.getState().select({ kind: 'outage', id: outage.id }, { details: true })}
        >
          {outage.id}, {counted(outage.customers_out, 'customer')} out
        </button>
      )}
      <p className="text-dim">
        {words(asset.type)} {asset.name === asset.id ? '' : asset.id}
        <button
          type="button"
          className="ml-2 hover:text-ink"
          onClick={() => requestZoom('selection')}
          title="Zoom to it (z)"
        >
          <span className="key">z</span> show
        </button>
      </p>
    </div>
  );
}

export function AssetFacts({ asset }: { asset: Asset }) {
  return (
    <Facts>
      {asset.type !== 'meter' && (
        <>
          <FactRow name="Customers below">
            <strong>{formatCount(asset.customers_below)}</strong>
          </FactRow>
          <FactRow name="Critical below">{formatCount(asset.critical_below)}</FactRow>
          <FactRow name="Peak load below">{formatPower(asset.kw_below)}</FactRow>
        </>
      )}
      {asset.customer_class && <FactRow name="Class">{words(asset.customer_class)}</FactRow>}
      {asset.critical && asset.critical !== 'none' && <FactRow name="Critical">{words(asset.critical)}</FactRow>}
      {asset.phases && <FactRow name="Phases">{asset.phases}</FactRow>}
      {asset.normally_open && <FactRow name="Normal state">open</FactRow>}
      {asset.length_m !== null && asset.length_m > 0 && <FactRow name="Length">{formatLength(asset.length_m)}</FactRow>}
      {asset.rated_kva !== null && asset.rated_kva > 0 && (
        <FactRow name="Rating">{formatNumber(asset.rated_kva, 0)} kVA</FactRow>
      )}
      {asset.rated_a !== null && asset.rated_a > 0 && (
        <FactRow name="Ampacity">{formatNumber(asset.rated_a, 0)} A</FactRow>
      )}
      {asset.transformer_id && (
        <FactRow name="Transformer">
          <Linked id={asset.transformer_id}>{asset.transformer_id}</Linked>
        </FactRow>
      )}
      {asset.feeder_id && asset.feeder_id !== asset.id && (
        <FactRow name="Feeder">
          <Linked id={asset.feeder_id}>{asset.feeder_name ?? asset.feeder_id}</Linked>
        </FactRow>
      )}
      {asset.substation_id && asset.substation_id !== asset.id && (
        <FactRow name="Substation">
          <Linked id={asset.substation_id}>{asset.substation_name ?? asset.substation_id}</Linked>
        </FactRow>
      )}
      <FactRow name="Place">
        {asset.lat.toFixed(5)}°, {asset.lon.toFixed(5)}°
      </FactRow>
    </Facts>
  );
}

function Linked({ id, children }: { id: string; children: ReactNode }) {
  return (
    <button
      type="button"
      className="underline decoration-faint underline-offset-2 hover:text-ink"
      onClick={() => useScreen.getState().select({ kind: 'asset', id }, { details: true })}
    >
      {children}
    </button>
  );
}
