import { startEngine } from '#stores/columnar/engine.ts';
import { readParquet } from '#sources/files/parquet.ts';
const engine = startEngine({ name: 'x', path: ':memory:', memoryLimit: '512MB', threads: 1, temporaryFolder: '/tmp/perf' });
await engine.script([`copy (select (i % 40000)::int as meter_key, (1767225600 + (i // 40000) * 900)::int as interval_start_s,
  15::utinyint as interval_minutes, (hash(i) % 5000)::int as wh, 2400::usmallint as decivolt, 1::utinyint as quality,
  i::bigint as source_seq from range(20000000) as t(i)) to '/tmp/perf/big.parquet' (format parquet, compression zstd)`]);
let t = performance.now(), n = 0, asked = 0;
const ask = async (sql: string) => { const s = performance.now(); const r = await engine.query(sql, [], 300000); asked += performance.now() - s; return r; };
for await (const piece of readParquet({ name: 'x', path: '/tmp/perf/big.parquet', ask, meterIdOf: (k) => `M${k}` }, { meterRowOf: (id) => Number(id.slice(1)), nowMs: Date.UTC(2090, 0, 1) })) {
  n += piece.readings.count + piece.setAside.length;
  if (n % 2000000 === 0) { console.log(n, Math.round(2e6 / ((performance.now() - t) / 1000)), '/s; engine share', (asked / (performance.now() - t)).toFixed(2), Math.round(process.memoryUsage().rss / 1e6), 'MB'); t = performance.now(); asked = 0; }
}
await engine.stop();
