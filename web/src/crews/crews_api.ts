import type { Crew, CrewAction, CrewAssignment, CrewDetail, CrewNeedRow } from '#model/api/crews.ts';
import { request } from '../lib/api/client.ts';

const id = encodeURIComponent;

export const getCrews = (signal?: AbortSignal) => request<Crew[]>('GET', '/api/crews', undefined, signal);
export const getCrew = (crew: string, signal?: AbortSignal) =>
  request<CrewDetail>('GET', `/api/crews/${id(crew)}`, undefined, signal);
export const assignCrew = (crew: string, order: CrewAssignment) =>
  request<Crew>('POST', `/api/crews/${id(crew)}/assign`, order);
export const actOnCrew = (crew: string, order: CrewAction) =>
  request<Crew>('POST', `/api/crews/${id(crew)}/actions`, order);
export const getPlan = (signal?: AbortSignal) => request<CrewNeedRow[]>('GET', '/api/dispatch/plan', undefined, signal);
