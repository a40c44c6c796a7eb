/** A file of customer-minutes per day: what a major event threshold can be computed from without any interruption. */
import { FluxError } from '#model/errors.ts';
import { type BadField, columnsOf, parseCsv } from './csv.ts';
import type { DailySaidi } from './med.ts';

export interface DailyFile {
  days: DailySaidi[];
  /** days whose record covers too little of the day to be compared with whole ones */
  uncovered: number;
  bad: BadField[];
}

export interface DailyFileOptions {
  /** customers served, for files of customer-minutes */
  customers: number | undefined;
  /** least share of a day that was recorded, where the file tells it */
  leastCoverage: number;
}

export const defaultLeastCoverage = 0.95;

const columns = {
  day: { names: ['day', 'date', 'date_local', 'date_pst'], needed: true },
  minutes: { names: ['customer_minutes', 'customer_minutes_out'], needed: false },
  saidi: { names: ['saidi', 'saidi_minutes'], needed: false },
  coverage: { names: ['coverage', 'coverage_fraction'], needed: false },
};

/** @throws FluxError `bad_file`, `bad_usage` */
export function readDailyFile(file: string, text: string, options: DailyFileOptions): DailyFile {
  const [header, ...lines] = parseCsv(file, text);
  const at = columnsOf(file, header, columns);
  if (at.minutes < 0 && at.saidi < 0)
    throw new FluxError('bad_file', `${file}, line 1: there is no column customer_minutes and none named saidi`);
  const bySaidi = at.saidi >= 0;
  if (!bySaidi && !(Number(options.customers) > 0))
    throw new FluxError('bad_usage', `${file} holds customer-minutes: say how many customers are served (--customers)`);
  const result: DailyFile = { days: [], uncovered: 0, bad: [] };
  const seen = new Map<string, number>();
  for (const { line, cells } of lines) {
    const refuse = (field: string, problem: string, remedy: string): void =>
      void result.bad.push({ file, line, field, problem, remedy });
    const day = cells[at.day]?.trim() ?? '';
    const field = bySaidi ? columns.saidi.names[0] : columns.minutes.names[0];
    const said = cells[bySaidi ? at.saidi : at.minutes]?.trim() ?? '';
    const value = said === '' ? Number.NaN : Number(said);
    const covered = at.coverage < 0 ? 1 : Number(cells[at.coverage]?.trim() || Number.NaN);
    const first = seen.get(day);
    if (!isDate(day)) refuse('date', `"${day}" is no date`, 'write it like 2026-07-04');
    else if (first !== undefined)
      refuse('date', `${day} stands in line ${first} already`, 'keep one line for each day; this one is left out');
    else if (!(value >= 0 && Number.isFinite(value)))
      refuse(
        field,
        `"${said}" is no number from 0 up`,
        'write 0 for a day without interruptions, or leave the day out',
      );
    else if (!(covered >= 0))
      refuse('coverage', `"${cells[at.coverage] ?? ''}" is no share`, 'write the recorded share of the day, 0 to 1');
    else {
      seen.set(day, line);
      if (covered < options.leastCoverage) result.uncovered++;
      else result.days.push({ day, saidi: bySaidi ? value : value / options.customers! });
    }
  }
  return result;
}

/** A date of the calendar, not just of its shape. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
