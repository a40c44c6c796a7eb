import type {
  OrderAction,
  OrderDraft,
  OrderEdit,
  PlannedStep,
  RestorationProposal,
  StudyResult,
  SwitchingOrder,
  SwitchingOrderDetail,
  SwitchingTag,
} from '#model/api/switching.ts';
import { request } from '../lib/api/client.ts';

export const getOrders = (signal?: AbortSignal) =>
  request<SwitchingOrder[]>('GET', '/api/switching/orders', undefined, signal);
export const getOrder = (id: string, signal?: AbortSignal) =>
  request<SwitchingOrderDetail>('GET', `/api/switching/orders/${encodeURIComponent(id)}`, undefined, signal);
export const createOrder = (draft: OrderDraft) => request<SwitchingOrder>('POST', '/api/switching/orders', draft);
export const editOrder = (id: number, edit: OrderEdit) =>
  request<SwitchingOrder>('POST', `/api/switching/orders/${id}/steps`, edit);
export const actOnOrder = (id: number, action: OrderAction) =>
  request<SwitchingOrder>('POST', `/api/switching/orders/${id}/actions`, action);
export const executeStep = (id: number, step: number, revision: number) =>
  request<SwitchingOrder>('POST', `/api/switching/orders/${id}/steps/${step}/execute`, { revision });
export const studySteps = (steps: PlannedStep[], signal?: AbortSignal) =>
  request<StudyResult>('POST', '/api/switching/study', { steps }, signal);
export const getProposal = (fault: string) =>
  request<RestorationProposal>('GET', `/api/switching/proposals/${encodeURIComponent(fault)}`);
export const getTags = (signal?: AbortSignal) =>
  request<SwitchingTag[]>('GET', '/api/switching/tags', undefined, signal);
