import type {
  EtrCalibration,
  EtrEntry,
  EtrLedger,
  EtrOverride,
  EtrOverrideEntry,
  WhatIf,
  WhatIfAnswer,
} from '#model/api/etr.ts';
import { request } from '../lib/api/client.ts';

const id = encodeURIComponent;

export const getEtrLedger = (outageId: string, signal?: AbortSignal) =>
  request<EtrLedger>('GET', `/api/outages/${id(outageId)}/etr`, undefined, signal);
export const sayEtr = (outageId: string, entry: EtrEntry) =>
  request<EtrLedger>('POST', `/api/outages/${id(outageId)}/etr`, entry);
export const getEtrOverrides = (signal?: AbortSignal) =>
  request<EtrOverride[]>('GET', '/api/etr/overrides', undefined, signal);
export const addEtrOverride = (entry: EtrOverrideEntry) => request<EtrOverride>('POST', '/api/etr/overrides', entry);
export const endEtrOverride = (overrideId: number) => request<unknown>('DELETE', `/api/etr/overrides/${overrideId}`);
export const getEtrCalibration = (from: string, revision: 'first' | 'last', signal?: AbortSignal) =>
  request<EtrCalibration>('GET', `/api/etr/calibration?from=${id(from)}&revision=${revision}`, undefined, signal);
export const askWhatIf = (change: WhatIf) => request<WhatIfAnswer>('POST', '/api/etr/what-if', change);
