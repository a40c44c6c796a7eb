/** What a prediction is made from: only what was known at the moment an outage was first seen. */
import type { PastOutage } from './history.ts';
import { makeSituation, type Situation, type SituationMemory, type Surroundings } from './situation.ts';

/** What is known of one outage when it is first seen. */
export interface FirstSight {
  number: number | null;
  startS: number;
  atS: number;
  customers: number;
  lat: number;
  lon: number;
  region: string;
  /** published by then, else null */
  publishedEtrS: number | null;
}

/** Each feature with its unit and what it says; the order is that of a model's columns. */
export const features = [
  { name: 'customers', about: 'customers out when first seen', group: 'outage' },
  { name: 'age_min', about: 'minutes from the start to the first sight', group: 'outage' },
  { name: 'hour', about: 'local hour of day, with its fraction', group: 'clock' },
  { name: 'weekday', about: 'local weekday, 0 = Sunday', group: 'clock' },
  {
    name: 'start_even',
    about: 'start told to: 3 the half hour, 2 five minutes, 1 the minute, 0 the second',
    group: 'outage',
  },
  { name: 'open', about: 'outages open', group: 'load' },
  { name: 'open_customers', about: 'customers out', group: 'load' },
  { name: 'open_age_min', about: 'mean age of the open outages, minutes', group: 'load' },
  { name: 'open_region', about: 'outages open in the region', group: 'near' },
  { name: 'open_near', about: 'outages open within about 30 km', group: 'near' },
  { name: 'open_near_age_min', about: 'mean age of outages open within about 30 km, minutes', group: 'near' },
  { name: 'begun_hour', about: 'outages begun in the hour before', group: 'load' },
  { name: 'begun_near_3h', about: 'outages begun nearby in the three hours before', group: 'near' },
  { name: 'day_customers', about: 'customers newly out in the day before', group: 'load' },
  { name: 'lately_min', about: 'what outages that ended in the last hours took, minutes', group: 'experience' },
  { name: 'region_min', about: 'what outages of the region took, minutes', group: 'experience' },
  { name: 'near_min', about: 'what outages nearby took, minutes', group: 'experience' },
  { name: 'site_ended_h', about: 'hours since the last outage at this corner ended', group: 'experience' },
  { name: 'site_min', about: 'what the last outage at this corner took, minutes', group: 'experience' },
  { name: 'site_open', about: 'outages open at this corner, this one included', group: 'near' },
  { name: 'close_open', about: 'outages open within about 2 km', group: 'near' },
  { name: 'close_customers', about: 'customers of the largest outage open within about 2 km', group: 'near' },
  { name: 'close_begun', about: 'outages within about 2 km first seen in the last quarter hour', group: 'near' },
  { name: 'close_ended_min', about: 'minutes since an outage within about 2 km ended', group: 'experience' },
  {
    name: 'close_ended_customers',
    about: 'customers of the outage within about 2 km that ended last',
    group: 'experience',
  },
  { name: 'same_start', about: 'open outages with the very same start', group: 'near' },
  {
    name: 'ended_near_3h',
    about: 'outages within about 30 km that ended in the three hours before',
    group: 'experience',
  },
  { name: 'same_published', about: 'open outages with the very same published estimate', group: 'published' },
  { name: 'lat', about: 'degrees north', group: 'place' },
  { name: 'lon', about: 'degrees east', group: 'place' },
  { name: 'published_min', about: "minutes to the utility's own published estimate", group: 'published' },
  { name: 'published_span_min', about: "minutes from the start to the utility's own estimate", group: 'published' },
  { name: 'published_minute', about: "minute of the hour of the utility's own estimate", group: 'published' },
  { name: 'published_hour', about: "local hour of the utility's own estimate", group: 'published' },
  { name: 'number_behind', about: 'how far its number is behind the newest known one', group: 'published' },
] as const;

export type FeatureName = (typeof features)[number]['name'];
export type FeatureGroup = (typeof features)[number]['group'];

export type LocalClock = (atS: number) => { hour: number; weekday: number };

