/**
 * A weather front that crosses a territory: a line of gusts that moves in one direction at one speed, strongest on its
 * axis, gone beside its path. Pure; seconds count from the beginning of the storm, distances are kilometres on a plane.
 */
import { hashUnit, mix, Random } from '#sources/territory/random.ts';

export interface Extent {
  /** degrees */
  west: number;
  south: number;
  east: number;
  north: number;
}

export interface Front {
  seed: number;
  /** where the plane of kilometres begins, degrees */
  originLon: number;
  originLat: number;
  /** direction of travel, unit vector (east, north) */
  eastward: number;
  northward: number;
  kmPerHour: number;
  /** projection on the direction of travel at which the front stands at second 0, km */
  startKm: number;
  /** the axis beside the origin, and how far the path reaches on either side, km */
  axisKm: number;
  halfWidthKm: number;
  /** gusts on the axis, m/s */
  peakMs: number;
  /** how far behind the front the gusts have fallen to a third, km */
  depthKm: number;
  /** everywhere and always, m/s */
  calmMs: number;
}

const kmPerDegree = 111.2;
/** The front comes in after this; a control room has that long to look at the forecast. */
const leadS = 600;
/** gusts rise over this way before the line, km */
const riseKm = 2;

export interface FrontOptions {
  seed: number;
  extent: Extent;
  /** the front has left the territory after three fifths of them */
  hours: number;
  peakMs?: number;
}

export function makeFront({ seed, extent, hours, peakMs }: FrontOptions): Front {
  const random = new Random(seed, 0x570b);
  const angle = random.unit() * 2 * Math.PI;
  const [eastward, northward] = [Math.cos(angle), Math.sin(angle)];
  const originLon = (extent.west + extent.east) / 2;
  const originLat = (extent.south + extent.north) / 2;
  const halfEastKm = ((extent.east - extent.west) / 2) * kmPerDegree * Math.cos((originLat * Math.PI) / 180);
  const halfNorthKm = ((extent.north - extent.south) / 2) * kmPerDegree;
  const alongKm = Math.abs(eastward) * halfEastKm + Math.abs(northward) * halfNorthKm;
  const acrossKm = Math.abs(northward) * halfEastKm + Math.abs(eastward) * halfNorthKm;
  const crossingH = Math.max(0.25, hours * 0.6 - leadS / 3600);
  const kmPerHour = (2 * alongKm + riseKm) / crossingH;
  return {
    seed,
    originLon,
    originLat,
    eastward,
    northward,
    kmPerHour,
    startKm: -alongKm - riseKm - (kmPerHour * leadS) / 3600,
    axisKm: random.between(-0.35, 0.35) * acrossKm,
    halfWidthKm: Math.max(1, acrossKm * random.between(0.6, 0.9)),
    peakMs: peakMs ?? random.between(30, 38),
    depthKm: Math.max(3, alongKm * random.between(0.25, 0.45)),
    calmMs: 6,
  };
}

/** Along the direction of travel, and across it from the axis, km. */
function onPath(front: Front, lon: number, lat: number): { along: number; across: number } {
  const east = (lon - front.originLon) * kmPerDegree * Math.cos((front.originLat * Math.PI) / 180);
  const north = (lat - front.originLat) * kmPerDegree;
  return {
    along: east * front.eastward + north * front.northward,
    across: east * front.northward - north * front.eastward - front.axisKm,
  };
}

/** Share of the axis' strength beside it: 1 on the axis, 0 outside the path. */
export function strengthAt(front: Front, lon: number, lat: number): number {
  const share = onPath(front, lon, lat).across / front.halfWidthKm;
  return Math.max(0, 1 - share * share);
}

/** Gust at a place, m/s. Never below the calm, never above the peak. */
export function gustMsAt(front: Front, lon: number, lat: number, atS: number): number {
  const strength = strengthAt(front, lon, lat);
  if (strength === 0) return front.calmMs;
  const behindKm = front.startKm + (front.kmPerHour * atS) / 3600 - onPath(front, lon, lat).along;
  if (behindKm < -riseKm) return front.calmMs;
  const profile = behindKm < 0 ? 1 + behindKm / riseKm : Math.exp(-behindKm / front.depthKm);
  // single squalls: some places get less than their neighbours
  const cell = mix(Math.floor(lon * 80), Math.floor(lat * 80));
  const squall = 0.75 + 0.25 * hashUnit(front.seed ^ 0x5a11, cell);
  return front.calmMs + (front.peakMs - front.calmMs) * strength * profile * squall;
}

/** When the front reaches a place, seconds; infinite beside its path. */
export function arrivalS(front: Front, lon: number, lat: number): number {
  const { along, across } = onPath(front, lon, lat);
  if (Math.abs(across) >= front.halfWidthKm) return Number.POSITIVE_INFINITY;
  return Math.max(0, ((along - front.startKm) / front.kmPerHour) * 3600);
}
