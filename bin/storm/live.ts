/**
 * The storm of a drill played into a running center in real time (or so many times faster): the same field, the same
 * crews, the same doors. An operator watches it, and may take over any crew or outage.
 */
import type { NetworkColumns } from '#model/network.ts';
import type { MeterEventColumns } from '#model/reading.ts';
import { reportStates } from '#services/network/sql.ts';
import type { Topology } from '#services/network/topology.ts';
import type { CustomerCall } from '#sources/storm/calls.ts';
import { type DeviceReport, makeStormField } from '#sources/storm/field.ts';
import { arrivalS, gustMsAt } from '#sources/storm/front.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { eventsOf } from './drill.ts';
import { type FieldCrewNeeds, makeFieldCrews } from './field_crews.ts';
import { stormGridOf } from './truth.ts';

export interface LiveStormPieces {
  pool: Pool;
  takeCall: (call: { id: string; meter: string; kind: CustomerCall['kind']; called_at: string }) => Promise<unknown>;
  /** reported device states are stored: take them */
  statesStored: () => void;
  crews: FieldCrewNeeds['crews'];
  outages: FieldCrewNeeds['outages'];
  report: (message: string, error: unknown) => void;
}

export interface LiveStormOptions {
  network: NetworkColumns;
  truth: Topology;
  seed: number;
  hours: number;
  startMs: number;
  speed: number;
}

export interface LiveStorm {
  dark: Uint8Array;
  advance(nowMs: number): { events: MeterEventColumns; notes: { at: string; text: string; edge: number }[] };
  operate(edge: number, open: boolean, nowMs: number): void;
  /** meters that were dark when the last run ended: everything begins anew, they have power */
  wake(meters: ArrayLike<number>, nowMs: number): void;
  /** calls, device states and crews of what `advance` brought */
  settle(nowMs: number): Promise<void>;
  gustAhead(area: string): { metresPerS: number; atMs: number } | null;
}

const crewsEveryS = 30;

export function makeLiveStorm(options: LiveStormOptions, pieces: LiveStormPieces): LiveStorm {
  const { network, truth, seed, startMs, speed } = options;
  const field = makeStormField({ network, grid: stormGridOf(truth), seed, hours: options.hours });
  const secondsAt = (nowMs: number): number => ((nowMs - startMs) / 1000) * speed;
  const toMs = (atS: number): number => startMs + (atS * 1000) / speed;
  const crews = makeFieldCrews({
    ...{ seed, field, crews: pieces.crews, outages: pieces.outages },
    edgeAbove: (edge) => truth.edgeAbove(edge),
    transformerOf: (meter) => network.meter.transformer[meter],
    deviceId: (edge) => network.edge.id.at(edge),
    // ten minutes of the storm
    nowMs: () => startMs + (Date.now() - startMs) * speed,
    settled: async () => undefined,
    // an operator was quicker: that is what the product is for
    refused: () => undefined,
  });
  const run = startMs.toString(36);
  const calls: CustomerCall[] = [];
  let devices: DeviceReport[] = [];
  let crewsAtS = 0;
  const extra: { meter: number; type: 'power_restored'; stampedS: number }[] = [];
  const areas = areaCentres(network);

  async function settle(nowMs: number): Promise<void> {
    for (; calls.length > 0; calls.shift()) {
      const { id, meter, kind, atS } = calls[0];
      const called_at = new Date(Math.min(nowMs, toMs(atS))).toISOString();
      await pieces.takeCall({ id: `${id}-${run}`, meter: network.meter.id.at(meter), kind, called_at });
    }
    if (devices.length > 0) {
      const states = devices.map(({ edge, open, atS }) => ({
        device_id: network.edge.id.at(edge),
        event_time: new Date(toMs(atS)).toISOString(),
        state: open ? 'open' : 'closed',
      }));
      await reportStates(pieces.pool, states, 'simulation');
      devices = [];
      pieces.statesStored();
    }
    const atS = secondsAt(nowMs);
    if (atS - crewsAtS < crewsEveryS) return;
    crewsAtS = atS;
    await crews.step(atS);
  }

  return {
    dark: field.dark,
    advance: (nowMs) => {
      const news = field.advance(secondsAt(nowMs));
      calls.push(...news.calls);
      devices.push(...news.devices);
      return {
        events: eventsOf([...extra.splice(0), ...news.messages], (atS) => Math.min(nowMs, toMs(atS))),
        notes: news.notes.map(({ atS, text, edge }) => ({ at: new Date(toMs(atS)).toISOString(), text, edge })),
      };
    },
    operate: (edge, open, nowMs) => field.operate(edge, open, secondsAt(nowMs)),
    wake: (meters, nowMs) => {
      for (let i = 0; i < meters.length; i++)
        extra.push({ meter: meters[i], type: 'power_restored', stampedS: secondsAt(nowMs) });
    },
    settle: (nowMs) =>
      settle(nowMs).catch((error: unknown) => pieces.report('the storm could not go on; tried again at once', error)),
    gustAhead: (area) => {
      const centre = areas.get(area);
      if (!centre) return null;
      const atS = arrivalS(field.front, centre.lon, centre.lat);
      if (!Number.isFinite(atS) || toMs(atS) < Date.now()) return null;
      return { metresPerS: gustMsAt(field.front, centre.lon, centre.lat, atS), atMs: toMs(atS) };
    },
  };
}

/** The middle of each area's substations. */
function areaCentres({ area, substation }: NetworkColumns): Map<string, { lon: number; lat: number }> {
  const centres = new Map<string, { lon: number; lat: number }>();
  for (let row = 0; row < area.count; row++) {
    let [n, lon, lat] = [0, 0, 0];
    for (let s = 0; s < substation.count; s++) {
      if (substation.area[s] !== row) continue;
      n++;
      lon += substation.lonE7[s] * 1e-7;
      lat += substation.latE7[s] * 1e-7;
    }
    if (n > 0) centres.set(area.id.at(row), { lon: lon / n, lat: lat / n });
  }
  return centres;
}
