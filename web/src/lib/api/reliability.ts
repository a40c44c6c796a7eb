import type {
  CustomerExperience,
  DeclaredMeasured,
  Interruption,
  InterruptionDetail,
  InterruptionEvent,
  InterruptionMeters,
  MajorEventDays,
  Oe417,
  Oe417FilingRequest,
  ReliabilityCause,
  ReliabilityLevel,
  ReliabilityRow,
} from '#model/api/reliability.ts';
import { request } from './client.ts';
import { query } from './endpoints.ts';

/** Local days of the utility, both included. */
export interface Days {
  from: string;
  to: string;
}

/** A part of the system: its level and id; null is the whole. */
export interface Place {
  level: ReliabilityLevel;
  id: string | null;
}

/** Which interruptions an index counts: unplanned, those of days that are not major, planned. */
export type Counted = 'all' | 'without_major' | 'planned';

const root = '/api/reliability';
const id = encodeURIComponent;

export const getReliability = (days: Days, by: ReliabilityLevel, signal?: AbortSignal) =>
  request<ReliabilityRow[]>('GET', `${root}${query({ ...days, by })}`, undefined, signal);
export const getMajorEventDays = (days: Days, place: Place, signal?: AbortSignal) =>
  request<MajorEventDays>('GET', `${root}/major-event-days${query({ ...days, ...place })}`, undefined, signal);
export const getCauses = (days: Days, place: Place, signal?: AbortSignal) =>
  request<ReliabilityCause[]>('GET', `${root}/causes${query({ ...days, ...place })}`, undefined, signal);
export const getCustomerExperience = (days: Days, place: Place, signal?: AbortSignal) =>
  request<CustomerExperience>('GET', `${root}/customers${query({ ...days, ...place })}`, undefined, signal);
export const getInterruptions = (days: Days, place: Place, basis: Counted, limit: number, signal?: AbortSignal) =>
  request<Interruption[]>(
    'GET',
    `${root}/interruptions${query({ ...days, ...place, planned: String(basis === 'planned'), major: basis === 'without_major' ? 'false' : null, limit })}`,
    undefined,
    signal,
  );
export const getInterruption = (interruption: string, signal?: AbortSignal) =>
  request<InterruptionDetail>('GET', `${root}/interruptions/${id(interruption)}`, undefined, signal);
export const getInterruptionMeters = (interruption: string, limit: number, signal?: AbortSignal) =>
  request<InterruptionMeters>(
    'GET',
    `${root}/interruptions/${id(interruption)}/meters${query({ limit })}`,
    undefined,
    signal,
  );
export const getInterruptionEvents = (interruption: string, meter: string, signal?: AbortSignal) =>
  request<InterruptionEvent[]>(
    'GET',
    `${root}/interruptions/${id(interruption)}/meters/${id(meter)}/events`,
    undefined,
    signal,
  );
export const getDeclaredMeasured = (days: Days, limit: number, signal?: AbortSignal) =>
  request<DeclaredMeasured[]>('GET', `${root}/declared-vs-measured${query({ ...days, limit })}`, undefined, signal);
export const getOe417 = (signal?: AbortSignal) => request<Oe417>('GET', `${root}/oe417`, undefined, signal);
export const fileOe417 = (body: Oe417FilingRequest) => request<Oe417>('POST', `${root}/oe417/filings`, body);
export const reportAddress = (kind: 'csv' | 'pdf', days: Days): string => `${root}/report.${kind}${query({ ...days })}`;
