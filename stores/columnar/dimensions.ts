/** What the analytical store knows of the network and of the utility's calendar; rewritten as a whole when they change. */
import type { NetworkColumns } from '#model/network.ts';
import type { Engine } from '#stores/columnar/engine.ts';
import type { WireColumn } from '#stores/columnar/engine_wire.ts';
import { quoted } from '#stores/columnar/literal.ts';

/** Which transformer, feeder and substation a meter belongs to, and what the assets are called and rated. */
export async function loadDimensions(engine: Engine, network: NetworkColumns): Promise<void> {
  const { meter, node, feeder, substation, edge } = network;
  const n = meter.count;
  const meterKey = new Int32Array(n);
  const placeKey = new Int32Array(n);
  const feederKey = new Int32Array(n);
  const substationKey = new Int32Array(n);
  const nominalDecivolt = new Int16Array(n);
  const metersOf = {
    transformer: new Map<number, number>(),
    feeder: new Map<number, number>(),
    substation: new Map<number, number>(),
  };
  const count = (counts: Map<number, number>, key: number): unknown => counts.set(key, (counts.get(key) ?? 0) + 1);
  const places = new Map<number, number>();
  /** One number for transformer and feeder: what interval totals are first made by. */
  const placeOf = (transformer: number, itsFeeder: number): number => {
    const pair = (transformer + 1) * (feeder.count + 1) + itsFeeder + 1;
    const place = places.get(pair) ?? places.size;
    places.set(pair, place);
    return place;
  };
  for (let m = 0; m < n; m++) {
    meterKey[m] = m;
    feederKey[m] = node.feeder[meter.node[m]];
    substationKey[m] = feederKey[m] < 0 ? -1 : feeder.substation[feederKey[m]];
    placeKey[m] = placeOf(meter.transformer[m], feederKey[m]);
    // Split-phase services have 240 V between their legs; others are measured against neutral.
    nominalDecivolt[m] = [1, 2, 4].includes(meter.phases[m]) ? 2400 : 1200;
    count(metersOf.transformer, meter.transformer[m]);
    count(metersOf.feeder, feederKey[m]);
    count(metersOf.substation, substationKey[m]);
  }
  await rewrite(
    engine,
    'meter_dimension',
    n,
    [
      { name: 'meter_key', type: 'integer', values: meterKey },
      { name: 'place_key', type: 'integer', values: placeKey },
      { name: 'transformer_key', type: 'integer', values: meter.transformer.subarray(0, n) },
      { name: 'feeder_key', type: 'integer', values: feederKey },
      { name: 'substation_key', type: 'integer', values: substationKey },
      { name: 'customer_class', type: 'utinyint', values: meter.customerClass.subarray(0, n) },
      { name: 'nominal_decivolt', type: 'smallint', values: nominalDecivolt },
    ],
    [
      'delete from place_dimension',
      'insert into place_dimension select distinct place_key, transformer_key, feeder_key, substation_key from meter_dimension',
    ],
  );
  const transformers = [...metersOf.transformer.keys()].filter((key) => key >= 0);
  await rewrite(engine, 'transformer_dimension', transformers.length, [
    { name: 'transformer_key', type: 'integer', values: Int32Array.from(transformers) },
    { name: 'transformer_id', type: 'varchar', texts: textsOf(transformers, (key) => edge.id.at(key)) },
    { name: 'feeder_key', type: 'integer', values: Int32Array.from(transformers, (key) => edge.feeder[key]) },
    { name: 'rated_kva', type: 'double', values: Float64Array.from(transformers, (key) => edge.ratedKva[key]) },
    { name: 'meters', type: 'integer', values: Int32Array.from(transformers, (key) => metersOf.transformer.get(key)!) },
  ]);
  const feeders = Array.from({ length: feeder.count }, (_, key) => key);
  await rewrite(engine, 'feeder_dimension', feeder.count, [
    { name: 'feeder_key', type: 'integer', values: Int32Array.from(feeders) },
    { name: 'feeder_id', type: 'varchar', texts: textsOf(feeders, (key) => feeder.id.at(key)) },
    { name: 'feeder_name', type: 'varchar', texts: textsOf(feeders, (key) => feeder.name[key]) },
    { name: 'substation_key', type: 'integer', values: feeder.substation.subarray(0, feeder.count) },
    { name: 'meters', type: 'integer', values: Int32Array.from(feeders, (key) => metersOf.feeder.get(key) ?? 0) },
  ]);
  const substations = Array.from({ length: substation.count }, (_, key) => key);
  await rewrite(engine, 'substation_dimension', substation.count, [
    { name: 'substation_key', type: 'integer', values: Int32Array.from(substations) },
    { name: 'substation_id', type: 'varchar', texts: textsOf(substations, (key) => substation.id.at(key)) },
    { name: 'substation_name', type: 'varchar', texts: textsOf(substations, (key) => substation.name[key]) },
    { name: 'area_key', type: 'integer', values: substation.area.subarray(0, substation.count) },
    {
      name: 'meters',
      type: 'integer',
      values: Int32Array.from(substations, (key) => metersOf.substation.get(key) ?? 0),
    },
  ]);
}

