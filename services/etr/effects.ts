/** What a model does with each feature, in minutes: how the median moves when only that one changes. */
import { toMinutes } from './calibration.ts';
import { features } from './features.ts';
import { type Forest, forestValue } from './trees.ts';

export interface FeatureEffect {
  feature: string;
  about: string;
  /** of all the loss the trees take off */
  share: number;
  /** the middle value in the history, null where it was mostly missing */
  usual: number | null;
  /** values from low to high, and the mean P50 (minutes) over outages of the history set to each */
  at: number[];
  p50_min: number[];
}

const outagesAsked = 150;
const points = 7;

/** Most important first. */
export function effectsOf(forest: Forest, columns: readonly number[], rows: readonly Float64Array[]): FeatureEffect[] {
  const gains = new Float64Array(features.length);
  for (const { feature, gain } of forest.trees)
    for (let node = 0; node < feature.length; node++) if (feature[node] >= 0) gains[feature[node]] += gain[node];
  const total = gains.reduce((sum, gain) => sum + gain, 0);
  const asked = Array.from(
    { length: Math.min(outagesAsked, rows.length) },
    (_, i) => rows[Math.floor(((i + 0.5) * rows.length) / Math.min(outagesAsked, rows.length))],
  );
  return columns
    .map((column): FeatureEffect => {
      const values = Float64Array.from(rows, (row) => row[column])
        .filter((value) => !Number.isNaN(value))
        .sort();
      const quantile = (q: number): number => values[Math.min(values.length - 1, Math.floor(q * values.length))];
      const at =
        values.length === 0
          ? []
          : [...new Set(Array.from({ length: points }, (_, i) => round(quantile((i + 0.5) / points))))];
      return {
        feature: features[column].name,
        about: features[column].about,
        share: total > 0 ? Number((gains[column] / total).toFixed(4)) : 0,
        usual: values.length * 2 > rows.length ? round(quantile(0.5)) : null,
        at,
        p50_min: at.map((value) => {
          let sum = 0;
          for (const row of asked) {
            const changed = Float64Array.from(row);
            changed[column] = value;
            sum += toMinutes(forestValue(forest, changed));
          }
          return Number((sum / asked.length).toFixed(1));
        }),
      };
    })
    .sort((a, b) => b.share - a.share);
}

export interface Reason {
  feature: string;
  value: number | null;
  /** minutes the median would differ were it as usual: positive = it makes this outage longer */
  minutes: number;
}

/** Why one prediction is what it is: each feature set back to its usual value, one at a time; the strongest first. */
export function reasonsOf(forest: Forest, effects: readonly FeatureEffect[], row: Float64Array, most = 5): Reason[] {
  const here = toMinutes(forestValue(forest, row));
  return effects
    .map(({ feature, usual }): Reason => {
      const column = features.findIndex(({ name }) => name === feature);
      const changed = Float64Array.from(row);
      changed[column] = usual ?? Number.NaN;
      return {
        feature,
        value: Number.isNaN(row[column]) ? null : round(row[column]),
        minutes: Math.round(here - toMinutes(forestValue(forest, changed))),
      };
    })
    .filter(({ minutes }) => minutes !== 0)
    .sort((a, b) => Math.abs(b.minutes) - Math.abs(a.minutes))
    .slice(0, most);
}

const round = (value: number): number => Number(value.toPrecision(5));
