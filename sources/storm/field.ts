/**
 * The field in a storm: the truth, in switch states of its own. Faults open the protective device above them; reclosers
 * bring momentary ones back; meters send what they manage to send, customers call, devices with telemetry report. Crews
 * find and repair what is there. Seconds count from the beginning of the storm. Nothing here knows what anybody infers.
 */
import { edgeKindCode, isProtective, type NetworkColumns } from '#model/network.ts';
import { hashUnit, mix } from '#sources/territory/random.ts';
import { makeAgenda } from './agenda.ts';
import { type BreadthSettings, breadthDefaults, type PlannedWork } from './breadth.ts';
import { type CallCenter, type CallSettings, type CustomerCall, callDefaults, makeCallCenter } from './calls.ts';
import { extentOf, type Fault, type FaultSettings, faultDefaults, faultsOf } from './faults.ts';
import { type Front, gustMsAt, makeFront } from './front.ts';
import {
  type MessagePath,
  type MessageSettings,
  type MeterMessage,
  makeMessagePath,
  messageDefaults,
} from './messages.ts';

/** What the field needs of a topology of its own. */
export interface StormGrid {
  setOpen(edge: number, open: boolean): { deEnergised: Int32Array; energised: Int32Array };
  isOpen(edge: number): boolean;
  edgeAbove(edge: number): number;
  isEnergised(node: number): boolean;
  metersAt(nodes: Int32Array): Int32Array;
}

export interface StormOptions {
  network: NetworkColumns;
  grid: StormGrid;
  seed: number;
  /** of weather */
  hours: number;
  faults?: Partial<FaultSettings>;
  messages?: Partial<MessageSettings>;
  calls?: Partial<CallSettings>;
  breadth?: Partial<BreadthSettings>;
  planned?: readonly PlannedWork[];
}

export interface OpenFault extends Fault {
  /** protective device that opened for it */
  device: number;
  /** meters that lost supply with it; 0 where they were dark already: hidden below another fault */
  customers: number;
  /** phase bit of the one pole that the device lost, 0 where it is open */
  phase: number;
  repairedS: number | null;
}

export interface DeviceReport {
  edge: number;
  open: boolean;
  atS: number;
}

export interface StormNews {
  messages: MeterMessage[];
  calls: CustomerCall[];
  devices: DeviceReport[];
  notes: { atS: number; text: string; edge: number }[];
}

export interface StormField {
  front: Front;
  dark: Uint8Array;
  customersDark(): number;
  /** of them, those of planned work that lasts */
  customersPlanned(atS: number): number;
  /** momentary ones too, in the order of their time, as far as they have happened */
  faults: OpenFault[];
  /** faults that have happened and are not repaired, by the device they hold open */
  openAt: ReadonlyMap<number, OpenFault[]>;
  /** what keeps each zone dark, and since when: its device (and whom, where it lost a pole), the switch a crew opened in
   * its place, or both */
  holding(): { device: number; at: number; sinceS: number; behindPole?: Int32Array }[];
  faultsToCome(): number;
  messages: MessagePath['counts'];
  calls: CallCenter['counts'];
  /** delivers everything up to then; calls of an earlier time than the last give nothing */
  advance(toS: number): StormNews;
  /** when something is due next */
  nextS(): number;
  /** A crew closes the part of a device's zone that is sound: power for those before the next switch. @returns meters */
  sectionalise(device: number, atS: number): number;
  /** Everything that is broken in the zone of a device is repaired and the device closed. @returns meters with power again */
  repair(device: number, atS: number): number;
  /** somebody else (an operator) moved a device */
  operate(edge: number, open: boolean, atS: number): void;
  gustForecast(lon: number, lat: number, atS: number): number;
}

/** Meters ride through less than this; an interruption that lasts longer makes a part of them gasp. */
const momentaryGaspShare = 0.3;
/** meters that one collector hears live in a square of this side */
const collectorsPerDegree = 300;

