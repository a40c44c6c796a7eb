/** The way from a substation to its feeders: no feeder may begin far away behind another one. */
import { type Partition, reconnect, type SubstationSite } from './partition.ts';
import { linksPerCrossing, type Streets } from './streets.ts';

/** A getaway up to this many block perimeters is a straight cable; beyond, the feeder needs streets of its own. */
const straightBlocks = 1.25;

/** A feeder that loses more than this share of the mean in the exchange is left where it was. */
const leastShare = 0.25;

/**
 * Gives each far feeder a corridor of crossings back to its substation, taken from the feeders in between. Where that
 * would starve one of them the feeder stays far, and its getaway follows the streets.
 * @returns crossings each feeder's getaway passes before its first own crossing; empty for straight ones
 */
export function openCorridors(s: Streets, parts: Partition): number[][] {
  const feeders = parts.feederSubstation.length;
  const entry = entries(s, parts);
  for (let f = 0; f < feeders; f++) {
    const site = parts.sites[parts.feederSubstation[f]];
    if (!isFar(s, site, entry[f])) continue;
    const taken = new Set(
      entry.filter((_, other) => other !== f && parts.feederSubstation[other] === parts.feederSubstation[f]),
    );
    const way = route(s, site, f, parts, (a) => !taken.has(a));
    if (!way) continue;
    const before = Int32Array.from(parts.feeder);
    for (const a of way) parts.feeder[a] = f;
    const anchors = new Map(entry.map((a, other) => [other, a]));
    anchors.set(f, way[0]);
    reconnect(s, parts.feeder, parts.substation, anchors);
    if (starves(parts, parts.feederSubstation[f], before)) parts.feeder.set(before);
    else
      entries(s, parts).forEach((a, other) => {
        entry[other] = a;
      });
  }
  return entry.map((a, f) => {
    const site = parts.sites[parts.feederSubstation[f]];
    return isFar(s, site, a) ? (route(s, site, f, parts, () => true) ?? []) : [];
  });
}

function isFar(s: Streets, site: SubstationSite, crossing: number): boolean {
  const reach = straightBlocks * (s.spacingU + s.spacingV);
  return (s.x[crossing] - site.x) ** 2 + (s.y[crossing] - site.y) ** 2 > reach * reach;
}

/** The crossing of each feeder nearest to its substation. */
function entries(s: Streets, parts: Partition): number[] {
  const entry = parts.feederSubstation.map(() => -1);
  const least = parts.feederSubstation.map(() => Infinity);
  for (let a = 0; a < s.count; a++) {
    const f = parts.feeder[a];
    const site = parts.sites[parts.feederSubstation[f]];
    const distance = (s.x[a] - site.x) ** 2 + (s.y[a] - site.y) ** 2;
    if (distance < least[f]) {
      least[f] = distance;
      entry[f] = a;
    }
  }
  return entry;
}

/** Fewest blocks from the allowed crossing nearest to the site to any crossing of the feeder, the latter left out. */
function route(
  s: Streets,
  site: SubstationSite,
  feeder: number,
  parts: Partition,
  allowed: (a: number) => boolean,
): number[] | undefined {
  const home = parts.feederSubstation[feeder];
  let start = -1;
  let least = Infinity;
  for (let a = 0; a < s.count; a++) {
    if (parts.substation[a] !== home || !allowed(a)) continue;
    const distance = (s.x[a] - site.x) ** 2 + (s.y[a] - site.y) ** 2;
    if (distance < least) {
      least = distance;
      start = a;
    }
  }
  if (start < 0) return undefined;
  const before = new Map([[start, -1]]);
  const queue = [start];
  for (let at = 0; at < queue.length; at++) {
    const a = queue[at];
    if (parts.feeder[a] === feeder) {
      const way: number[] = [];
      for (let b = before.get(a)!; b >= 0; b = before.get(b)!) way.push(b);
      return way.length > 0 ? way.reverse() : undefined;
    }
    for (let k = 0; k < linksPerCrossing; k++) {
      const next = s.link[a * linksPerCrossing + k];
      if (next < 0 || before.has(next) || parts.substation[next] !== home || !allowed(next)) continue;
      before.set(next, a);
      queue.push(next);
    }
  }
  return undefined;
}

function starves(parts: Partition, substation: number, before: Int32Array): boolean {
  const size = new Map<number, number>();
  const sizeBefore = new Map<number, number>();
  let all = 0;
  for (let a = 0; a < before.length; a++) {
    if (parts.substation[a] !== substation) continue;
    all++;
    size.set(parts.feeder[a], (size.get(parts.feeder[a]) ?? 0) + 1);
    sizeBefore.set(before[a], (sizeBefore.get(before[a]) ?? 0) + 1);
  }
  const least = (leastShare * all) / sizeBefore.size;
  return [...sizeBefore].some(([f, had]) => (size.get(f) ?? 0) < Math.min(least, had));
}
