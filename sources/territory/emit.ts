/** Writes one planned feeder into the network: bus, breaker, mains, laterals, transformers, meters. */
import { edgeKindCode, edgeKinds } from '#model/network.ts';
import type { NetworkBuilder } from '#model/network_builder.ts';
import { customersOf, sizeTransformer } from './customers.ts';
import type { FeederPlan, Service } from './feeder_plan.ts';
import type { FeederTree } from './feeder_tree.ts';
import { toLatE7, toLonE7 } from './geometry.ts';
import { pad } from './names.ts';
import type { SubstationSite } from './partition.ts';
import type { Random } from './random.ts';
import { streetPath } from './streets.ts';

/** x, y, x, y, ... in metres */
type Path = number[];

const idPrefix: Record<(typeof edgeKinds)[number], string> = {
  line_segment: 'LN',
  breaker: 'BRK',
  recloser: 'RCL',
  sectionalizer: 'SEC',
  fuse: 'FU',
  switch: 'SW',
  power_transformer: 'XF',
  voltage_regulator: 'REG',
  service_line: 'SV',
};
const deviceStandoffM = 7;

export interface FeederOrder {
  /** feeder row and its place among the substation's feeders */
  row: number;
  number: number;
  siblings: number;
  /** '0001-03' */
  code: string;
  site: SubstationSite;
  plan: FeederPlan;
  random: Random;
}

function lengthOf(path: Path): number {
  let length = 0;
  for (let i = 2; i < path.length; i += 2) {
    length += Math.sqrt((path[i] - path[i - 2]) ** 2 + (path[i + 1] - path[i - 1]) ** 2);
  }
  return length;
}

/** The path up to and from a distance, sharing the point there. */
function cutPath(path: Path, atM: number): [Path, Path] {
  let rest = atM;
  for (let i = 2; i < path.length; i += 2) {
    const dx = path[i] - path[i - 2];
    const dy = path[i + 1] - path[i - 1];
    const leg = Math.sqrt(dx * dx + dy * dy);
    if (leg >= rest || i === path.length - 2) {
      const t = leg === 0 ? 0 : Math.min(1, rest / leg);
      const cut = [path[i - 2] + t * dx, path[i - 1] + t * dy];
      const before = path.slice(0, i);
      const after = path.slice(t > 0.98 && i < path.length - 2 ? i + 2 : i);
      return [
        [...(t < 0.02 && before.length > 2 ? before.slice(0, -2) : before), ...cut],
        [...cut, ...after],
      ];
    }
    rest -= leg;
  }
  return [path, path.slice(-2)];
}

/** Writes a feeder and returns the node row of each position of its tree. */
export function emitFeeder(builder: NetworkBuilder, order: FeederOrder): Int32Array {
  const writer = new FeederWriter(builder, order);
  return writer.write();
}

class FeederWriter {
  readonly #builder: NetworkBuilder;
  readonly #order: FeederOrder;
  readonly #sequence = new Int32Array(edgeKinds.length);
  #nodes = 0;
  /** share of underground lines beside the mains */
  readonly #buried: number;

  constructor(builder: NetworkBuilder, order: FeederOrder) {
    this.#builder = builder;
    this.#order = order;
    const { character } = order.plan.tree.streets.plan;
    this.#buried = { core: 0.85, urban: 0.15, suburban: 0.6, sparse: 0.2, industrial: 0.25 }[character];
  }

