import type {
  StormArea,
  StormCurve,
  StormFlow,
  StormMode,
  StormModeEntry,
  StormModeLogEntry,
} from '#model/api/storm.ts';
import { request } from '../lib/api/client.ts';
import { query } from '../lib/api/endpoints.ts';

export const getStormModes = (signal?: AbortSignal) =>
  request<StormMode[]>('GET', '/api/storm-mode', undefined, signal);
export const setStormMode = (entry: StormModeEntry) => request<StormMode>('POST', '/api/storm-mode', entry);
export const getStormLog = (signal?: AbortSignal) =>
  request<StormModeLogEntry[]>('GET', '/api/storm-mode/log', undefined, signal);
export const getStormAreas = (signal?: AbortSignal) =>
  request<StormArea[]>('GET', '/api/storm/areas', undefined, signal);
export const getStormFlow = (signal?: AbortSignal) => request<StormFlow>('GET', '/api/storm/flow', undefined, signal);
export const getStormCurve = (hours: number, signal?: AbortSignal) =>
  request<StormCurve>('GET', `/api/storm/curve${query({ hours })}`, undefined, signal);
