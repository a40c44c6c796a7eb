/** Which substation and which feeder serves each crossing: balanced, connected, bounded by streets. */
import { linksPerCrossing, type Streets } from './streets.ts';

export interface SubstationSite {
  x: number;
  y: number;
  /** position in the lattice plane */
  u: number;
  v: number;
}

export interface Partition {
  sites: SubstationSite[];
  /** substation of each crossing, counted within the neighbourhood */
  substation: Int32Array;
  /** feeder of each crossing, counted within the neighbourhood */
  feeder: Int32Array;
  /** substation of each feeder */
  feederSubstation: number[];
}

const metersPerFeeder = 620;

export function partition(s: Streets): Partition {
  const substation = new Int32Array(s.count);
  const all = Int32Array.from({ length: s.count }, (_, i) => i);
  bisect(s, all, Math.min(s.plan.substations, Math.max(1, s.count)), 0, substation);
  reconnect(s, substation, undefined);
  const members: number[][] = Array.from({ length: s.plan.substations }, () => []);
  for (let a = 0; a < s.count; a++) members[substation[a]].push(a);

  const feeder = new Int32Array(s.count).fill(-1);
  const feederSubstation: number[] = [];
  const usedSites = new Set<number>();
  const sites = members.map((own, index) => {
    const site = chooseSite(s, own, substation, index, usedSites);
    const meters = (s.plan.meters * own.length) / s.count;
    const feeders = Math.max(1, Math.min(8, Math.round(meters / metersPerFeeder), Math.floor(own.length / 12)));
    const first = feederSubstation.length;
    for (let k = 0; k < feeders; k++) feederSubstation.push(index);
    cutWedges(s, own, site, first, feeders, feeder);
    return site;
  });
  reconnect(s, feeder, substation);
  return { sites, substation, feeder, feederSubstation };
}

/** Halves the longer side again and again: territories of equal size with borders along streets. */
function bisect(s: Streets, crossings: Int32Array, parts: number, first: number, label: Int32Array): void {
  if (parts <= 1) {
    for (const a of crossings) label[a] = first;
    return;
  }
  let [lowU, highU, lowV, highV] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const a of crossings) {
    lowU = Math.min(lowU, s.u[a]);
    highU = Math.max(highU, s.u[a]);
    lowV = Math.min(lowV, s.v[a]);
    highV = Math.max(highV, s.v[a]);
  }
  if (highU - lowU > highV - lowV) crossings.sort((a, b) => s.u[a] - s.u[b] || s.v[a] - s.v[b]);
  else crossings.sort((a, b) => s.v[a] - s.v[b] || s.u[a] - s.u[b]);
  const half = parts >> 1;
  const cut = Math.round((crossings.length * half) / parts);
  bisect(s, crossings.slice(0, cut), half, first, label);
  bisect(s, crossings.slice(cut), parts - half, first + half, label);
}

/** A published site near the middle of the territory, else the middle of a block near its centre. */
function chooseSite(
  s: Streets,
  own: readonly number[],
  substation: Int32Array,
  index: number,
  used: Set<number>,
): SubstationSite {
  let sumU = 0;
  let sumV = 0;
  for (const a of own) {
    sumU += s.u[a];
    sumV += s.v[a];
  }
  const centre = nearest(own, (a) => (s.u[a] - sumU / own.length) ** 2 + (s.v[a] - sumV / own.length) ** 2);
  const reach = 0.36 * Math.sqrt(own.length * s.spacingU * s.spacingV);
  const { sites } = s.plan;
  for (let i = 0; i < sites.length; i++) {
    if (used.has(i)) continue;
    if ((sites[i].x - s.x[centre]) ** 2 + (sites[i].y - s.y[centre]) ** 2 > reach * reach) continue;
    const at = nearest(own, (a) => (s.x[a] - sites[i].x) ** 2 + (s.y[a] - sites[i].y) ** 2);
    if (Math.abs(s.x[at] - sites[i].x) + Math.abs(s.y[at] - sites[i].y) > s.spacingU + s.spacingV) continue;
    if (substation[at] !== index) continue;
    used.add(i);
    return { ...sites[i], u: s.u[at] + 1, v: s.v[at] + 1 };
  }
  for (const [du, dv] of [
    [0.5, 0.5],
    [-0.5, 0.5],
    [0.5, -0.5],
    [-0.5, -0.5],
    [0.1, 0.1],
  ]) {
    const u = s.u[centre] + du * s.spacingU;
    const v = s.v[centre] + dv * s.spacingV;
    const [x, y] = s.place(u, v);
    if (s.plan.polygon.contains(x, y, 20) || du === 0.1) {
      return { x, y, u, v };
    }
  }
  throw new Error('unreachable: the last offset is always taken');
}

