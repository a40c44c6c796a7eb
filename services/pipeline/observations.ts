/** Weather and price on their way from the operational store to the gold layer: whatever changed, late or revised too. */
import type { Engine } from '#stores/columnar/engine.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { observationMark, pricesChanged, weatherChanged } from './sql.ts';

/** Real-time price of the load zone the territory lies in. */
const settlementPoint = 'LZ_HOUSTON';

/** Copies what transactions wrote that were not finished at the last look. Copying twice is harmless. */
export async function copyObservations(pool: Pool, engine: Engine): Promise<void> {
  const { observed_xid: seen } = await engine.query('select observed_xid from layer_mark');
  const next = await observationMark(pool);
  // A restored database counts its transactions anew.
  const from = Number(seen[0]) > next ? 0 : Number(seen[0]);
  const [weather, prices] = await Promise.all([weatherChanged(pool, from), pricesChanged(pool, settlementPoint, from)]);
  if (weather.length + prices.length === 0) return;
  await engine.script([
    'begin transaction',
    ...upsert('weather_interval', weather),
    ...upsert('price_interval', prices),
    `update layer_mark set observed_xid = ${next}`,
    'commit',
  ]);
}

const rowsPerStatement = 10_000;

function upsert(table: string, rows: { interval_start_s: number; value: number }[]): string[] {
  const statements: string[] = [];
  for (let from = 0; from < rows.length; from += rowsPerStatement) {
    const some = rows.slice(from, from + rowsPerStatement);
    statements.push(
      `delete from ${table} where interval_start_s in (${some.map((row) => row.interval_start_s).join(', ')})`,
      `insert into ${table} values ${some.map((row) => `(${row.interval_start_s}, ${row.value})`).join(', ')}`,
    );
  }
  return statements;
}
