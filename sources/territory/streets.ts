/**
 * The streets of one neighbourhood: a lattice of rows and columns, rotated and gently warped as a whole. Warping the
 * plane rather than the single street means that streets bend and yet never cross or touch: feeders that use different
 * street pieces cannot lie on top of each other.
 */
import type { HoodPlan } from './plan.ts';
import { hashUnit, mix, type Random } from './random.ts';

/** Links per crossing: +column, -column, +row, -row, and two for bridges between parts of a neighbourhood. */
export const linksPerCrossing = 6;
const firstBridge = 4;

interface Style {
  /** warp as a share of its wave length; the plane folds from about 0.3 on */
  warp: number;
  /** spacing of crossings along a row over the spacing of rows */
  aspect: number;
  /** largest rotation: tangent of half the angle */
  tilt: number;
  spacingJitter: number;
}

const styles: Record<HoodPlan['character'], Style> = {
  core: { warp: 0.008, aspect: 1.3, tilt: 0.3, spacingJitter: 0.08 },
  urban: { warp: 0.025, aspect: 1.5, tilt: 0.12, spacingJitter: 0.14 },
  suburban: { warp: 0.085, aspect: 1.45, tilt: 0.2, spacingJitter: 0.2 },
  sparse: { warp: 0.09, aspect: 1.35, tilt: 0.3, spacingJitter: 0.22 },
  industrial: { warp: 0.03, aspect: 1.4, tilt: 0.2, spacingJitter: 0.18 },
};

const waveM = 1300;
const rippleM = 420;

/** Smooth noise in [-1, 1] at wave length 1. */
function noise(seed: number, x: number, y: number): number {
  const column = Math.floor(x);
  const row = Math.floor(y);
  const fx = x - column;
  const fy = y - row;
  const sx = fx * fx * (3 - 2 * fx);
  const sy = fy * fy * (3 - 2 * fy);
  const corner = (i: number, j: number): number => hashUnit(seed ^ mix(column + i, row + j), 77);
  const low = corner(0, 0) + sx * (corner(1, 0) - corner(0, 0));
  const high = corner(0, 1) + sx * (corner(1, 1) - corner(0, 1));
  return 2 * (low + sy * (high - low)) - 1;
}

export interface Streets {
  plan: HoodPlan;
  count: number;
  /** metres in the plane of the map */
  x: Float64Array;
  y: Float64Array;
  /** metres in the plane of the lattice, before warp and rotation */
  u: Float64Array;
  v: Float64Array;
  column: Int32Array;
  row: Int32Array;
  /** `linksPerCrossing` crossing numbers each, -1 where there is no street */
  link: Int32Array;
  spacingU: number;
  spacingV: number;
  /** every how many columns and rows an arterial road runs, and where the first one is */
  arterialEvery: number;
  arterialColumn: number;
  arterialRow: number;
  /** map position of a lattice position, as [x, y] */
  place: (u: number, v: number) => [number, number];
}

export const isArterialColumn = (s: Streets, column: number): boolean =>
  (column - s.arterialColumn) % s.arterialEvery === 0;
export const isArterialRow = (s: Streets, row: number): boolean => (row - s.arterialRow) % s.arterialEvery === 0;

/** Points between two linked crossings, both ends included: x, y, x, y, ... Bends follow the warp. */
export function streetPath(s: Streets, a: number, b: number): number[] {
  const length = Math.abs(s.u[b] - s.u[a]) + Math.abs(s.v[b] - s.v[a]);
  const bridge = s.column[a] !== s.column[b] && s.row[a] !== s.row[b];
  const pieces = bridge ? 3 : Math.max(3, Math.min(7, Math.round(length / 26)));
  const path: number[] = [];
  for (let i = 0; i <= pieces; i++) {
    const t = i / pieces;
    if (i === 0) path.push(s.x[a], s.y[a]);
    else if (i === pieces) path.push(s.x[b], s.y[b]);
    else if (bridge) path.push(s.x[a] + t * (s.x[b] - s.x[a]), s.y[a] + t * (s.y[b] - s.y[a]));
    else path.push(...s.place(s.u[a] + t * (s.u[b] - s.u[a]), s.v[a] + t * (s.v[b] - s.v[a])));
  }
  return path;
}

