import type { TraceDirection } from '#model/api/network.ts';
import { Block, FactRow, Facts, Problem } from '../app/facts.tsx';
import { PaneSkeleton } from '../app/pane.tsx';
import { useScreen } from '../app/screen_store.ts';
import { formatCount, formatLength, formatNumber, formatPower, words } from '../lib/time/format.ts';
import { startTrace } from './trace.ts';

const directions: { direction: TraceDirection; label: string; key: string; title: string }[] = [
  { direction: 'down', label: 'Down', key: 't', title: 'Everything fed through it' },
  { direction: 'up', label: 'Up', key: 'T', title: 'The way to the source' },
  { direction: 'isolate', label: 'Isolate', key: 'i', title: 'What must be open to take it out' },
];

/** Traces from a thing of the network, and what they found. */
export function TraceBlock({ assetId }: { assetId: string }) {
  const trace = useScreen((screen) => (screen.trace?.assetId === assetId ? screen.trace : null));
  const open = (id: string) => () => useScreen.getState().select({ kind: 'asset', id }, { details: true });
  return (
    <Block title="Trace">
      <div className="flex flex-wrap gap-1.5 px-3 py-2">
        {directions.map(({ direction, label, key, title }) => (
          <button
            key={direction}
            type="button"
            title={title}
            aria-pressed={trace?.direction === direction}
            className={`button ${trace?.direction === direction ? 'border-accent' : ''}`}
            onClick={() => void startTrace(assetId, direction)}
          >
            {label} <span className="key">{key}</span>
          </button>
        ))}
        {trace && (
          <button type="button" className="button" onClick={() => useScreen.setState({ trace: null })}>
            Clear
          </button>
        )}
      </div>
      {trace?.error && <Problem error={trace.error} />}
      {trace && !trace.error && !trace.result && <PaneSkeleton rows={3} />}
      {trace?.result && (
        <>
          <Facts>
            <FactRow name="Customers">
              <strong>{formatCount(trace.result.customers)}</strong>
            </FactRow>
            <FactRow name="Critical">{formatCount(trace.result.critical_customers)}</FactRow>
            <FactRow name="Load">{formatPower(trace.result.kw)}</FactRow>
            <FactRow name="Transformers">{formatCount(trace.result.transformers)}</FactRow>
            <FactRow name="Length">{formatLength(trace.result.length_m)}</FactRow>
            <FactRow name="Found in">{formatNumber(trace.result.ms, 1)} ms</FactRow>
          </Facts>
          {trace.result.devices.length > 0 && (
            <ul className="px-3 pb-2">
              <li className="text-dim">{trace.direction === 'isolate' ? 'To open' : 'Devices on the way'}</li>
              {trace.result.devices.map((device) => (
                <li key={device.id}>
                  <button
                    type="button"
                    className="underline decoration-faint underline-offset-2"
                    onClick={open(device.id)}
                  >
                    {device.id}
                  </button>{' '}
                  <span className="text-dim">{words(device.kind)}</span>
                </li>
              ))}
            </ul>
          )}
          {trace.result.alternate_feeds.length > 0 && (
            <ul className="px-3 pb-2">
              <li className="text-dim">Can be fed another way through</li>
              {trace.result.alternate_feeds.map((tie) => (
                <li key={tie.id}>
                  <button
                    type="button"
                    className="underline decoration-faint underline-offset-2"
                    onClick={open(tie.id)}
                  >
                    {tie.id}
                  </button>{' '}
                  <span className="text-dim">from {tie.feeder_id}</span>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Block>
  );
}
