import { readConfig } from './bin/config.ts';
import { runDrill } from './bin/storm/drill.ts';
import fs from 'node:fs';
const folder = fs.mkdtempSync('/tmp/storm-dbg-'); fs.chmodSync(folder, 0o755);
const { config } = readConfig({ dataFolder: folder, scale: 'demo', seed: 1, simulation: false, logLevel: 'error' }, {});
config.publicFace.lookUpsPerMinute = 0;
const card = await runDrill({ config, seed: 7, hours: 3, crews: undefined, mostHours: 11, progress: () => {}, inspect: async (center: any, field: any) => {
  const n = center.network.grid().network;
  console.log('TRUTH OPEN', field.customersDark());
  for (const [d, fs_] of field.openAt) console.log(n.edge.id.at(d), n.edge.kind[d], fs_.map((f: any) => [f.id, f.customers, Math.round(f.atS), f.cause]));
  const { rows } = await center.pool.query(`select o.id, o.state, o.source, o.crew, e.id as dev, o.customers_affected as ca, o.customers_out as co, sum(s.customer_minutes)::int as cm, count(*) as steps, o.started_at, o.restored_at from outage o join outage_step s on s.outage_id=o.id join equipment e on e.equipment_key=o.device_key where merged_into is null and state<>'rejected' group by 1,2,3,4,5,6,7,o.started_at,o.restored_at order by cm desc limit 14`);
  console.table(rows.map((r: any) => ({ ...r, started_at: r.started_at.toISOString().slice(11,19), restored_at: r.restored_at?.toISOString().slice(11,19) })));
  for (const r of rows.slice(0, 3)) { const l = await center.pool.query(`select to_char(at,'HH24:MI:SS') at, actor, verb, from_state, to_state, reason from outage_log where outage_id=$1 order by log_id limit 14`, [r.id]); console.log(r.id); console.table(l.rows); }
  for (const f of field.faults.filter((f: any)=>!f.isMomentary).slice(0,60)) console.log(f.id, n.edge.id.at(f.device), f.customers, Math.round(f.atS), f.repairedS && Math.round(f.repairedS), f.cause);
  console.log('OPEN', center.outages.open().map((o: any)=>[o.id,o.device_id,o.state,o.customers_out,o.meters_dark,o.crew].join(' ')));
} } as any);
console.log(JSON.stringify({ ...card, score: { ...card.score, curve: 0 } }));
process.exit(0);
