import type { Session } from '#model/api/common.ts';
import { useLive } from '../lib/push/live_store.ts';
import { AssetDetail } from '../network/asset_detail.tsx';
import { MeterDetail } from '../network/meter_detail.tsx';
import { useEdgeAsset } from '../network/selected_place.ts';
import { OutageDetailView } from '../outages/outage_detail.tsx';
import { Pane, PaneMessage, PaneSkeleton } from './pane.tsx';
import { useScreen } from './screen_store.ts';
import type { Selection } from './url_state.ts';

/** Everything about the one selection. */
export function DetailPane({ session, alone }: { session: Session; alone: boolean }) {
  const selection = useScreen((screen) => screen.selection);
  const at = useLive((live) => live.at);
  return (
    <Pane
      name="detail"
      title="Details"
      alone={alone}
      at={at}
      tools={
        selection &&
        !alone && (
          <button
            type="button"
            className="px-1 text-dim hover:text-ink"
            aria-label="Close details"
            title="Close details (Esc)"
            onClick={() => useScreen.setState({ detailOpen: false })}
          >
            ✕
          </button>
        )
      }
    >
      {selection === null ? (
        <PaneMessage title="Nothing is selected">Choose an event, or anything on the map.</PaneMessage>
      ) : selection.kind === 'edge' ? (
        <Unnamed selection={selection} />
      ) : (
        <div className="min-h-0 flex-1 overflow-auto" key={`${selection.kind} ${selection.id}`}>
          {selection.kind === 'outage' && <OutageDetailView id={selection.id} session={session} whole={alone} />}
          {selection.kind === 'asset' && <AssetDetail session={session} />}
          {selection.kind === 'meter' && <MeterDetail />}
          {selection.kind === 'crew' && (
            <PaneMessage
              title={`Crew ${selection.id} is selected`}
              action={{ label: 'Crews', run: () => useScreen.setState({ page: 'crews' }) }}
            />
          )}
          {selection.kind === 'order' && (
            <PaneMessage
              title={`Switching order ${selection.id} is selected`}
              action={{ label: 'Switching', run: () => useScreen.setState({ page: 'switching' }) }}
            />
          )}
          {selection.kind === 'exception' && (
            <PaneMessage
              title="An exception of interval data is selected"
              action={{ label: 'Validation', run: () => useScreen.setState({ page: 'validation' }) }}
            />
          )}
        </div>
      )}
    </Pane>
  );
}

/** A picked line or device whose name is on its way. */
function Unnamed({ selection }: { selection: Selection }) {
  const asset = useEdgeAsset(selection);
  if (!asset.error) return <PaneSkeleton />;
  return (
    <PaneMessage
      title="This place of the map is not known"
      bad
      action={{ label: 'Try again', run: () => void asset.refetch() }}
    >
      {asset.error.message}
    </PaneMessage>
  );
}