/** The zone's clock; offsets are asked of the platform once per hour of history. */
export function localClock(timeZone: string): LocalClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hour: 'numeric',
    minute: 'numeric',
    weekday: 'short',
    hourCycle: 'h23',
  });
  const known = new Map<number, { hour: number; weekday: number }>();
  const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  return (atS) => {
    const quarter = Math.floor(atS / 900);
    let at = known.get(quarter);
    if (!at) {
      const parts = Object.fromEntries(format.formatToParts(quarter * 900_000).map(({ type, value }) => [type, value]));
      at = { hour: Number(parts.hour) + Number(parts.minute) / 60, weekday: days.indexOf(parts.weekday) };
      if (known.size > 100_000) known.clear();
      known.set(quarter, at);
    }
    return { hour: at.hour + (atS - quarter * 900) / 3600, weekday: at.weekday };
  };
}

const evenness = (startS: number): number =>
  startS % 1800 === 0 ? 3 : startS % 300 === 0 ? 2 : startS % 60 === 0 ? 1 : 0;

/** One row of a model's input, in the order of `features`; NaN where a fact is not known. */
export function featureRow(
  sight: FirstSight,
  around: Surroundings,
  clock: LocalClock,
  newestNumber: number | null,
): Float64Array {
  const here = clock(sight.atS);
  const published = sight.publishedEtrS;
  const values: Record<FeatureName, number> = {
    customers: sight.customers,
    age_min: (sight.atS - sight.startS) / 60,
    hour: here.hour,
    weekday: here.weekday,
    start_even: evenness(sight.startS),
    ...around,
    lat: sight.lat,
    lon: sight.lon,
    published_min: published === null ? Number.NaN : (published - sight.atS) / 60,
    published_span_min: published === null ? Number.NaN : (published - sight.startS) / 60,
    published_minute: published === null ? Number.NaN : Math.floor(published / 60) % 60,
    published_hour: published === null ? Number.NaN : clock(published).hour,
    number_behind: sight.number === null || newestNumber === null ? Number.NaN : newestNumber - sight.number,
  };
  return Float64Array.from(features, ({ name }) => values[name]);
}

/** What was known of a past outage when it was first seen. */
export const sightOf = (outage: PastOutage): FirstSight => ({
  number: outage.number,
  startS: outage.startS,
  atS: outage.firstSeenS,
  customers: outage.customers,
  lat: outage.lat,
  lon: outage.lon,
  region: outage.region,
  publishedEtrS:
    outage.publishedEtrS !== null && outage.publishedAtS !== null && outage.publishedAtS <= outage.firstSeenS
      ? outage.publishedEtrS
      : null,
});

export interface Replayed {
  outage: PastOutage;
  row: Float64Array;
  around: Surroundings;
}

/** Goes through a history in the order in which things became known, and tells each outage at its first sight. */
export function* replay(
  outages: readonly PastOutage[],
  clock: LocalClock,
  memory?: SituationMemory,
  situation: Situation = makeSituation(memory),
): Generator<Replayed> {
  // what lasts at the end of a file is not open for ever: an hour after it was seen last it is out of sight
  const ends = outages.map(({ goneS, lastSeenS, leftCensored }, key) =>
    goneS === null ? { key, goneS: lastSeenS + 3600, isKnown: false } : { key, goneS, isKnown: !leftCensored },
  );
  ends.sort((a, b) => a.goneS - b.goneS || a.key - b.key);
  let ended = 0;
  let newest: number | null = null;
  for (let i = 0; i < outages.length; ) {
    const atS = outages[i].firstSeenS;
    for (; ended < ends.length && ends[ended].goneS <= atS; ended++) {
      const { key, goneS, isKnown } = ends[ended];
      situation.ended(key, goneS, isKnown ? minutesOf(outages[key]).middle : Number.NaN);
    }
    // everything one snapshot shows is seen at once
    let next = i;
    for (; next < outages.length && outages[next].firstSeenS === atS; next++) {
      const sight = sightOf(outages[next]);
      const { number } = sight;
      situation.seen({ ...sight, key: next });
      if (number !== null && (newest === null || number > newest)) newest = number;
    }
    for (; i < next; i++) {
      const sight = sightOf(outages[i]);
      const around = situation.around(sight, atS);
      yield { outage: outages[i], around, row: featureRow(sight, around, clock, newest) };
    }
  }
}

/** Minutes from the first sight to the restoration: at least, at most (infinite while it lasts), and the middle. */
export function minutesOf(outage: PastOutage): { least: number; most: number; middle: number } {
  const least = (outage.lastSeenS - outage.firstSeenS) / 60;
  if (outage.goneS === null) return { least, most: Number.POSITIVE_INFINITY, middle: least };
  const most = (outage.goneS - outage.firstSeenS) / 60;
  return { least, most, middle: (least + most) / 2 };
}
