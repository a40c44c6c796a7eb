/**
 * Major event days by the 2.5 beta method of IEEE 1366. Pure. SAIDI is in minutes per customer served.
 *
 * Beta is the standard deviation of a sample (n - 1): the published figures of known series come out with it, not with
 * that of a population.
 */
import { FluxError } from '#model/errors.ts';

export interface DailySaidi {
  /** local date of the utility, 2026-07-04 */
  day: string;
  saidi: number;
}

export interface MedThreshold {
  /** mean of the natural logs of the days with interruptions */
  alpha: number;
  /** standard deviation of the same, of a sample */
  beta: number;
  /** minutes; a day above it is a major event day */
  tMed: number;
  /** days that went in; zero days are dropped */
  days: number;
  zeroDays: number;
  from: string;
  to: string;
}

/** Years a threshold looks back. */
export const medYears = 5;
/** Fewer days with interruptions say nothing about a spread. */
export const leastMedDays = 30;

/** @returns undefined where fewer than `leastMedDays` days had interruptions */
export function medThreshold(days: readonly DailySaidi[]): MedThreshold | undefined {
  const logs: number[] = [];
  let from = '9999-12-31';
  let to = '';
  for (const { day, saidi } of days) {
    if (!(saidi >= 0)) throw new FluxError('bad_request', `the SAIDI of ${day} is ${saidi}: it can not be negative`);
    if (day < from) from = day;
    if (day > to) to = day;
    if (saidi > 0) logs.push(Math.log(saidi));
  }
  if (logs.length < leastMedDays) return undefined;
  const alpha = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const beta = Math.sqrt(logs.reduce((sum, log) => sum + (log - alpha) ** 2, 0) / (logs.length - 1));
  const tMed = Math.exp(alpha + 2.5 * beta);
  return { alpha, beta, tMed, days: logs.length, zeroDays: days.length - logs.length, from, to };
}

export const yearOf = (day: string): number => Number(day.slice(0, 4));

/**
 * The threshold that holds for the days of a year: from up to five years before it, never from the year itself.
 * @returns undefined where the years before have too few days
 */
export function thresholdForYear(days: readonly DailySaidi[], year: number): MedThreshold | undefined {
  return medThreshold(days.filter(({ day }) => yearOf(day) < year && yearOf(day) >= year - medYears));
}

/** Days above the threshold, in their order. */
export function majorEventDays(days: readonly DailySaidi[], tMed: number): DailySaidi[] {
  return days.filter(({ saidi }) => saidi > tMed);
}

/** The thresholds of some years, and the days above that of their own year; each year is judged by the five before it. */
export function majorEventDaysByYear(
  days: readonly DailySaidi[],
  firstYear: number,
  lastYear: number,
): { thresholds: Map<number, MedThreshold | undefined>; majorDays: Set<string> } {
  const thresholds = new Map<number, MedThreshold | undefined>();
  for (let year = firstYear; year <= lastYear; year++) thresholds.set(year, thresholdForYear(days, year));
  const isMajor = ({ day, saidi }: DailySaidi): boolean => saidi > (thresholds.get(yearOf(day))?.tMed ?? Infinity);
  return { thresholds, majorDays: new Set(days.filter(isMajor).map(({ day }) => day)) };
}

const dates = new Map<string, Intl.DateTimeFormat>();

/** The local date a moment lies in: an interruption belongs to the day it began, whenever it ended. */
export function localDate(ms: number, zone: string): string {
  let format = dates.get(zone);
  if (!format) {
    // en-CA writes dates as ISO 8601 does
    format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
    dates.set(zone, format);
  }
  return format.format(ms);
}