function nearest(own: readonly number[], distance: (a: number) => number): number {
  let best = own[0];
  let least = Infinity;
  for (const a of own) {
    const d = distance(a);
    if (d < least) {
      least = d;
      best = a;
    }
  }
  return best;
}

/** Slices a territory around its substation into wedges of equal size; wedges of four meet along the streets. */
function cutWedges(
  s: Streets,
  own: readonly number[],
  site: SubstationSite,
  first: number,
  feeders: number,
  feeder: Int32Array,
): void {
  // The diamond angle: grows with the angle from 0 to 4 and needs no arc tangent.
  const angle = (a: number): number => {
    const du = s.u[a] - site.u;
    const dv = s.v[a] - site.v;
    const t = dv / (Math.abs(du) + Math.abs(dv) || 1);
    const whole = du >= 0 ? (dv >= 0 ? t : 4 + t) : 2 - t;
    return feeders === 2 ? (whole + 0.5) % 4 : whole;
  };
  const angles = new Map(own.map((a) => [a, angle(a)]));
  const around = [...own].sort((a, b) => angles.get(a)! - angles.get(b)! || a - b);
  around.forEach((a, i) => {
    feeder[a] = first + Math.min(feeders - 1, Math.floor((i * feeders) / own.length));
  });
}

/**
 * Gives every piece that a cut left alone to the neighbour it touches most, so that each label is one connected piece.
 * With `within`, labels stay inside their outer label. With `anchors`, the piece around a label's anchor keeps the label
 * rather than its largest piece.
 */
export function reconnect(
  s: Streets,
  label: Int32Array,
  within: Int32Array | undefined,
  anchors?: ReadonlyMap<number, number>,
): void {
  const piece = new Int32Array(s.count).fill(-1);
  const pieces: number[][] = [];
  const largest = new Map<number, number>();
  for (let start = 0; start < s.count; start++) {
    if (piece[start] >= 0) continue;
    const members = [start];
    piece[start] = pieces.length;
    for (let at = 0; at < members.length; at++) {
      for (let k = 0; k < linksPerCrossing; k++) {
        const next = s.link[members[at] * linksPerCrossing + k];
        if (next < 0 || piece[next] >= 0 || label[next] !== label[start]) continue;
        piece[next] = pieces.length;
        members.push(next);
      }
    }
    const best = largest.get(label[start]);
    if (best === undefined || members.length > pieces[best].length) largest.set(label[start], pieces.length);
    pieces.push(members);
  }
  for (const [own, anchor] of anchors ?? []) if (label[anchor] === own) largest.set(own, piece[anchor]);
  const settled = new Uint8Array(pieces.length);
  for (const index of largest.values()) settled[index] = 1;
  for (let changed = true; changed; ) {
    changed = false;
    for (let index = 0; index < pieces.length; index++) {
      if (settled[index]) continue;
      const touches = new Map<number, number>();
      for (const a of pieces[index]) {
        for (let k = 0; k < linksPerCrossing; k++) {
          const next = s.link[a * linksPerCrossing + k];
          if (next < 0 || !settled[piece[next]]) continue;
          if (within && within[next] !== within[a]) continue;
          touches.set(label[next], (touches.get(label[next]) ?? 0) + 1);
        }
      }
      if (touches.size === 0) continue;
      const [winner] = [...touches].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0];
      for (const a of pieces[index]) label[a] = winner;
      settled[index] = 1;
      changed = true;
    }
  }
}
