/** When dark meters make an outage, and when it moves up: per device kind, region and mode. */
import { type EdgeKind, edgeKinds } from '#model/network.ts';

export const outageModes = ['blue_sky', 'storm'] as const;
export type OutageMode = (typeof outageModes)[number];

/** Kinds an outage can be placed at. A switch only where it is known to be open: it does not open by itself. */
export const deviceKinds = ['power_transformer', 'fuse', 'sectionalizer', 'recloser', 'breaker', 'switch'] as const;
export type DeviceKind = (typeof deviceKinds)[number];

export interface DeviceThreshold {
  /** share of dark among the meters below that are not otherwise accounted for, 0 to 100 */
  minPercent: number;
  /** dark meters below */
  minCount: number;
  /** callers below, where no meter itself says dark */
  minCalls: number;
  /** both must hold, or either */
  need: 'both' | 'either';
}

/**
 * likelihood: thresholds are guard rails, among what they allow the best explanation wins;
 * thresholds: the highest device that meets its threshold wins.
 */
export type PredictionRule = 'likelihood' | 'thresholds';

export interface OutageSettings {
  rule: PredictionRule;
  /** a last gasp counts once no restore came within this time; shorter ones are momentary, s */
  holdWindowS: number;
  /** age at which the engine lets go of a prediction, minutes */
  minutesToProbable: number;
  /** a branch counts as affected from this share of dark, 0 to 100 */
  branchPercent: number;
  device: Record<DeviceKind, DeviceThreshold>;
  /** share of last gasps that never arrive, 0 to 0.9; measured ones come over it where there are enough */
  messageLoss: number;
  /** share of lit answers that are wrong, 0.0001 to 0.5; measured ones come over it */
  wrongLit: number;
  /** chance that a customer with power calls just then, because of a trouble of the house's own, 0.000001 to 0.5 */
  wrongCall: number;
  /** meters that go dark this long after the others below a device are another event, minutes */
  separationMinutes: number;
  /** how improbable one more fault is: natural logarithm, positive */
  faultImprobability: number;
  /** gasps of one fault are this far apart at most, s */
  simultaneousS: number;
  /** how improbable it is that a branch of one fault goes dark at another time: natural logarithm */
  lateBranchImprobability: number;
  /** how much more improbable it is that a device loses some of its phases only: natural logarithm */
  partialImprobability: number;
}

export interface OutageThresholds {
  mode: OutageMode;
  blue_sky: OutageSettings;
  storm: OutageSettings;
  /** by area row: its own mode, and single settings that differ there */
  areas: ReadonlyMap<number, { mode?: OutageMode } & Partial<Record<OutageMode, Partial<OutageSettings>>>>;
  /** share of the heard meters still dark at which the outage counts as restored, 0 to 100 */
  leftoverPercent: number;
  /** share of its customers back at which it counts as partly restored, 0 to 100 */
  partlyPercent: number;
  /** how long after a restoration a meter may stay dark before it becomes an outage of its own, s */
  leftoverGraceS: number;
  /** how long after a planned window its meters may stay dark before they are predicted, s */
  plannedGraceS: number;
  /** restorations within this time of a step's end belong to that step, s */
  stepMergeS: number;
  /** restored outages close by themselves after, minutes */
  minutesToClose: number;
  /** a meter's clock may be this far ahead; beyond, the arrival time counts, s */
  clockAheadS: number;
  /** older events say nothing about now, hours */
  maxAgeH: number;
}

const blueSky: OutageSettings = {
  rule: 'likelihood',
  holdWindowS: 45,
  minutesToProbable: 20,
  branchPercent: 30,
  device: {
    power_transformer: { minPercent: 40, minCount: 2, minCalls: 2, need: 'both' },
    fuse: { minPercent: 50, minCount: 3, minCalls: 3, need: 'both' },
    sectionalizer: { minPercent: 50, minCount: 5, minCalls: 4, need: 'both' },
    recloser: { minPercent: 50, minCount: 5, minCalls: 5, need: 'both' },
    breaker: { minPercent: 50, minCount: 8, minCalls: 6, need: 'both' },
    switch: { minPercent: 50, minCount: 1, minCalls: 1, need: 'either' },
  },
  // Lost gasps come in clumps (a collector, a mesh branch): silence weighs less than a 10 % loss would make it.
  messageLoss: 0.15,
  wrongLit: 0.02,
  wrongCall: 0.001,
  separationMinutes: 120,
  faultImprobability: 12,
  simultaneousS: 30,
  // A head-end an hour behind must not break a fault into branches: less than a fault, more than nothing.
  lateBranchImprobability: 4,
  partialImprobability: 1,
};

export const defaultThresholds: OutageThresholds = {
  mode: 'blue_sky',
  blue_sky: blueSky,
  // In a storm many small faults at once are likelier, and predictions settle later.
  storm: { ...blueSky, faultImprobability: 8, minutesToProbable: 30 },
  areas: new Map(),
  leftoverPercent: 20,
  partlyPercent: 10,
  leftoverGraceS: 60,
  plannedGraceS: 300,
  stepMergeS: 60,
  minutesToClose: 60,
  clockAheadS: 5,
  maxAgeH: 24,
};

const kindOfCode: (DeviceKind | undefined)[] = edgeKinds.map((kind: EdgeKind) =>
  (deviceKinds as readonly string[]).includes(kind) ? (kind as DeviceKind) : undefined,
);

/** The device kind of an edge kind code, undefined where no outage is placed at it. */
export function deviceKindOf(kindCode: number): DeviceKind | undefined {
  return kindOfCode[kindCode];
}

/** The settings that hold in an area: its own mode and values over the general ones. */
export function settingsOf(thresholds: OutageThresholds, area: number): OutageSettings {
  const own = thresholds.areas.get(area);
  const mode = own?.mode ?? thresholds.mode;
  const special = own?.[mode];
  return special ? { ...thresholds[mode], ...special } : thresholds[mode];
}

/** Settings with the logarithms that every weighing needs. */
export interface AreaSettings extends OutageSettings {
  logHeard: number;
  logLost: number;
  logWrongLit: number;
  logWrongCall: number;
}

/** Settings by area, made once each; measured rates stand over the configured ones. */
export class SettingsByArea {
  readonly thresholds: OutageThresholds;
  readonly #measured: (area: number, settings: OutageSettings) => { messageLoss: number; wrongLit: number };
  /** by area row + 1 */
  readonly #known: (AreaSettings | undefined)[] = [];

  constructor(
    thresholds: OutageThresholds,
    measured: (area: number, settings: OutageSettings) => { messageLoss: number; wrongLit: number } = (_, settings) =>
      settings,
  ) {
    this.thresholds = thresholds;
    this.#measured = measured;
  }

  of(area: number): AreaSettings {
    const known = this.#known[area + 1];
    if (known) return known;
    const made = this.#make(area);
    this.#known[area + 1] = made;
    return made;
  }

  /** The measured rates of an area are others now. */
  forget(area: number): void {
    this.#known[area + 1] = undefined;
  }

  #make(area: number): AreaSettings {
    const settings = settingsOf(this.thresholds, area);
    const { messageLoss, wrongLit } = this.#measured(area, settings);
    return {
      ...settings,
      messageLoss,
      wrongLit,
      logHeard: Math.log(1 - messageLoss),
      // A loss of 0 would forbid any silence.
      logLost: Math.log(Math.max(messageLoss, 0.001)),
      logWrongLit: Math.log(wrongLit),
      logWrongCall: Math.log(settings.wrongCall),
    };
  }
}
