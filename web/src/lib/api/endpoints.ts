import type { CallPlace, CallReport, CustomerOut, MeterStanding, TroubleCall } from '#model/api/calls.ts';
import type { Session } from '#model/api/common.ts';
import type { GeneratorEstimate, GeneratorJob, GeneratorVerb } from '#model/api/generator.ts';
import type { Trend } from '#model/api/live.ts';
import type { Asset, SearchHit, SwitchResult, Trace, TraceDirection } from '#model/api/network.ts';
import type { HeadEndState, OutageAction, OutageDetail, OutageEvidence, OutagePing } from '#model/api/outages.ts';
import type { Resubmission, SetAsideCount, SetAsideEntry } from '#model/api/pipeline.ts';
import type { PlannedOutage, PlannedOutageRequest } from '#model/api/planned.ts';
import type { History, LatestReading, Pipeline } from '#model/api/readings.ts';
import type {
  VeeAction,
  VeeCount,
  VeeException,
  VeeExceptionDetail,
  VeeQualityRow,
  VeeRun,
  VeeVersion,
} from '#model/api/vee.ts';
import type { GeneratorOptions } from '#model/generator.ts';
import { request } from './client.ts';

/** Customers out and open outages over time, parallel arrays. */
export interface OutageTimeline {
  time_s: number[];
  customers_out: number[];
  outages_open: number[];
}

const id = encodeURIComponent;

export function query(parameters: Record<string, string | number | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined) search.set(key, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : '';
}

export const getSession = () => request<Session>('GET', '/api/session');
export const signIn = (user: string, password: string) => request<Session>('POST', '/api/session', { user, password });
export const signInByLink = (token: string) => request<Session>('POST', '/api/session/link', { token });
export const signOut = () => request<unknown>('DELETE', '/api/session');
export const changePassword = (next: string, current?: string) =>
  request<unknown>('POST', '/api/session/password', { next, ...(current ? { current } : {}) });

export const getMapVersion = () => request<{ version: string }>('GET', '/api/map/current');
export const getEdgeAsset = (row: number, signal?: AbortSignal) =>
  request<Asset>('GET', `/api/map/edge/${row}`, undefined, signal);
/** The asset behind a meter key of the map bundle. */
export const getMeterAsset = (key: number, signal?: AbortSignal) =>
  request<Asset>('GET', `/api/map/meter/${key}`, undefined, signal);
export const getAsset = (assetId: string, signal?: AbortSignal) =>
  request<Asset>('GET', `/api/network/assets/${id(assetId)}`, undefined, signal);
export const getTrace = (assetId: string, direction: TraceDirection) =>
  request<Trace>('GET', `/api/network/trace/${id(assetId)}${query({ direction })}`);
export const searchNetwork = (q: string, signal?: AbortSignal) =>
  request<SearchHit[]>('GET', `/api/network/search${query({ q, limit: 20 })}`, undefined, signal);

export type SwitchVerb = 'open' | 'close';
export const lookAhead = (assetId: string, operation: SwitchVerb, signal?: AbortSignal) =>
  request<SwitchResult>(
    'GET',
    `/api/network/switches/${id(assetId)}/lookahead${query({ operation })}`,
    undefined,
    signal,
  );
export const operateSwitch = (assetId: string, operation: SwitchVerb, reason: string) =>
  request<SwitchResult>('POST', `/api/network/switches/${id(assetId)}`, { operation, reason });

export const getOutage = (outageId: string, signal?: AbortSignal) =>
  request<OutageDetail>('GET', `/api/outages/${id(outageId)}`, undefined, signal);
export const getEvidence = (outageId: string, signal?: AbortSignal) =>
  request<OutageEvidence & { pings: OutagePing[] }>('GET', `/api/outages/${id(outageId)}/evidence`, undefined, signal);
export const actOnOutage = (outageId: string, action: OutageAction) =>
  request<OutageDetail>('POST', `/api/outages/${id(outageId)}/actions`, action);
export const pingOutage = (outageId: string) =>
  request<{ asked: number }>('POST', `/api/outages/${id(outageId)}/pings`, {});
export const getCustomersOut = (outageId: string, signal?: AbortSignal) =>
  request<CustomerOut[]>('GET', `/api/outages/${id(outageId)}/customers`, undefined, signal);
export const getCallsOfOutage = (outageId: string, signal?: AbortSignal) =>
  request<TroubleCall[]>('GET', `/api/outages/${id(outageId)}/calls`, undefined, signal);
export const getHeadEnd = (signal?: AbortSignal) => request<HeadEndState>('GET', '/api/headend', undefined, signal);

export type CallList = 'newest' | 'unplaced' | 'callbacks';
export const callsShown = 500;
export const getCalls = (show: CallList, signal?: AbortSignal) =>
  request<TroubleCall[]>('GET', `/api/calls${query({ show, limit: callsShown })}`, undefined, signal);
export const fileCall = (report: CallReport) =>
  request<{ call: TroubleCall; is_new: boolean }>('POST', '/api/calls', report);
export const placeCall = (callId: string, meter: string) =>
  request<TroubleCall>('POST', `/api/calls/${id(callId)}/place`, { meter });
export const markCalledBack = (callId: string) =>
  request<TroubleCall>('POST', `/api/calls/${id(callId)}/called-back`, {});
export const findPlaces = (q: string, signal?: AbortSignal) =>
  request<CallPlace[]>('GET', `/api/calls/places${query({ q, limit: 20 })}`, undefined, signal);