/** Lays streets so that about `target` crossings fit into the polygon. */
export function layStreets(plan: HoodPlan, target: number, random: Random): Streets {
  const style = styles[plan.character];
  const tilt = random.between(-style.tilt, style.tilt);
  const arterialEvery = 7 + random.below(3);
  const fixed = {
    seed: mix(random.below(0x7fffffff), 1),
    cos: (1 - tilt * tilt) / (1 + tilt * tilt),
    sin: (2 * tilt) / (1 + tilt * tilt),
    // Some neighbourhoods have their long blocks north to south.
    aspect: random.chance(0.4) ? 1 / style.aspect : style.aspect,
    arterialEvery,
    arterialColumn: random.below(arterialEvery),
    arterialRow: random.below(arterialEvery),
    phaseU: random.unit(),
    phaseV: random.unit(),
  };
  let cellM2 = (plan.polygon.areaM2 * plan.builtShare) / target;
  let streets = lay(plan, style, fixed, cellM2, target);
  for (let round = 0; round < 5 && plan.builtShare === 1; round++) {
    const ratio = streets.count / target;
    if (ratio > 0.993 && ratio < 1.007) break;
    cellM2 *= Math.max(0.25, Math.min(2, ratio));
    streets = lay(plan, style, fixed, cellM2, target);
  }
  return streets;
}

interface Fixed {
  seed: number;
  cos: number;
  sin: number;
  aspect: number;
  arterialEvery: number;
  arterialColumn: number;
  arterialRow: number;
  phaseU: number;
  phaseV: number;
}

function lay(plan: HoodPlan, style: Style, fixed: Fixed, cellM2: number, target: number): Streets {
  const { polygon } = plan;
  const spacingU = Math.sqrt(cellM2 * fixed.aspect);
  const spacingV = Math.sqrt(cellM2 / fixed.aspect);
  const margin = Math.min(26, 0.28 * Math.min(spacingU, spacingV));
  const { seed, cos, sin } = fixed;
  const amplitude = style.warp * waveM;
  const ripple = style.warp * 0.5 * rippleM;
  const place = (u: number, v: number): [number, number] => {
    const wu =
      u + amplitude * noise(seed, u / waveM, v / waveM) + ripple * noise(seed ^ 0x51ed, u / rippleM, v / rippleM);
    const wv =
      v +
      amplitude * noise(seed ^ 0x2f3a, u / waveM, v / waveM) +
      ripple * noise(seed ^ 0x7bc1, u / rippleM, v / rippleM);
    return [polygon.centroidX + cos * wu - sin * wv, polygon.centroidY + sin * wu + cos * wv];
  };
  const { west, east, south, north } = polygon.box;
  const reachX = Math.max(polygon.centroidX - west, east - polygon.centroidX) + 2 * amplitude;
  const reachY = Math.max(polygon.centroidY - south, north - polygon.centroidY) + 2 * amplitude;
  const columns = Math.ceil((reachX * cos + reachY * Math.abs(sin)) / spacingU);
  const rows = Math.ceil((reachY * cos + reachX * Math.abs(sin)) / spacingV);
  const atColumn = (i: number): number =>
    (i + fixed.phaseU + style.spacingJitter * (hashUnit(seed, i * 2 + 1) - 0.5) * 2) * spacingU;
  const atRow = (j: number): number =>
    (j + fixed.phaseV + style.spacingJitter * (hashUnit(seed, j * 2) - 0.5) * 2) * spacingV;

  const width = 2 * columns + 1;
  const height = 2 * rows + 1;
  const number = new Int32Array(width * height).fill(-1);
  const found = { x: [] as number[], y: [] as number[], u: [] as number[], v: [] as number[], slot: [] as number[] };
  for (let j = -rows; j <= rows; j++) {
    const v = atRow(j);
    for (let i = -columns; i <= columns; i++) {
      const u = atColumn(i);
      const [x, y] = place(u, v);
      if (!polygon.contains(x, y, margin)) continue;
      const slot = (j + rows) * width + i + columns;
      number[slot] = found.x.length;
      found.x.push(x);
      found.y.push(y);
      found.u.push(u);
      found.v.push(v);
      found.slot.push(slot);
    }
  }
  const streetInside = (a: number, b: number): boolean => {
    for (let k = 1; k < 4; k++) {
      const t = k / 4;
      const [x, y] = place(found.u[a] + t * (found.u[b] - found.u[a]), found.v[a] + t * (found.v[b] - found.v[a]));
      if (!polygon.contains(x, y, margin * 0.7)) return false;
    }
    return true;
  };
  const link = new Int32Array(found.x.length * linksPerCrossing).fill(-1);
  for (let a = 0; a < found.x.length; a++) {
    const slot = found.slot[a];
    const right = slot % width < width - 1 ? number[slot + 1] : -1;
    const above = slot + width < number.length ? number[slot + width] : -1;
    if (right >= 0 && streetInside(a, right)) {
      link[a * linksPerCrossing] = right;
      link[right * linksPerCrossing + 1] = a;
    }
    if (above >= 0 && streetInside(a, above)) {
      link[a * linksPerCrossing + 2] = above;
      link[above * linksPerCrossing + 3] = a;
    }
  }
  const whole: Streets = {
    plan,
    count: found.x.length,
    x: Float64Array.from(found.x),
    y: Float64Array.from(found.y),
    u: Float64Array.from(found.u),
    v: Float64Array.from(found.v),
    column: Int32Array.from(found.slot, (slot) => (slot % width) - columns),
    row: Int32Array.from(found.slot, (slot) => Math.floor(slot / width) - rows),
    link,
    spacingU,
    spacingV,
    arterialEvery: fixed.arterialEvery,
    arterialColumn: fixed.arterialColumn,
    arterialRow: fixed.arterialRow,
    place,
  };
  return keep(whole, connect(whole, target));
}