const textsOf = (keys: number[], text: (key: number) => string): Map<number, string> =>
  new Map(keys.map((key, row) => [row, text(key)]));

function rewrite(
  engine: Engine,
  table: string,
  rows: number,
  columns: WireColumn[],
  then: string[] = [],
): Promise<void> {
  return engine.load(table, columns, rows, {
    before: ['begin transaction', `delete from ${table}`],
    after: [...then, 'commit'],
  });
}

/** What the numbers of sources mean. */
export async function loadSources(
  engine: Engine,
  sources: readonly { sourceKey: number; source: string; partition: number }[],
): Promise<void> {
  const rows = sources.map((origin) => `(${origin.sourceKey}, ${quoted(origin.source)}, ${origin.partition})`);
  await engine.script([
    'begin transaction',
    'delete from source_dimension',
    ...(rows.length > 0 ? [`insert into source_dimension values ${rows.join(', ')}`] : []),
    'commit',
  ]);
}

const firstYear = 2000;
// times are int32 seconds: they end in January 2038
const lastYear = 2038;

/** The zone of the days that daily rollups were made for; undefined before there are any. */
export async function localZone(engine: Engine): Promise<string | undefined> {
  const { time_zone: present } = await engine.query('select time_zone from local_zone');
  return present[0] as string | undefined;
}

/**
 * Every local day from 2000 to 2037 with its first and last instant: 92 quarter hours where clocks go forward, 100 where
 * they go back. Computed here once, because zone arithmetic per reading would cost more than the sums.
 */
export async function loadLocalDays(engine: Engine, timeZone: string): Promise<void> {
  const startOf = (day: Temporal.PlainDate): number =>
    Math.round(day.toZonedDateTime({ timeZone, plainTime: '00:00' }).epochMilliseconds / 1000);
  const rows: string[] = [];
  let day = Temporal.PlainDate.from({ year: firstYear, month: 1, day: 1 });
  let fromS = startOf(day);
  while (day.year < lastYear) {
    const next = day.add({ days: 1 });
    const toS = startOf(next);
    rows.push(`(date '${day.toString()}', ${fromS}, ${toS})`);
    [day, fromS] = [next, toS];
  }
  await engine.script([
    'begin transaction',
    'delete from local_day',
    'delete from local_quarter',
    'delete from local_zone',
    `insert into local_zone values (${quoted(timeZone)})`,
    `insert into local_day values ${rows.join(', ')}`,
    'insert into local_quarter select unnest(range(from_s, to_s, 900))::integer, local_date from local_day order by 1',
    'commit',
  ]);
}
