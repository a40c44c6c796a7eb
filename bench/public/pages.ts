/** Builds of the public pages on a territory, timed; the folder keeps those of the last build. */
import { createHash } from 'node:crypto';
import { scaleFrom } from '#bin/config.ts';
import { type Outage, outageStates } from '#model/api/outages.ts';
import { makeCells } from '#services/public_map/cells.ts';
import { makeGround } from '#services/public_map/drawing.ts';
import { publicPicture } from '#services/public_map/picture.ts';
import { makePublisher } from '#services/public_map/publisher.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { median } from '../report/quantiles.ts';
import { say } from '../report/report.ts';

const repetitions = 7;

/** @param counts outages at once, one entry of the answer each; the page of the first is built again at the end */
export async function buildPages(folder: string, meters: number, counts: number[]) {
  const network = generateTerritory({ scale: scaleFrom(meters), seed: 1 });
  const { meter, node, feeder, substation, area } = network;
  const zoneOf = (row: number): number => substation.area[feeder.substation[node.feeder[meter.node[row]]]];
  const served = new Int32Array(area.count);
  for (let row = 0; row < meter.count; row++) served[zoneOf(row)]++;
  const zones = Array.from(served, (count, row) => ({ id: area.id.at(row), name: area.name[row], served: count }));
  const began = performance.now();
  const cells = makeCells(network, 50, zoneOf);
  const ground = makeGround(cells, zones);
  const sceneMs = performance.now() - began;
  const publicId = (id: string): string => createHash('sha256').update(id).digest('hex').slice(0, 20);

  const outagesOf = (count: number, round: number): Outage[] =>
    Array.from({ length: count }, (_, i) => {
      const row = (i * 7919) % meter.count;
      return {
        id: `OUT-${i}`,
        state: outageStates[i % 7],
        area_id: area.id.at(zoneOf(row)),
        lon: meter.lonE7[row] * 1e-7,
        lat: meter.latE7[row] * 1e-7,
        customers_out: 1 + round + ((i * 37) % 200),
        customers_affected: 20 + ((i * 37) % 200),
        started_at: '2026-07-04T18:15:00.000Z',
        etr_p50: '2026-07-04T20:15:00.000Z',
        etr_p90: '2026-07-04T23:15:00.000Z',
        etr_source: 'model',
        crew: i % 3 ? 'crew' : null,
        cause: 'tree',
      } as Outage;
    });
  let now: Outage[] = [];
  const publisher = makePublisher({
    folder,
    picture: () => publicPicture(now, { smallest: 5, cells, zones, publicId }),
    ground: () => ground,
    currentToMs: Date.now,
    utility: 'Bench Electric',
    phone: undefined,
    timeZone: 'America/Chicago',
    everyMs: 3_600_000,
    staleAfterS: 86_400,
    told: () => undefined,
    report: (_message, error) => {
      throw error;
    },
  });
  await publisher.start();
  const builds = [];
  for (const count of [...counts, counts[0]]) {
    const times: number[] = [];
    const cpuMs: number[] = [];
    for (let round = 0; round < repetitions; round++) {
      now = outagesOf(count, round * 5);
      const cpu = process.cpuUsage();
      await publisher.build();
      const { user, system } = process.cpuUsage(cpu);
      times.push(publisher.stats().lastBuildMs);
      cpuMs.push((user + system) / 1000);
    }
    builds.push({ outages: count, build_ms: median(times), cpu_ms: median(cpuMs) });
    say(`${count} outages: a build in ${median(times).toFixed(0)} ms, ${median(cpuMs).toFixed(0)} ms of CPU`);
  }
  await publisher.stop();
  return { cells_and_ground_ms: sceneMs, each: builds.slice(0, counts.length) };
}
