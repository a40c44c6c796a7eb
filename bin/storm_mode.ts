/** Storm mode joined to what it switches: thresholds and sampling of the outages, restoration times, the board. */

import type { StormCurve } from '#model/api/storm.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { RouteDeclaration } from '#model/route.ts';
import type { CrewService } from '#services/crews/service.ts';
import type { EtrService } from '#services/etr/service.ts';
import { type HoldBack, makeHoldBack } from '#services/outages/hold_back.ts';
import { isOut } from '#services/outages/lifecycle.ts';
import type { OutageService } from '#services/outages/service.ts';
import type { OutageThresholds } from '#services/outages/thresholds.ts';
import type { BoardArea } from '#services/storm/board.ts';
import { stormRoutes } from '#services/storm/routes.ts';
import { makeStormService, type StormService } from '#services/storm/service.ts';
import type { AreaFacts } from '#services/storm/suggest.ts';
import { type NamedQuery, oneRow, type Pool } from '#stores/postgres/pool.ts';

export interface StormPieces {
  pool: Pool;
  network: () => NetworkColumns;
  thresholds: OutageThresholds;
  timeZone: string;
  automatic: boolean;
  messagesPerS: number;
  outages: () => OutageService;
  crews: () => Pick<CrewService, 'list'>;
  etr: () => Pick<EtrService, 'whatIf'>;
  gustAhead?: (area: string) => AreaFacts['gust'];
  say: (text: string, area: string) => void;
  report: (message: string, error: unknown) => void;
  /** a simulated clock, UTC epoch ms */
  drivenMs?: () => number;
}

export interface Storm {
  service: StormService;
  holdBack: HoldBack;
  routes: RouteDeclaration[];
}

const takenSoFar: NamedQuery = {
  name: 'storm_taken',
  text: `
    select coalesce((select max(event.event_id) from meter_event as event), 0)::float8 as messages,
           coalesce((select max(call.call_no) from trouble_call as call), 0)::float8 as calls`,
};

/** The curve ahead costs two hundred simulated restorations: asked again only after this. */
const curveKeptMs = 20_000;

export function openStorm(pieces: StormPieces): Storm {
  const { pool, network, outages } = pieces;
  const nowMs = pieces.drivenMs ?? Date.now;
  let stormy: ReadonlySet<string> = new Set();
  let facts: { of: NetworkColumns; areaOfMeter: Int32Array; speaks: Uint8Array; areas: BoardArea[] } | undefined;
  let isStormy = new Uint8Array(0);

  /** Made once per network: who speaks for each transformer, and where each meter is. */
  function known(): NonNullable<typeof facts> {
    const columns = network();
    if (facts?.of !== columns) {
      facts = { of: columns, ...metersOf(columns) };
      isStormy = flagsOf(columns);
    }
    return facts;
  }
  const flagsOf = ({ area }: NetworkColumns): Uint8Array<ArrayBuffer> =>
    Uint8Array.from({ length: area.count }, (_, row) => (stormy.has(area.id.at(row)) ? 1 : 0));

  const openNow = () =>
    outages()
      .open()
      .filter(({ state }) => isOut(state));

  const holdBack = makeHoldBack({
    limitPerS: () => pieces.messagesPerS,
    isBellwether: (meter) => known().speaks[meter] === 1,
    applies: (meter) => {
      if (stormy.size === 0) return false;
      const { areaOfMeter } = known();
      return areaOfMeter[meter] >= 0 && isStormy[areaOfMeter[meter]] === 1;
    },
  });
  const service = makeStormService({
    ...{ pool, nowMs, timeZone: pieces.timeZone, automatic: pieces.automatic, report: pieces.report },
    areas: () => known().areas,
    open: openNow,
    crews: () => pieces.crews().list(),
    gustAhead: pieces.gustAhead ?? (() => null),
    changed: (areas) => {
      stormy = areas;
      isStormy = flagsOf(network());
      outages().setThresholds(inModes(pieces.thresholds, network(), areas));
    },
    say: pieces.say,
    taken: async () => (await oneRow<{ messages: number; calls: number }>(pool, takenSoFar))!,
    heldBack: holdBack.counts,
    limitPerS: pieces.messagesPerS,
    isDriven: pieces.drivenMs !== undefined,
  });
  let ahead: { atMs: number; answer: Promise<Pick<StormCurve, 'ahead' | 'crews_assumed'>> } | undefined;
  async function curve(hours: number): Promise<StormCurve> {
    const toS = Math.floor(nowMs() / 1000);
    const { time_s, customers_out } = await outages().timeline(toS - hours * 3600, toS, 240);
    const open = openNow();
    if (!ahead || nowMs() - ahead.atMs > curveKeptMs) {
      const answer =
        open.length === 0
          ? Promise.resolve({ ahead: null, crews_assumed: false })
          : pieces
              .etr()
              .whatIf({})
              .then(({ base, crews_assumed }) => ({ ahead: base, crews_assumed }));
      ahead = { atMs: nowMs(), answer };
      answer.catch(() => {
        ahead = undefined;
      });
    }
    return { at: new Date(nowMs()).toISOString(), time_s, customers_out, ...(await ahead.answer) };
  }
  return { service, holdBack, routes: stormRoutes({ service, curve }) };
}

/** The areas in storm mode by hand stand over what the file of thresholds says of them. */
function inModes(base: OutageThresholds, { area }: NetworkColumns, stormy: ReadonlySet<string>): OutageThresholds {
  const areas = new Map(base.areas);
  for (const id of stormy) {
    const row = area.id.rowOf(id);
    if (row >= 0) areas.set(row, { ...areas.get(row), mode: 'storm' });
  }
  return { ...base, areas };
}

/** One meter of each transformer speaks for it: a critical one where there is one. Meters without one speak themselves. */
export function metersOf({ meter, node, feeder, substation, area }: NetworkColumns) {
  const areaOfMeter = new Int32Array(meter.count).fill(-1);
  const speaks = new Uint8Array(meter.count);
  const speaker = new Map<number, number>();
  const customers = new Int32Array(area.count);
  for (let row = 0; row < meter.count; row++) {
    const feederRow = node.feeder[meter.node[row]];
    if (feederRow >= 0) {
      areaOfMeter[row] = substation.area[feeder.substation[feederRow]];
      customers[areaOfMeter[row]]++;
    }
    const transformer = meter.transformer[row];
    if (transformer < 0) {
      speaks[row] = 1;
      continue;
    }
    const first = speaker.get(transformer);
    if (first === undefined || (meter.critical[first] === 0 && meter.critical[row] > 0)) speaker.set(transformer, row);
  }
  for (const row of speaker.values()) speaks[row] = 1;
  const areas: BoardArea[] = Array.from(customers, (count, row) => ({
    id: area.id.at(row),
    name: area.name[row],
    customers: count,
  })).filter((one) => one.customers > 0);
  return { areaOfMeter, speaks, areas };
}
