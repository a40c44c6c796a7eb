/** When storm mode should be switched, in words. Pure; times are UTC epoch ms. */

export interface AreaFacts {
  customers: number;
  customersOut: number;
  /** detection times of its open outages */
  detectedMs: readonly number[];
  /** strongest gust that is forecast for it; null where nobody forecasts */
  gust: { metresPerS: number; atMs: number } | null;
}

export interface SuggestRules {
  /** so many outages detected within this time */
  outages: number;
  withinMs: number;
  /** share of customers out, with this many outages at least */
  outShare: number;
  outLeast: number;
  /** a forecast gust of so much, m/s, within this time */
  gustMs: number;
  aheadMs: number;
  /** quiet: fewer open outages than this, none detected within `quietMs`, no such gust ahead */
  quietOutages: number;
  quietMs: number;
}

export const suggestDefaults: SuggestRules = {
  outages: 6,
  withinMs: 15 * 60_000,
  outShare: 0.02,
  outLeast: 4,
  gustMs: 23,
  aheadMs: 3 * 3_600_000,
  quietOutages: 3,
  quietMs: 2 * 3_600_000,
};

export interface Suggestion {
  on: boolean;
  why: string;
}

export function suggestionFor(
  isOn: boolean,
  facts: AreaFacts,
  nowMs: number,
  rules: SuggestRules = suggestDefaults,
): Suggestion | null {
  const { detectedMs, customersOut, customers, gust } = facts;
  const lately = detectedMs.filter((atMs) => nowMs - atMs < rules.withinMs).length;
  const isGusty = gust !== null && gust.metresPerS >= rules.gustMs && gust.atMs - nowMs < rules.aheadMs;
  if (!isOn) {
    if (lately >= rules.outages)
      return { on: true, why: `${lately} outages within ${Math.round(rules.withinMs / 60_000)} minutes` };
    if (detectedMs.length >= rules.outLeast && customers > 0 && customersOut / customers >= rules.outShare)
      return {
        on: true,
        why: `${((100 * customersOut) / customers).toFixed(1)} % of its customers are out by ${detectedMs.length} outages`,
      };
    if (isGusty) {
      const minutes = Math.max(0, Math.round((gust.atMs - nowMs) / 60_000));
      return {
        on: true,
        why: `gusts of ${Math.round(gust.metresPerS)} m/s are forecast, the first ${minutes < 2 ? 'now' : `in ${minutes} minutes`}`,
      };
    }
    return null;
  }
  const isQuiet =
    !isGusty && detectedMs.length < rules.quietOutages && detectedMs.every((atMs) => nowMs - atMs >= rules.quietMs);
  if (!isQuiet) return null;
  return { on: false, why: `${detectedMs.length} outages are left and none is new` };
}
