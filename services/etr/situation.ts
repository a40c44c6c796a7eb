/**
 * What is known of the whole grid at a moment: outages open, outages begun lately, how long those that ended took. Fed in
 * order of time, by a file of the past or by a running center; it can not know what has not been told yet.
 */
export interface SeenOutage {
  /** whatever names it; told again at its end */
  key: string | number;
  atS: number;
  customers: number;
  lat: number;
  lon: number;
  region: string;
  /** reported start, UTC epoch seconds */
  startS: number;
  /** the estimate published by then, else null */
  publishedEtrS: number | null;
}

/** Means of log minutes that forget: [sum of weights, weighted sum, time of the last entry (s)] */
export type Fading = [weight: number, sum: number, atS: number];

/** What outlives a restart and travels with a model. */
export interface SituationMemory {
  overall: Fading;
  regions: Record<string, Fading>;
  places: Record<string, Fading>;
}

const dayS = 86_400;
/** Half-lives: what a region usually takes, and how the work goes now. */
const slowHalfLifeS = 21 * dayS;
const fastHalfLifeS = 6 * 3600;

function add(fading: Fading | undefined, value: number, atS: number, halfLifeS: number): Fading {
  if (!fading) return [1, value, atS];
  const keep = atS > fading[2] ? 2 ** ((fading[2] - atS) / halfLifeS) : 1;
  return [fading[0] * keep + 1, fading[1] * keep + value, Math.max(atS, fading[2])];
}

/** Mean of a few values, drawn to `towards` as if that had been seen `strength` times. */
function shrunk(fading: Fading | undefined, towards: number, strength: number): number {
  return fading ? (fading[1] + strength * towards) / (fading[0] + strength) : towards;
}

/** A cell of about 20 km: degrees, four to the degree of latitude and of longitude. */
const cellOf = (lat: number, lon: number): string => `${Math.floor(lat * 4)},${Math.floor(lon * 4)}`;
/** The same corner of a street: 0.001 degrees. */
const siteOf = (lat: number, lon: number): string => `${Math.round(lat * 1000)},${Math.round(lon * 1000)}`;

/** About 2 km: degrees, fifty to the degree. */
const blockOf = (lat: number, lon: number): string => `${Math.floor(lat * 50)},${Math.floor(lon * 50)}`;

interface Crowd {
  count: number;
  customers: number;
  /** sum of the times they were first seen, to get their mean age */
  sinceS: number;
}
const noCrowd: Crowd = { count: 0, customers: 0, sinceS: 0 };

export interface Surroundings {
  open: number;
  open_customers: number;
  open_age_min: number;
  open_region: number;
  open_near: number;
  open_near_age_min: number;
  /** begun in the hour before, everywhere and in the cell */
  begun_hour: number;
  begun_near_3h: number;
  /** customers first seen without supply in the day before */
  day_customers: number;
  /** minutes an outage took: lately, in the region, in the cell (geometric means) */
  lately_min: number;
  region_min: number;
  near_min: number;
  /** hours since the last outage at the same corner ended, and what it took; NaN where there was none in 30 days */
  site_ended_h: number;
  site_min: number;
  site_open: number;
  /** within about 2 km: open outages, the largest of them (customers), those seen in the last 15 minutes */
  close_open: number;
  close_customers: number;
  close_begun: number;
  /** minutes since an outage within about 2 km ended (NaN: none in 6 hours) and its customers */
  close_ended_min: number;
  close_ended_customers: number;
  /** open outages with the very same start, with the very same published estimate */
  same_start: number;
  same_published: number;
  /** ended in the 3 hours before, nearby */
  ended_near_3h: number;
}

export interface Situation {
  /** an outage is seen for the first time */
  seen(outage: SeenOutage): void;
  /** it is over: known at `atS`, after so many minutes from its first sight (NaN where they are not known) */
  ended(key: string | number, atS: number, minutes: number): void;
  /** as it stands at `atS`, which must not lie before anything told */
  around(outage: Omit<SeenOutage, 'key' | 'atS' | 'customers'>, atS: number): Surroundings;
  memory(): SituationMemory;
  openCount(): number;
}