/**
 * Joins the parts of a lattice that a creek or a narrow neck of the polygon cuts apart, and says which crossings stay:
 * all that hang together with the largest part (or the `target` nearest to the centre where less is built over).
 */
function connect(s: Streets, target: number): Uint8Array {
  const part = new Int32Array(s.count).fill(-1);
  const parts: number[][] = [];
  for (let start = 0; start < s.count; start++) {
    if (part[start] >= 0) continue;
    const members = [start];
    part[start] = parts.length;
    for (let at = 0; at < members.length; at++) {
      for (let k = 0; k < linksPerCrossing; k++) {
        const next = s.link[members[at] * linksPerCrossing + k];
        if (next < 0 || part[next] >= 0) continue;
        part[next] = parts.length;
        members.push(next);
      }
    }
    parts.push(members);
  }
  parts.sort((a, b) => b.length - a.length || a[0] - b[0]);
  const joined = new Uint8Array(s.count);
  if (parts.length === 0) return joined;
  const main = [...parts[0]];
  for (const member of main) joined[member] = 1;
  for (const members of parts.slice(1)) {
    if (members.length < 4 || !bridge(s, main, members)) continue;
    for (const member of members) joined[member] = 1;
    main.push(...members);
  }
  if (s.plan.builtShare < 1) {
    const near = main.sort((a, b) => s.u[a] ** 2 + s.v[a] ** 2 - s.u[b] ** 2 - s.v[b] ** 2 || a - b);
    for (const member of near.slice(target)) joined[member] = 0;
  }
  return joined;
}

function bridge(s: Streets, main: readonly number[], members: readonly number[]): boolean {
  let best = Infinity;
  let from = -1;
  let to = -1;
  for (const a of members) {
    for (const b of main) {
      const distance = (s.x[a] - s.x[b]) ** 2 + (s.y[a] - s.y[b]) ** 2;
      if (distance < best) {
        best = distance;
        from = a;
        to = b;
      }
    }
  }
  const freeA = [firstBridge, firstBridge + 1].find((k) => s.link[from * linksPerCrossing + k] < 0);
  const freeB = [firstBridge, firstBridge + 1].find((k) => s.link[to * linksPerCrossing + k] < 0);
  if (freeA === undefined || freeB === undefined) return false;
  // A large part is worth a longer line: it would be a hole in the map otherwise.
  const reach = (members.length > 0.04 * main.length ? 9 : 3) * Math.max(s.spacingU, s.spacingV);
  if (best > reach * reach) return false;
  for (let k = 1; k < 10; k++) {
    const t = k / 10;
    if (!s.plan.polygon.contains(s.x[from] + t * (s.x[to] - s.x[from]), s.y[from] + t * (s.y[to] - s.y[from]), -25)) {
      return false;
    }
  }
  s.link[from * linksPerCrossing + freeA] = to;
  s.link[to * linksPerCrossing + freeB] = from;
  return true;
}

function keep(s: Streets, stays: Uint8Array): Streets {
  const rows: number[] = [];
  const renumbered = new Int32Array(s.count).fill(-1);
  for (let a = 0; a < s.count; a++) if (stays[a]) renumbered[a] = rows.push(a) - 1;
  const link = new Int32Array(rows.length * linksPerCrossing);
  for (let i = 0; i < rows.length; i++) {
    for (let k = 0; k < linksPerCrossing; k++) {
      const other = s.link[rows[i] * linksPerCrossing + k];
      link[i * linksPerCrossing + k] = other < 0 ? -1 : renumbered[other];
    }
  }
  return {
    ...s,
    count: rows.length,
    x: Float64Array.from(rows, (a) => s.x[a]),
    y: Float64Array.from(rows, (a) => s.y[a]),
    u: Float64Array.from(rows, (a) => s.u[a]),
    v: Float64Array.from(rows, (a) => s.v[a]),
    column: Int32Array.from(rows, (a) => s.column[a]),
    row: Int32Array.from(rows, (a) => s.row[a]),
    link,
  };
}