  write(): Int32Array {
    const { plan, site, number, siblings, random } = this.#order;
    const { tree } = plan;
    const s = tree.streets;
    const nodeAt = new Int32Array(tree.order.length);
    const [entryX, entryY] = [s.x[tree.order[0]], s.y[tree.order[0]]];
    const busX = site.x + (number - (siblings + 1) / 2) * 8;
    const first = tree.access[0] ?? tree.order[0];
    const dx = s.x[first] - busX;
    const dy = s.y[first] - site.y;
    const away = Math.max(1, Math.sqrt(dx * dx + dy * dy));
    const standoff = Math.min(10, away / 3);
    const bus = this.#node(busX, site.y);
    const outX = busX + (dx / away) * standoff;
    const outY = site.y + (dy / away) * standoff;
    const out = this.#node(outX, outY);
    const head = this.#device(edgeKindCode.breaker, bus, out, 7, standoff);
    this.#builder.setFeederHead(this.#order.row, bus, head);

    let nextService = 0;
    for (let p = 0; p < tree.order.length; p++) {
      const phases = plan.phases[p];
      const up = tree.parent[p];
      let path: Path =
        up < 0 ? getaway(tree, outX, outY, entryX, entryY) : streetPath(s, tree.order[up], tree.order[p]);
      let from = up < 0 ? out : nodeAt[up];
      const street = path;
      const underground =
        up < 0 || random.chance(plan.device[p] ? this.#buried : tree.main[p] ? this.#buried * 0.3 : this.#buried);
      if (plan.device[p]) {
        const [, rest] = cutPath(path, deviceStandoffM);
        const beyond = this.#node(rest[0], rest[1]);
        this.#device(plan.device[p], from, beyond, phases, deviceStandoffM);
        from = beyond;
        path = rest;
      }
      const services: Service[] = [];
      while (nextService < plan.services.length && plan.services[nextService].position === p) {
        services.push(plan.services[nextService++]);
      }
      const main = tree.main[p] === 1 || up < 0;
      if (plan.split[p]) {
        const [first, second] = cutPath(path, lengthOf(path) / 2);
        const middle = this.#node(second[0], second[1]);
        this.#line(from, middle, first, phases, main, underground);
        this.#serve(
          services.filter((one) => one.midway),
          middle,
          first,
        );
        nodeAt[p] = this.#node(path[path.length - 2], path[path.length - 1]);
        this.#line(middle, nodeAt[p], second, phases, main, underground);
        this.#serve(
          services.filter((one) => !one.midway),
          nodeAt[p],
          second,
        );
      } else {
        nodeAt[p] = this.#node(path[path.length - 2], path[path.length - 1]);
        this.#line(from, nodeAt[p], path, phases, main, underground);
        this.#serve(services, nodeAt[p], street);
      }
    }
    return nodeAt;
  }

  #node(x: number, y: number): number {
    const id = `N-${this.#order.code}-${pad(this.#nodes++, 4)}`;
    return this.#builder.addNode({ id, lonE7: toLonE7(x), latE7: toLatE7(y), feeder: this.#order.row });
  }

  #id(kind: number): string {
    const number = pad(
      ++this.#sequence[kind],
      kind === edgeKindCode.line_segment || kind === edgeKindCode.power_transformer ? 4 : 2,
    );
    const prefix = idPrefix[edgeKinds[kind]];
    return kind === edgeKindCode.breaker ? `${prefix}-${this.#order.code}` : `${prefix}-${this.#order.code}-${number}`;
  }

  #device(kind: number, from: number, to: number, phases: number, lengthM: number): number {
    const ratedA = kind === edgeKindCode.fuse ? (phases === 7 ? 140 : 65) : kind === edgeKindCode.breaker ? 1200 : 630;
    return this.#builder.addEdge({
      id: this.#id(kind),
      kind,
      from,
      to,
      feeder: this.#order.row,
      phases,
      lengthM,
      ratedA,
    });
  }

  #line(from: number, to: number, path: Path, phases: number, main: boolean, underground: boolean): void {
    const inner: number[] = [];
    for (let i = 2; i < path.length - 2; i += 2) inner.push(toLonE7(path[i]), toLatE7(path[i + 1]));
    this.#builder.addEdge({
      id: this.#id(edgeKindCode.line_segment),
      kind: edgeKindCode.line_segment,
      from,
      to,
      feeder: this.#order.row,
      phases,
      underground,
      lengthM: Math.round(lengthOf(path) * 10) / 10,
      ratedA: main ? 600 : phases === 7 ? 230 : 140,
      path: inner,
    });
  }

  /** Transformers at a node, and their customers on both sides of the street that leads there. */
  #serve(services: readonly Service[], node: number, street: Path): void {
    const s = this.#order.plan.tree.streets;
    const room = 0.3 * Math.min(s.spacingU, s.spacingV);
    const last = street.length - 2;
    const dx = street[last] - street[last - 2];
    const dy = street[last + 1] - street[last - 1];
    const leg = Math.max(0.1, Math.sqrt(dx * dx + dy * dy));
    for (const service of services) {
      if (service.meters === 0) continue;
      const { random, row } = this.#order;
      const side = random.chance(0.5) ? 1 : -1;
      const customers = customersOf(service, random);
      const secondary = this.#node(
        street[last] - (dy / leg) * 4 * side - (dx / leg) * 3,
        street[last + 1] + (dx / leg) * 4 * side - (dy / leg) * 3,
      );
      const transformer = this.#builder.addEdge({
        id: this.#id(edgeKindCode.power_transformer),
        kind: edgeKindCode.power_transformer,
        from: node,
        to: secondary,
        feeder: row,
        phases: service.phases,
        lengthM: 5,
        ratedKva: sizeTransformer(customers, service.phases === 7, random),
      });
      const buildings = service.kind === 'apartments' ? 2 + random.below(3) : service.meters;
      const length = lengthOf(street);
      for (let k = 0; k < service.meters; k++) {
        const building = k % buildings;
        // Lots face each other across the street; a lone customer sits near its transformer.
        const share =
          buildings === 1 ? 0.85 : ((building >> 1) + 0.5 + 0.3 * (random.unit() - 0.5)) / ((buildings + 1) >> 1);
        const [x, y, alongX, alongY] = pointAlong(street, Math.min(0.97, share) * length);
        const offset = (building % 2 ? -side : side) * Math.min(room, 13 + 7 * random.unit());
        const stacked = service.kind === 'apartments' ? 3 * Math.floor(k / buildings) : 0;
        const shiftX = alongX * ((stacked % 12) - 6);
        const shiftY = alongY * ((stacked % 12) - 6);
        this.#builder.addMeter({
          id: `MTR-${pad(this.#builder.meterCount + 1, 7)}`,
          node: secondary,
          transformer,
          ...customers[k],
          phases: service.phases,
          lonE7: toLonE7(x - alongY * offset + (stacked ? shiftX : 0)),
          latE7: toLatE7(y + alongX * offset + (stacked ? shiftY : 0)),
        });
      }
    }
  }
}

