/**
 * The model beside a running center: it is told of outages as they are seen and end, keeps its opinion of each open one,
 * and learns from those that are over. Times are UTC epoch seconds.
 */
import type { Outage } from '#model/api/outages.ts';
import { sizeClassOf } from './calibration.ts';
import { type Reason, reasonsOf } from './effects.ts';
import { featureRow, type LocalClock, localClock } from './features.ts';
import type { EtrModel } from './model.ts';
import { type Correction, learnOwn, type OwnHistory, type OwnOutage } from './own_history.ts';
import { type Opinion, opinionOf, predictMinutes } from './predict.ts';
import { makeSituation, type Situation } from './situation.ts';

/** An outage as the store remembers it. */
export interface PastOutageFact {
  id: string;
  zone: string;
  device: string;
  lat: number;
  lon: number;
  customers: number;
  startS: number;
  seenS: number;
  /** null while it lasts */
  endedS: number | null;
  cause: string | null;
  /** what the model said at first sight; null where it was not there */
  opinion: Opinion | null;
}

interface Kept {
  fact: PastOutageFact;
  /** what the opinion was made from */
  device: string;
  customers: number;
  opinion: Opinion;
  reasons: Reason[];
}

export interface Prediction {
  p50S: number;
  p90S: number;
  /** before the correction by own history */
  opinion: Opinion;
  correction: Correction;
  reasons: Reason[];
}

export interface LiveModel {
  predict(outage: Outage, nowS: number): Prediction;
  /** over: restored at `atS`, or no outage at all (null) */
  over(id: string, atS: number | null, cause: string | null): void;
  ownOutages(): number;
}

/** An opinion is made anew when the customers out changed by more than this. */
const sameCustomers = 1.25;
/** So many own outages are learned from, the newest. */
const mostOwn = 5000;

export function makeLiveModel(
  model: EtrModel,
  timeZone: string,
  past: readonly PastOutageFact[],
  nowS: number,
): LiveModel {
  const clock = localClock(timeZone);
  const situation = makeSituation(model.memory);
  const open = new Map<string, Kept>();
  const ended: OwnOutage[] = [];
  let own: OwnHistory | undefined;
  let ownAtS = 0;
  tellPast(situation, past, nowS);
  for (const fact of past) {
    if (fact.endedS !== null && fact.opinion) ended.push(ownOf(fact, fact.opinion, fact.endedS, false, clock));
    if (fact.endedS === null && fact.opinion)
      open.set(fact.id, { fact, device: fact.device, customers: fact.customers, opinion: fact.opinion, reasons: [] });
  }

  /** Learned again when an outage ended, and each ten minutes: those that last say something too. */
  function history(atS: number): OwnHistory {
    if (!own || atS - ownAtS > 600) {
      const lasting = [...open.values()].map(({ fact, opinion }) => ownOf(fact, opinion, atS, true, clock));
      own = learnOwn([...ended.slice(-mostOwn), ...lasting], model.deviations);
      ownAtS = atS;
    }
    return own;
  }

  function keptOf(outage: Outage, atS: number): Kept {
    const known = open.get(outage.id);
    const customers = Math.max(1, outage.customers_affected);
    if (known && known.device === outage.device_id) {
      const ratio = customers / Math.max(1, known.customers);
      if (ratio < sameCustomers && ratio > 1 / sameCustomers) return known;
    }
    const fact: PastOutageFact = known?.fact ?? {
      id: outage.id,
      zone: outage.area_id,
      device: outage.device_kind,
      lat: outage.lat,
      lon: outage.lon,
      customers,
      startS: Date.parse(outage.started_at) / 1000,
      seenS: Date.parse(outage.detected_at) / 1000,
      endedS: null,
      cause: outage.cause,
      opinion: null,
    };
    const now: PastOutageFact = { ...fact, device: outage.device_kind, lat: outage.lat, lon: outage.lon, customers };
    const sight = { ...now, number: null, atS: now.seenS, region: now.zone, publishedEtrS: null };
    if (!known) situation.seen({ ...sight, key: now.id });
    const row = featureRow(sight, situation.around(sight, Math.max(atS, now.seenS)), clock, null);
    const kept: Kept = {
      fact: now,
      device: outage.device_id,
      customers,
      opinion: opinionOf(model, row),
      reasons: reasonsOf(model.p50, model.effects, row),
    };
    open.set(outage.id, kept);
    return kept;
  }

  return {
    predict: (outage, atS) => {
      const { fact, opinion, reasons } = keptOf(outage, atS);
      const { tables, correctionOf } = history(atS);
      const correction = correctionOf({
        zone: fact.zone,
        cause: outage.cause,
        device: fact.device,
        quarter: quarterOf(fact.seenS, clock),
      });
      const corrected = { log50: opinion.log50 + correction.shift, log90: opinion.log90 + correction.shift };
      const { p50, p90 } = predictMinutes(
        corrected,
        tables[sizeClassOf(fact.customers)],
        Math.max(0, (atS - fact.seenS) / 60),
      );
      return { p50S: fact.seenS + p50 * 60, p90S: fact.seenS + p90 * 60, opinion, correction, reasons };
    },
    over: (id, atS, cause) => {
      const kept = open.get(id);
      if (!kept) return;
      open.delete(id);
      if (atS === null) return situation.ended(id, kept.fact.seenS, Number.NaN);
      const fact = { ...kept.fact, cause, endedS: atS };
      situation.ended(id, atS, Math.max(0, (atS - fact.seenS) / 60));
      ended.push(ownOf(fact, kept.opinion, atS, false, clock));
      if (ended.length > 2 * mostOwn) ended.splice(0, ended.length - mostOwn);
      own = undefined;
    },
    ownOutages: () => ended.length,
  };
}

/** In the order in which it became known. */
function tellPast(situation: Situation, past: readonly PastOutageFact[], nowS: number): void {
  const told = past.flatMap((fact) => [
    { atS: fact.seenS, fact, isEnd: false },
    ...(fact.endedS === null || fact.endedS > nowS
      ? []
      : [{ atS: Math.max(fact.endedS, fact.seenS), fact, isEnd: true }]),
  ]);
  told.sort((a, b) => a.atS - b.atS || Number(a.isEnd) - Number(b.isEnd));
  for (const { atS, fact, isEnd } of told)
    if (isEnd) situation.ended(fact.id, atS, Math.max(0, (atS - fact.seenS) / 60));
    // an open one without an opinion is told when it is predicted
    else if (fact.endedS !== null || fact.opinion)
      situation.seen({ ...fact, key: fact.id, atS, region: fact.zone, publishedEtrS: null });
}

const quarterOf = (atS: number, clock: LocalClock): number => Math.floor(clock(atS).hour / 6);

function ownOf(fact: PastOutageFact, opinion: Opinion, atS: number, lasts: boolean, clock: LocalClock): OwnOutage {
  return {
    id: fact.id,
    customers: fact.customers,
    zone: fact.zone,
    cause: fact.cause,
    device: fact.device,
    quarter: quarterOf(fact.seenS, clock),
    opinion,
    minutes: Math.max(0, (atS - fact.seenS) / 60),
    lasts,
  };
}
