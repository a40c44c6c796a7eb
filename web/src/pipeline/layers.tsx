import type { Pipeline } from '#model/api/readings.ts';
import { ageSeconds, formatAge, formatCount } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { Sparkline } from './sparkline.tsx';
import { Cell, SectionHead, Table } from './table.tsx';

const heads = [
  { name: 'Layer', left: true },
  { name: 'Rows' },
  { name: 'Lag' },
  { name: 'Last 15 min', left: true },
  { name: 'Target' },
  { name: 'Last refresh' },
  { name: 'It took' },
];

/** How far each layer has read, beside its promise. */
export function Layers({ pipeline }: { pipeline: Pipeline }) {
  const now = useNow();
  const history = pipeline.throughput?.lag_history_s ?? [];
  return (
    <>
      <SectionHead title="Layers">
        Lag is the age of the oldest change a layer has not yet taken in; the target is its promise.
      </SectionHead>
      <Table label="Layers" heads={heads}>
        {pipeline.layers.map((layer) => {
          const late = layer.lag_s !== null && layer.lag_s > layer.target_lag_s;
          return (
            <tr key={layer.layer} className="border-t border-rule">
              <th scope="row" className="px-2 py-1.5 text-left font-medium">
                {layer.layer}
              </th>
              <Cell>{formatCount(layer.rows)}</Cell>
              <Cell>
                <span className={late ? 'font-semibold text-warn' : ''}>
                  {late && '▲ '}
                  {formatAge(layer.lag_s)}
                </span>
              </Cell>
              <Cell left>
                <Sparkline
                  values={history}
                  limit={layer.target_lag_s}
                  label={`Lag of ${layer.layer} over 15 minutes, dashed its target of ${formatAge(layer.target_lag_s)}`}
                />
              </Cell>
              <Cell>{formatAge(layer.target_lag_s)}</Cell>
              <Cell>{layer.refreshed_at ? `${formatAge(ageSeconds(layer.refreshed_at, now))} ago` : 'not yet'}</Cell>
              <Cell>{layer.last_refresh_ms === null ? '—' : `${formatCount(layer.last_refresh_ms)} ms`}</Cell>
            </tr>
          );
        })}
      </Table>
    </>
  );
}