/** The line out of the substation: straight, or along the streets where the feeder begins farther away. */
function getaway(tree: FeederTree, fromX: number, fromY: number, entryX: number, entryY: number): Path {
  const s = tree.streets;
  if (tree.access.length === 0) {
    const dx = entryX - fromX;
    const dy = entryY - fromY;
    if (dx * dx + dy * dy < 900) return [fromX, fromY, entryX, entryY];
    return [fromX, fromY, fromX + dx / 3, fromY + dy / 3, entryX - dx / 4, entryY - dy / 4, entryX, entryY];
  }
  const path = [fromX, fromY, s.x[tree.access[0]], s.y[tree.access[0]]];
  const stops = [...tree.access, tree.order[0]];
  for (let i = 1; i < stops.length; i++) path.push(...streetPath(s, stops[i - 1], stops[i]).slice(2));
  return path;
}

/** Position and direction at a distance along a path. */
function pointAlong(path: Path, atM: number): [number, number, number, number] {
  let rest = atM;
  for (let i = 2; i < path.length; i += 2) {
    const dx = path[i] - path[i - 2];
    const dy = path[i + 1] - path[i - 1];
    const leg = Math.sqrt(dx * dx + dy * dy);
    if (leg > 0 && (leg >= rest || i === path.length - 2)) {
      const t = Math.min(1, rest / leg);
      return [path[i - 2] + t * dx, path[i - 1] + t * dy, dx / leg, dy / leg];
    }
    rest -= leg;
  }
  return [path[0], path[1], 1, 0];
}