export function makeSituation(memory?: SituationMemory): Situation {
  let slow: Fading | undefined = memory?.overall;
  let fast: Fading | undefined;
  const regions = new Map<string, Fading>(Object.entries(memory?.regions ?? {}));
  const places = new Map<string, Fading>(Object.entries(memory?.places ?? {}));
  const open = new Map<string | number, SeenOutage>();
  const all: Crowd = { ...noCrowd };
  const byRegion = new Map<string, Crowd>();
  const byCell = new Map<string, Crowd>();
  const bySite = new Map<string, number>();
  const blocks = new Map<string, Set<SeenOutage>>();
  const starts = new Map<number, number>();
  const estimates = new Map<number, number>();
  /** ends of the last hours, oldest first */
  const ends: (SeenOutage & { endedS: number })[] = [];
  const siteEnds = new Map<string, { atS: number; minutes: number }>();
  /** first sights of the last day, oldest first from `head` */
  const begun: SeenOutage[] = [];
  let head = 0;
  let dayCustomers = 0;

  function count(crowd: Crowd, outage: SeenOutage, sign: 1 | -1): void {
    crowd.count += sign;
    crowd.customers += sign * outage.customers;
    crowd.sinceS += sign * outage.atS;
  }
  function crowdOf(of: Map<string, Crowd>, key: string): Crowd {
    let crowd = of.get(key);
    if (!crowd) {
      crowd = { ...noCrowd };
      of.set(key, crowd);
    }
    return crowd;
  }
  function countEverywhere(outage: SeenOutage, sign: 1 | -1): void {
    count(all, outage, sign);
    count(crowdOf(byRegion, outage.region), outage, sign);
    count(crowdOf(byCell, cellOf(outage.lat, outage.lon)), outage, sign);
    const site = siteOf(outage.lat, outage.lon);
    bySite.set(site, (bySite.get(site) ?? 0) + sign);
    const block = blockOf(outage.lat, outage.lon);
    if (sign > 0) (blocks.get(block) ?? blocks.set(block, new Set()).get(block)!).add(outage);
    else blocks.get(block)?.delete(outage);
    starts.set(outage.startS, (starts.get(outage.startS) ?? 0) + sign);
    if (outage.publishedEtrS !== null)
      estimates.set(outage.publishedEtrS, (estimates.get(outage.publishedEtrS) ?? 0) + sign);
  }
  function forgetBefore(atS: number): void {
    while (head < begun.length && begun[head].atS < atS - dayS) dayCustomers -= begun[head++].customers;
    if (head > 4096) {
      begun.splice(0, head);
      head = 0;
    }
  }

  return {
    seen: (outage) => {
      open.set(outage.key, outage);
      countEverywhere(outage, 1);
      begun.push(outage);
      dayCustomers += outage.customers;
      forgetBefore(outage.atS);
    },
    ended: (key, atS, minutes) => {
      const outage = open.get(key);
      if (!outage) return;
      open.delete(key);
      countEverywhere(outage, -1);
      // withdrawn, or nobody knows since when: nothing to learn
      if (Number.isNaN(minutes)) return;
      const value = Math.log(minutes + 10);
      slow = add(slow, value, atS, slowHalfLifeS);
      fast = add(fast, value, atS, fastHalfLifeS);
      const cell = cellOf(outage.lat, outage.lon);
      regions.set(outage.region, add(regions.get(outage.region), value, atS, slowHalfLifeS));
      places.set(cell, add(places.get(cell), value, atS, slowHalfLifeS));
      while (ends.length > 0 && ends[0].endedS < atS - 6 * 3600) ends.shift();
      ends.push({ ...outage, endedS: atS });
      siteEnds.set(siteOf(outage.lat, outage.lon), { atS, minutes });
    },
    around: ({ lat, lon, region, startS, publishedEtrS }, atS) => {
      forgetBefore(atS);
      const usual = slow ? slow[1] / slow[0] : Math.log(110);
      const age = (crowd: Crowd): number => (crowd.count > 0 ? atS / 60 - crowd.sinceS / 60 / crowd.count : 0);
      const near: Crowd = { ...noCrowd };
      const [row, column] = [Math.floor(lat * 4), Math.floor(lon * 4)];
      for (let r = row - 1; r <= row + 1; r++)
        for (let c = column - 1; c <= column + 1; c++) {
          const crowd = byCell.get(`${r},${c}`);
          if (!crowd) continue;
          near.count += crowd.count;
          near.sinceS += crowd.sinceS;
        }
      let [begunHour, begunNear] = [0, 0];
      for (let i = begun.length - 1; i >= head && begun[i].atS > atS - 3 * 3600; i--) {
        if (begun[i].atS > atS - 3600) begunHour++;
        if (Math.abs(begun[i].lat - lat) < 0.3 && Math.abs(begun[i].lon - lon) < 0.3) begunNear++;
      }
      const close = { open: 0, customers: 0, begun: 0, endedS: Number.NaN, endedCustomers: Number.NaN, near: 0 };
      const [blockRow, blockColumn] = [Math.floor(lat * 50), Math.floor(lon * 50)];
      for (let r = blockRow - 1; r <= blockRow + 1; r++)
        for (let c = blockColumn - 1; c <= blockColumn + 1; c++)
          for (const other of blocks.get(`${r},${c}`) ?? []) {
            close.open++;
            close.customers = Math.max(close.customers, other.customers);
            if (other.atS > atS - 900) close.begun++;
          }
      for (let i = ends.length - 1; i >= 0 && ends[i].endedS > atS - 6 * 3600; i--) {
        const end = ends[i];
        const away = Math.max(Math.abs(end.lat - lat), Math.abs(end.lon - lon));
        if (away < 0.3 && end.endedS > atS - 3 * 3600) close.near++;
        if (away < 0.02 && !(close.endedS > 0)) {
          close.endedS = end.endedS;
          close.endedCustomers = end.customers;
        }
      }
      const site = siteOf(lat, lon);
      const before = siteEnds.get(site);
      const remembers = before && atS - before.atS < 30 * dayS;
      return {
        open: all.count,
        open_customers: all.customers,
        open_age_min: age(all),
        open_region: byRegion.get(region)?.count ?? 0,
        open_near: near.count,
        open_near_age_min: age(near),
        begun_hour: begunHour,
        begun_near_3h: begunNear,
        day_customers: dayCustomers,
        lately_min: Math.exp(shrunk(fast, usual, 5)) - 10,
        region_min: Math.exp(shrunk(regions.get(region), usual, 15)) - 10,
        near_min: Math.exp(shrunk(places.get(cellOf(lat, lon)), usual, 15)) - 10,
        site_ended_h: remembers ? (atS - before.atS) / 3600 : Number.NaN,
        site_min: remembers ? before.minutes : Number.NaN,
        site_open: bySite.get(site) ?? 0,
        close_open: close.open,
        close_customers: close.customers,
        close_begun: close.begun,
        close_ended_min: (atS - close.endedS) / 60,
        close_ended_customers: close.endedCustomers,
        same_start: starts.get(startS) ?? 0,
        same_published: publishedEtrS === null ? 0 : (estimates.get(publishedEtrS) ?? 0),
        ended_near_3h: close.near,
      };
    },
    memory: () => {
      const kept = (of: Map<string, Fading>): Record<string, Fading> =>
        Object.fromEntries(
          [...of]
            .filter(([, fading]) => fading[0] >= 1)
            .map(([key, [w, s, t]]) => [key, [round(w), round(s), Math.round(t)] as Fading])
            .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
        );
      return { overall: slow ?? [0.001, 0.001 * Math.log(110), 0], regions: kept(regions), places: kept(places) };
    },
    openCount: () => open.size,
  };
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
