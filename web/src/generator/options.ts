/** The form of a run: what is chosen, what is wrong, what remains to be done. */
import type { GeneratorJob } from '#model/api/generator.ts';
import { type GeneratorField, type GeneratorOptions, problemsOf } from '#model/generator.ts';

export type Scope = 'all' | 'number' | 'within';
export type Problems = Partial<Record<GeneratorField, string>>;

export function scopeOf({ within, meters }: GeneratorOptions): Scope {
  return within !== null ? 'within' : meters !== null ? 'number' : 'all';
}

/** Problems of the form; a feeder that is not named yet is one. */
export function formProblems(options: GeneratorOptions, nowMs: number): Problems {
  const problems = problemsOf(options, nowMs);
  return options.within === '' ? { ...problems, within: 'name a feeder or substation' } : problems;
}

const known: Record<string, { name: string; hint: string }> = {
  store: { name: 'This store', hint: 'Straight through the ledger: exactly once' },
  files: { name: 'Files', hint: 'A folder beside the data' },
  http: { name: 'The door', hint: 'POST /api/readings of this center, as a head-end would' },
  kafka: { name: 'Kafka', hint: 'The topics of the broker' },
};

export const targetWords = (target: string): { name: string; hint: string } =>
  known[target] ?? { name: target, hint: '' };

/** Share of a run that is done, [0, 1]. */
export function shareDone({ state, rows_done, rows_expected }: GeneratorJob): number {
  if (state === 'done') return 1;
  return rows_expected > 0 ? Math.min(1, rows_done / rows_expected) : 0;
}

/** Seconds until a running run ends, by its rate so far; null where that says nothing. */
export function secondsLeft(job: GeneratorJob): number | null {
  if (job.state !== 'running' || job.readings_per_s === null || job.readings_per_s <= 0) return null;
  return Math.max(0, job.rows_expected - job.rows_done) / job.readings_per_s;
}

const names: Partial<Record<GeneratorField, string>> = { rate: 'readings/s at most' };

/** What makes this run different from the plain one, in words. */
export function optionsInWords(options: GeneratorOptions): string {
  const percent = (share: number): string => `${Number((share * 100).toPrecision(4))}%`;
  const parts = [
    options.within && `within ${options.within}`,
    options.weather !== 'normal' && options.weather.replace('_', ' '),
    Object.values(options.mix).some((factor) => factor !== 1) && 'own load mix',
    options.loss > 0 && `loss ${percent(options.loss)}`,
    options.duplicates > 0 && `duplicates ${percent(options.duplicates)}`,
    options.lateness > 0 && `late by up to ${options.lateness} s`,
    options.disorder > 0 && `disorder ${options.disorder} s`,
    options.skew > 0 && `clock skew ${options.skew} s`,
    options.events && 'with events',
    options.rate !== null && `${options.rate.toLocaleString('en-US')} ${names.rate}`,
    `seed ${options.seed}`,
  ];
  return parts.filter(Boolean).join(' · ');
}
