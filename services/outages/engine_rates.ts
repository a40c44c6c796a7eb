/**
 * How many last gasps are lost and how many lit answers are wrong, by area, measured on outages that are over: a meter
 * that says it is back and never said it was out is a lost gasp. The configured rates are the prior. SPEC.md, E1 to E3.
 */
import type { AreaRates } from './engine_records.ts';

/** The configured rate counts like this many observations. */
const priorWeight = 200;
/** Beyond this many observations the older ones fade: a network that gets worse shows. */
const memory = 4000;
const lossBounds = [0.02, 0.6] as const;
const wrongBounds = [0.002, 0.2] as const;

export class MeasuredRates {
  readonly #of = new Map<number, AreaRates>();
  readonly #changed = new Set<number>();

  /** A meter that was out is back; did its last gasp arrive? */
  gasp(area: number, arrived: boolean): void {
    const rates = this.#at(area);
    if (arrived) rates.heard++;
    else rates.lost++;
    if (rates.heard + rates.lost <= memory) return;
    rates.heard /= 2;
    rates.lost /= 2;
  }

  /** A meter answered lit. */
  litAnswer(area: number): void {
    const rates = this.#at(area);
    rates.lit++;
    if (rates.lit <= memory) return;
    rates.lit /= 2;
    rates.litWrong /= 2;
  }

  /** A meter that had answered lit says now that it was out. */
  litWasWrong(area: number): void {
    const rates = this.#at(area);
    rates.litWrong = Math.min(rates.lit, rates.litWrong + 1);
  }

  estimate(area: number, prior: { messageLoss: number; wrongLit: number }): { messageLoss: number; wrongLit: number } {
    const rates = this.#of.get(area);
    if (!rates) return prior;
    const { heard, lost, lit, litWrong } = rates;
    return {
      messageLoss: bounded(lost, heard + lost, prior.messageLoss, lossBounds),
      wrongLit: bounded(litWrong, lit, prior.wrongLit, wrongBounds),
    };
  }

  all(): AreaRates[] {
    return [...this.#of.values()].map((rates) => ({ ...rates })).sort((a, b) => a.area - b.area);
  }

  /** Those that changed since the last call. */
  take(): AreaRates[] {
    const changed = this.all().filter(({ area }) => this.#changed.has(area));
    this.#changed.clear();
    return changed;
  }

  restore(rows: readonly AreaRates[]): void {
    for (const rates of rows) this.#of.set(rates.area, { ...rates });
  }

  #at(area: number): AreaRates {
    let rates = this.#of.get(area);
    if (!rates) {
      rates = { area, heard: 0, lost: 0, lit: 0, litWrong: 0 };
      this.#of.set(area, rates);
    }
    this.#changed.add(area);
    return rates;
  }
}

/** Observed share with the prior in it. A prior outside the bounds is a person's word, and widens them. */
function bounded(seen: number, of: number, prior: number, [least, most]: readonly [number, number]): number {
  const share = (seen + prior * priorWeight) / (of + priorWeight);
  return Math.min(Math.max(most, prior), Math.max(Math.min(least, prior), share));
}