export const getMeterStanding = (meter: string, signal?: AbortSignal) =>
  request<MeterStanding>('GET', `/api/calls/standing${query({ meter })}`, undefined, signal);

export const getPlanned = (signal?: AbortSignal) =>
  request<PlannedOutage[]>('GET', '/api/planned-outages', undefined, signal);
export const addPlanned = (planned: PlannedOutageRequest) =>
  request<PlannedOutage>('POST', '/api/planned-outages', planned);
export const withdrawPlanned = (plannedId: string) =>
  request<PlannedOutage>('DELETE', `/api/planned-outages/${id(plannedId)}`);

export const getOutageTimeline = (from: string, to: string, points: number, signal?: AbortSignal) =>
  request<OutageTimeline>('GET', `/api/outages/timeline${query({ from, to, points })}`, undefined, signal);

export const acknowledgeAlarm = (alarmId: string) =>
  request<unknown>('POST', `/api/alarms/${id(alarmId)}/acknowledge`, {});

export type TrendLevel = 'system' | 'substation' | 'feeder';
export const getTrend = (
  level: TrendLevel,
  levelId: string | null,
  from: string,
  to: string,
  points: number,
  signal?: AbortSignal,
) => request<Trend>('GET', `/api/analytics/trend${query({ level, id: levelId, from, to, points })}`, undefined, signal);

export const getLatestReading = (meter: string, signal?: AbortSignal) =>
  request<LatestReading>('GET', `/api/readings/latest${query({ meter })}`, undefined, signal);
export const getHistory = (meter: string, from: string, to: string, points: number, signal?: AbortSignal) =>
  request<History>('GET', `/api/readings/history${query({ meter, from, to, points })}`, undefined, signal);

export const getPipeline = (signal?: AbortSignal) => request<Pipeline>('GET', '/api/pipeline', undefined, signal);

export interface SetAsideFilter {
  source?: string;
  code?: string;
  state?: string;
  text?: string;
}
export const getSetAside = (filter: SetAsideFilter, before: number | null, limit: number, signal?: AbortSignal) =>
  request<SetAsideEntry[]>('GET', `/api/pipeline/set-aside${query({ ...filter, before, limit })}`, undefined, signal);
export const getSetAsideCounts = (signal?: AbortSignal) =>
  request<SetAsideCount[]>('GET', '/api/pipeline/set-aside/counts', undefined, signal);
export const resubmitRecord = (recordId: number, record?: unknown) =>
  request<Resubmission>('POST', `/api/pipeline/set-aside/${recordId}/resubmit`, record === undefined ? {} : { record });
export const resubmitAll = (filter: Omit<SetAsideFilter, 'state'>) =>
  request<Resubmission>('POST', '/api/pipeline/set-aside/resubmit', filter);
export const dismissRecord = (recordId: number, reason: string) =>
  request<SetAsideEntry>('POST', `/api/pipeline/set-aside/${recordId}/dismiss`, { reason });

export const getGeneratorJobs = (signal?: AbortSignal) =>
  request<GeneratorJob[]>('GET', '/api/generator/jobs', undefined, signal);
export const getGeneratorEstimate = (options: GeneratorOptions, signal?: AbortSignal) =>
  request<GeneratorEstimate>('POST', '/api/generator/estimate', options, signal);
export const createGeneratorJob = (options: GeneratorOptions) =>
  request<GeneratorJob>('POST', '/api/generator/jobs', options);
export const actOnGeneratorJob = (jobId: number, verb: GeneratorVerb) =>
  request<GeneratorJob>('POST', `/api/generator/jobs/${jobId}/actions`, { verb });

/** A file of readings, as far as the page shows it. */
export interface FileLoadRow {
  id: number;
  origin: string;
  name: string;
  byte_count: number;
  state: string;
  code: string | null;
  reason: string | null;
  records: number;
  accepted: number;
  set_aside: number;
  first_seen: string;
}
export const getFileLoads = (limit: number, signal?: AbortSignal) =>
  request<FileLoadRow[]>('GET', `/api/pipeline/files${query({ limit })}`, undefined, signal);
/** A queue longer than that is worked from its front. */
export const exceptionsShown = 20_000;
export const getExceptions = (state: 'open' | 'closed', signal?: AbortSignal) =>
  request<VeeException[]>('GET', `/api/vee/exceptions${query({ state, limit: exceptionsShown })}`, undefined, signal);
export const getExceptionCounts = (signal?: AbortSignal) =>
  request<VeeCount[]>('GET', '/api/vee/counts', undefined, signal);
export const getException = (exceptionId: string, signal?: AbortSignal) =>
  request<VeeExceptionDetail>('GET', `/api/vee/exceptions/${id(exceptionId)}`, undefined, signal);
export const actOnException = (exceptionId: string, action: VeeAction) =>
  request<VeeExceptionDetail>('POST', `/api/vee/exceptions/${id(exceptionId)}/actions`, action);
export const getVeeQuality = (from: string, to: string, signal?: AbortSignal) =>
  request<VeeQualityRow[]>('GET', `/api/vee/quality${query({ from, to })}`, undefined, signal);
export const getVeeRuns = (signal?: AbortSignal) => request<VeeRun[]>('GET', '/api/vee/runs', undefined, signal);
export const getVersions = (meter: string, from: string, to: string, signal?: AbortSignal) =>
  request<VeeVersion[]>('GET', `/api/vee/versions${query({ meter, from, to })}`, undefined, signal);
