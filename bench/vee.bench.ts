/**
 * Validation of a day: every rule over a range of meters with seven days of history, from an analytical file on disk.
 *
 *   flux bench vee [--meters 25000] [--repetitions 3]
 *
 * Opponent, in the same run: five of the rules (gap, spike, zero, stuck value, dynamic comparison) over one object per
 * reading, the same history included, a thousand meters at a time.
 */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { dayOfDate, type LocalDay, localDay } from '#services/vee/days.ts';
import { defaultVeeConfig } from '#services/vee/rules.ts';
import { findingsOf } from '#services/vee/scan.ts';
import { type Engine, rowsFrom, startEngine } from '#stores/columnar/engine.ts';
import { prepareCatalogue } from '#stores/columnar/layers.ts';
import { median } from './report/quantiles.ts';
import { printReport, say } from './report/report.ts';

const { values: options } = parseArgs({
  options: { meters: { type: 'string', default: '25000' }, repetitions: { type: 'string', default: '3' } },
});
const meters = Number(options.meters);
const repetitions = Number(options.repetitions);
const zone = 'America/Chicago';
const day = dayOfDate('2026-07-08', zone);
const ticksPerSecond = 100;

async function fill(engine: Engine, one: LocalDay): Promise<void> {
  await engine.script([
    `insert into silver_reading
     select meter, start_s, 15, (200 + 150 * sin(2 * pi() * (start_s - ${one.startS}) / 86400) + hash(meter, start_s) % 200)::integer,
            1180 + hash(start_s, meter) % 40, 1, 1, 0, 'http', 0
     from range(${one.startS}, ${one.endS}, 900) as slot (start_s), range(${meters}) as list (meter)`,
  ]);
}

/** User and system time of the analytical process so far, seconds. */
async function cpuSeconds(engine: Engine): Promise<number> {
  const stat = await fs.readFile(`/proc/${engine.pid()}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

async function timed(work: () => Promise<number>): Promise<{ seconds: number; found: number }> {
  const begin = performance.now();
  const found = await work();
  return { seconds: (performance.now() - begin) / 1000, found };
}

interface Row {
  meter: number;
  start: number;
  wh: number;
}

/** The plain way: every reading an object, meter by meter. */
async function rowByRow(engine: Engine, from: number, to: number): Promise<number> {
  const days = [...defaultVeeConfig.lookbackDays, 0].map((back) => localDay(day.number - back, zone));
  const spans = days.map((d) => `(interval_start_s >= ${d.startS} and interval_start_s < ${d.endS})`).join(' or ');
  const rows = rowsFrom<Row>(
    await engine.query(
      `select meter_key as meter, interval_start_s as start, wh from silver_reading
       where (${spans}) and meter_key >= ${from} and meter_key < ${to} order by meter_key, interval_start_s`,
    ),
  );
  let found = 0;
  for (const list of Map.groupBy(rows, (row) => row.meter).values()) {
    const today = list.filter((row) => row.start >= day.startS);
    found += ofToday(today) + farFromUsual(list, today);
  }
  return found;
}

function ofToday(today: Row[]): number {
  let found = 0;
  let same = 1;
  const third = today.map((row) => row.wh).sort((a, b) => b - a)[2];
  today.forEach((row, i) => {
    const before = today[i - 1];
    if (before && row.start - before.start > 900) found++;
    if (row.wh > 6 * third && row.wh - third > 2500) found++;
    same = before?.wh === row.wh ? same + 1 : 1;
    if (same === (row.wh === 0 ? 24 : 16)) found++;
  });
  return found;
}

function farFromUsual(list: Row[], today: Row[]): number {
  const sums = new Map<number, number>();
  for (const row of list)
    sums.set(row.start - (row.start % 3600), (sums.get(row.start - (row.start % 3600)) ?? 0) + row.wh);
  const byHour = Map.groupBy(
    [...sums].filter(([start]) => start < day.startS),
    ([start]) => start % 86_400,
  );
  let found = 0;
  for (const start of new Set(today.map((row) => row.start - (row.start % 3600)))) {
    const past = (byHour.get(start % 86_400) ?? []).map(([, wh]) => wh);
    const mean = past.reduce((a, b) => a + b, 0) / past.length;
    const deviation = Math.sqrt(past.reduce((a, b) => a + (b - mean) ** 2, 0) / (past.length - 1));
    const away = Math.abs((sums.get(start) ?? 0) - mean);
    if (away > 3000 && away > 8 * Math.max(deviation, 0.2 * mean)) found++;
  }
  return found;
}

const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-bench-vee-'));
const engine = startEngine({
  name: 'bench',
  path: path.join(folder, 'analytics.duckdb'),
  memoryLimit: '1GB',
  temporaryFolder: folder,
  onOpen: prepareCatalogue,
});
try {
  await engine.script([
    `insert into meter_dimension select meter, 0, meter % 300, 0, 0 from range(${meters}) as list (meter)`,
  ]);
  for (const back of [...defaultVeeConfig.lookbackDays, 0].sort((a, b) => b - a))
    await fill(engine, localDay(day.number - back, zone));
  await engine.script(['checkpoint']);
  const readings = meters * 96;
  const before = await cpuSeconds(engine);
  const rules: { seconds: number; found: number }[] = [];
  for (let i = 0; i < repetitions; i++) {
    const scope = {
      days: [day],
      untilS: day.endS + 86_400,
      reachedS: day.endS + 86_400,
      zoneDay: (number: number) => localDay(number, zone),
      config: defaultVeeConfig,
      meterFrom: 0,
      meterTo: meters,
      meters: null,
      dark: [],
      registers: [],
    };
    rules.push(await timed(async () => (await findingsOf(engine, scope)).length));
    say(`rules: ${readings.toLocaleString('en-US')} readings in ${rules[i].seconds.toFixed(2)} s`);
  }
  const cpu = ((await cpuSeconds(engine)) - before) / repetitions;
  const plainMeters = Math.min(meters, 2000);
  const plain: { seconds: number; found: number }[] = [];
  const ownBefore = process.cpuUsage();
  const engineBefore = await cpuSeconds(engine);
  for (let i = 0; i < repetitions; i++)
    plain.push(
      await timed(async () => {
        let found = 0;
        for (let from = 0; from < plainMeters; from += 1000) found += await rowByRow(engine, from, from + 1000);
        return found;
      }),
    );
  const own = process.cpuUsage(ownBefore);
  const plainCpu = ((own.user + own.system) / 1e6 + (await cpuSeconds(engine)) - engineBefore) / repetitions;
  const perSecond = readings / median(rules.map((one) => one.seconds));
  const plainPerSecond = (plainMeters * 96) / median(plain.map((one) => one.seconds));
  await printReport('vee', {
    meters,
    readings,
    history_readings: readings * defaultVeeConfig.lookbackDays.length,
    findings: rules[0].found,
    seconds: rules.map((one) => one.seconds),
    readings_per_s: Math.round(perSecond),
    cpu_seconds_per_million: (cpu / readings) * 1e6,
    minutes_for_57_million: 57_303_000 / perSecond / 60,
    opponent: {
      what: 'five rules, one object per reading',
      readings_per_s: Math.round(plainPerSecond),
      cpu_seconds_per_million: (plainCpu / (plainMeters * 96)) * 1e6,
    },
    times_the_opponent: perSecond / plainPerSecond,
  });
} finally {
  await engine.stop();
  await fs.rm(folder, { recursive: true, force: true });
}