export function makeStormField(options: StormOptions): StormField {
  const { network, grid, seed } = options;
  const { edge, meter } = network;
  const front = makeFront({ seed, extent: extentOf(network), hours: options.hours });
  const coming = makeAgenda<Fault>();
  for (const fault of faultsOf(network, front, options.hours, { ...faultDefaults, ...options.faults }))
    coming.put(fault.atS, fault);
  const later = makeAgenda<(atS: number) => void>();
  const dark = new Uint8Array(meter.count);
  const faults: OpenFault[] = [];
  const openAt = new Map<number, OpenFault[]>();
  /** switches that crews opened to isolate a damaged part, by the device of its zone */
  const isolatedBy = new Map<number, { at: number; sinceS: number }>();
  /** meters without supply by a lost pole, by device; and marked */
  const behindPole = new Map<number, Int32Array>();
  const isBehindPole = new Uint8Array(meter.count);
  const openByPlan = new Set<number>();
  const { poleShare } = { ...breadthDefaults, ...options.breadth };
  let customersDark = 0;
  let devices: DeviceReport[] = [];
  let notes: StormNews['notes'] = [];

  const collectorOf = (row: number): number =>
    mix(
      Math.floor(meter.lonE7[row] * 1e-7 * collectorsPerDegree),
      Math.floor(meter.latE7[row] * 1e-7 * collectorsPerDegree),
    );
  const path = makeMessagePath(
    mix(seed, 0x3e55),
    { ...messageDefaults, perS: Math.max(50, meter.count / 400), ...options.messages },
    collectorOf,
    (share) => {
      const row = Math.floor(share * meter.count);
      return dark[row] === 0 ? row : -1;
    },
  );
  const callCenter = makeCallCenter(mix(seed, 0xca11), {
    ...callDefaults,
    lines: Math.max(4, Math.ceil(meter.count / 3000)),
    ...options.calls,
  });

  /** Breakers always have telemetry, reclosers mostly, nothing else. */
  function report(device: number, open: boolean, atS: number): void {
    const kind = edge.kind[device];
    const has =
      kind === edgeKindCode.breaker || (kind === edgeKindCode.recloser && hashUnit(mix(seed, 0x7e1e), device) < 0.7);
    if (has)
      later.put(atS + 2 + 10 * hashUnit(mix(seed, 0x7e1f), mix(device, Math.floor(atS))), () =>
        devices.push({ edge: device, open, atS }),
      );
  }

  /** A switch without telemetry: the crew tells the control room within a minute or two. */
  function callIn(device: number, open: boolean, atS: number): void {
    const saidS = atS + 40 + 80 * hashUnit(mix(seed, 0xca1), mix(device, Math.floor(atS)));
    later.put(saidS, () => devices.push({ edge: device, open, atS }));
  }

  /** @returns meters that changed */
  function move(device: number, open: boolean, atS: number): number {
    const result = grid.setOpen(device, open);
    const lost = grid.metersAt(result.deEnergised).filter((row) => dark[row] === 0);
    const back = grid.metersAt(result.energised).filter((row) => dark[row] === 1 && isBehindPole[row] === 0);
    lose(lost, atS);
    relight(back, atS);
    report(device, open, atS);
    return lost.length + back.length;
  }

  function lose(lost: Int32Array, atS: number): void {
    if (lost.length === 0) return;
    for (const row of lost) dark[row] = 1;
    customersDark += lost.length;
    path.send(lost, 'last_gasp', atS);
    callCenter.lost(lost, atS);
  }

  function relight(back: Int32Array, atS: number): void {
    if (back.length === 0) return;
    for (const row of back) dark[row] = 0;
    customersDark -= back.length;
    path.send(back, 'power_restored', atS);
  }

  /** Meters that a device alone feeds now. */
  function fedBy(device: number): Int32Array {
    const { deEnergised } = grid.setOpen(device, true);
    grid.setOpen(device, false);
    return grid.metersAt(deEnergised);
  }

  /** One pole of a fuse blows: who hangs on that phase alone has no supply. @returns the phase, 0 where it is no such fault */
  function blowPole(device: number, fault: Fault): { phase: number; customers: number } | undefined {
    const served = edge.phases[device];
    const isFuse = edge.kind[device] === edgeKindCode.fuse && (served & (served - 1)) !== 0;
    if (!isFuse || openAt.has(device) || grid.isOpen(device)) return undefined;
    if (hashUnit(mix(seed, 0x901e), fault.id) >= poleShare) return undefined;
    const fed = fedBy(device);
    const draw = Math.floor(hashUnit(mix(seed, 0x901f), fault.id) * 3);
    for (const turn of [0, 1, 2]) {
      const phase = 1 << ((draw + turn) % 3);
      const behind = fed.filter((row) => meter.phases[row] === phase && dark[row] === 0);
      if ((served & phase) === 0 || behind.length === 0) continue;
      behindPole.set(device, behind);
      for (const row of behind) isBehindPole[row] = 1;
      lose(behind, fault.atS);
      return { phase, customers: behind.length };
    }
    return undefined;
  }

  function openForWork(device: number, atS: number): void {
    // nobody begins where the storm was first
    if (openAt.has(device) || grid.isOpen(device) || !grid.isEnergised(edge.from[device])) return;
    openByPlan.add(device);
    move(device, true, atS);
    callIn(device, true, atS);
  }
  /** What broke there meanwhile keeps it open. */
  function closeAfterWork(device: number, atS: number): void {
    if (!openByPlan.delete(device) || openAt.has(device)) return;
    move(device, false, atS);
    callIn(device, false, atS);
  }
  for (const { device, fromS, toS } of options.planned ?? []) {
    later.put(fromS, (atS) => openForWork(device, atS));
    later.put(toS, (atS) => closeAfterWork(device, atS));
  }

  /** The device that clears a fault: the nearest protective one above it, the transformer itself where that is hit. */
  function deviceFor(at: number, wanted: (kind: number) => boolean): number {
    for (let row = at; row >= 0; row = grid.edgeAbove(row)) if (wanted(edge.kind[row])) return row;
    return -1;
  }

  function momentary(fault: Fault): void {
    const device = deviceFor(fault.edge, (kind) => kind === edgeKindCode.recloser || kind === edgeKindCode.breaker);
    if (device < 0 || grid.isOpen(device)) return;
    const blinked = fedBy(device).filter((row) => dark[row] === 0);
    faults.push({ ...fault, device, customers: blinked.length, phase: 0, repairedS: fault.atS });
    const heard = blinked.filter((row) => hashUnit(mix(seed, fault.id), row) < momentaryGaspShare);
    path.send(heard, 'last_gasp', fault.atS);
    path.send(heard, 'power_restored', fault.atS + 2 + 12 * hashUnit(mix(seed, 0xb11), fault.id));
  }

  function happen(fault: Fault): void {
    if (fault.isMomentary) {
      momentary(fault);
      return;
    }
    const device = deviceFor(fault.edge, isProtective);
    if (device < 0) return;
    const before = openAt.get(device);
    const pole = blowPole(device, fault);
    const customers = pole?.customers ?? (grid.isOpen(device) ? 0 : move(device, true, fault.atS));
    const open: OpenFault = { ...fault, device, customers, phase: pole?.phase ?? 0, repairedS: null };
    faults.push(open);
    openAt.set(device, [...(before ?? []), open]);
    if (customers > 0)
      notes.push({
        atS: fault.atS,
        text: `Storm: ${fault.cause} at ${edge.id.at(fault.edge)}; ${edge.id.at(device)} ${pole ? 'lost a pole' : 'opened'}, ${customers} customers lost supply`,
        edge: device,
      });
    if (edge.kind[fault.edge] === edgeKindCode.line_segment && hashUnit(mix(seed, 0x31e), fault.id) < 0.4) {
      const near = nearMeter(fault.edge);
      if (near >= 0) callCenter.wireDown(near, fault.atS + 60 + 900 * hashUnit(mix(seed, 0x31f), fault.id));
    }
  }

  /** A house at the line: below the end of the damaged piece. */
  function nearMeter(at: number): number {
    const found = grid.metersAt(Int32Array.of(edge.to[at], edge.from[at]));
    return found.length > 0 ? found[0] : -1;
  }

  function advanceTruth(toS: number): void {
    for (;;) {
      const nextS = Math.min(coming.nextS(), later.nextS());
      if (nextS > toS) return;
      // single moments, so that what follows from one comes before what is due later
      if (later.nextS() <= coming.nextS()) for (const { atS, item } of later.takeUntil(nextS)) item(atS);
      else for (const { item } of coming.takeUntil(nextS)) happen(item);
    }
  }

  /** The closed switch next above the faults of a zone, where all of them lie below the same one: before it all is sound. */
  function switchBefore(device: number): number {
    const broken = openAt.get(device) ?? [];
    let found = -1;
    for (const fault of broken) {
      let nearest = -1;
      for (let row = fault.edge; row >= 0 && row !== device; row = grid.edgeAbove(row))
        if (nearest < 0 && edge.kind[row] === edgeKindCode.switch && !grid.isOpen(row)) nearest = row;
      if (nearest < 0 || (found >= 0 && found !== nearest)) return -1;
      found = nearest;
    }
    return found;
  }

  return {
    front,
    dark,
    faults,
    openAt,
    customersDark: () => customersDark,
    customersPlanned: (atS) => {
      let count = 0;
      for (const { fromS, toS, meters } of options.planned ?? [])
        if (fromS <= atS && atS < toS) for (const row of meters) count += dark[row];
      return count;
    },
    holding: () =>
      [...openAt].flatMap(([device, broken]) => {
        if (openByPlan.has(device)) return [];
        const apart = isolatedBy.get(device);
        const behind = grid.isOpen(device) ? undefined : behindPole.get(device);
        if (!apart)
          return [{ device, at: device, sinceS: Math.min(...broken.map(({ atS }) => atS)), behindPole: behind }];
        const isolated = { device, ...apart };
        // another fault between the device and the switch opened it again
        if (!grid.isOpen(device)) return [isolated];
        return [isolated, { device, at: device, sinceS: Math.max(...broken.map(({ atS }) => atS)) }];
      }),
    faultsToCome: () => coming.size(),
    messages: path.counts,
    calls: callCenter.counts,
    advance: (toS) => {
      advanceTruth(toS);
      const news: StormNews = {
        messages: path.takeUntil(toS),
        calls: callCenter.takeUntil(toS, (row) => dark[row] === 1),
        devices,
        notes,
      };
      devices = [];
      notes = [];
      return news;
    },
    nextS: () =>
      devices.length + notes.length > 0 ? 0 : Math.min(coming.nextS(), later.nextS(), path.nextS(), callCenter.nextS()),
    sectionalise: (device, atS) => {
      advanceTruth(atS);
      const apart = switchBefore(device);
      if (apart < 0 || isolatedBy.has(device) || !grid.isOpen(device) || openByPlan.has(device)) return 0;
      move(apart, true, atS);
      callIn(apart, true, atS);
      isolatedBy.set(device, { at: apart, sinceS: atS });
      return move(device, false, atS);
    },
    repair: (device, atS) => {
      advanceTruth(atS);
      for (const fault of openAt.get(device) ?? []) fault.repairedS = atS;
      openAt.delete(device);
      const apart = isolatedBy.get(device);
      isolatedBy.delete(device);
      const behind = behindPole.get(device) ?? new Int32Array(0);
      behindPole.delete(device);
      for (const row of behind) isBehindPole[row] = 0;
      let back = grid.isOpen(device) && !openByPlan.has(device) ? move(device, false, atS) : 0;
      const lit = behind.filter((row) => dark[row] === 1 && grid.isEnergised(meter.node[row]));
      relight(lit, atS);
      back += lit.length;
      if (apart === undefined) return back;
      callIn(apart.at, false, atS);
      return back + move(apart.at, false, atS);
    },
    operate: (row, open, atS) => {
      if (grid.isOpen(row) !== open) move(row, open, atS);
    },
    gustForecast: (lon, lat, atS) => gustMsAt(front, lon, lat, atS),
  };
}
