import { Type } from 'typebox';
import {
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
import { decidingArea, type RouteDeclaration, type RouteRequest } from '#model/route.ts';
import type { SwitchingService } from './service.ts';

export interface SwitchingRouteNeeds {
  service: SwitchingService;
  areaOfDevice: (id: string) => string | null;
}

const idParams = Type.Object({ id: Type.Integer({ minimum: 1 }) });
const stepParams = Type.Object({ id: Type.Integer({ minimum: 1 }), step: Type.Integer({ minimum: 1 }) });

export function switchingRoutes({ service, areaOfDevice }: SwitchingRouteNeeds): RouteDeclaration[] {
  const byOrder = { kind: 'asset' as const, areaOf: ({ params }: RouteRequest) => service.areaOf(Number(params.id)) };
  // who acts answers for every device of an order, not for its first alone
  const areasOfOrder = async ({ params }: RouteRequest) =>
    (await service.devicesOf(Number(params.id))).map(areaOfDevice);
  const areasOfBody = ({ body }: RouteRequest) =>
    (body as { steps: PlannedStep[] }).steps.map((step) => areaOfDevice(step.device_id));
  const bySteps = {
    kind: 'asset' as const,
    areaOf: (request: RouteRequest) => decidingArea(request.session.areas, areasOfBody(request)),
  };
  const byEveryStep = {
    kind: 'asset' as const,
    areaOf: async (request: RouteRequest) => decidingArea(request.session.areas, await areasOfOrder(request)),
  };
  const byOldAndNewSteps = {
    kind: 'asset' as const,
    areaOf: async (request: RouteRequest) =>
      decidingArea(request.session.areas, [...areasOfBody(request), ...(await areasOfOrder(request))]),
  };
  return [
    {
      method: 'GET',
      path: '/api/switching/orders',
      summary: 'switching orders with their steps; those that are over last',
      role: 'viewer',
      scope: { kind: 'rows', areaOf: (order: SwitchingOrder) => order.area_id },
      query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 200 })) }),
      response: Type.Array(SwitchingOrder),
      handle: ({ query, session }) => service.list(Number(query.limit ?? 200), session.areas),
    },
    {
      method: 'POST',
      path: '/api/switching/orders',
      summary: 'write a new order, a draft',
      role: 'operator',
      scope: bySteps,
      body: OrderDraft,
      response: SwitchingOrder,
      audited: true,
      handle: ({ body, session }) => service.create(body as OrderDraft, session.user),
    },
    {
      method: 'GET',
      path: '/api/switching/orders/{id}',
      summary: 'one order with its log',
      role: 'viewer',
      scope: byOrder,
      params: idParams,
      response: SwitchingOrderDetail,
      handle: ({ params }) => service.detail(Number(params.id)),
    },
    {
      method: 'POST',
      path: '/api/switching/orders/{id}/steps',
      summary: 'write the order anew; steps that were carried out stay in front',
      role: 'operator',
      scope: byOldAndNewSteps,
      params: idParams,
      body: OrderEdit,
      response: SwitchingOrder,
      audited: true,
      handle: ({ params, body, session }) => service.edit(Number(params.id), body as OrderEdit, session.user),
    },
    {
      method: 'POST',
      path: '/api/switching/orders/{id}/actions',
      summary: 'check, approve (another person than the authors), start, revise, abort',
      role: 'operator',
      scope: byEveryStep,
      params: idParams,
      body: OrderAction,
      response: SwitchingOrder,
      audited: true,
      handle: ({ params, body, session }) => service.act(Number(params.id), body as OrderAction, session.user),
    },
    {
      method: 'POST',
      path: '/api/switching/orders/{id}/steps/{step}/execute',
      summary: 'record that the field did the next step; stopped where it is not what was approved any more',
      role: 'operator',
      scope: byEveryStep,
      params: stepParams,
      body: Type.Object({ revision: Type.Integer({ minimum: 1 }) }),
      response: SwitchingOrder,
      audited: true,
      handle: ({ params, body, session }) =>
        service.execute(Number(params.id), Number(params.step), (body as { revision: number }).revision, session.user),
    },
    {
      method: 'POST',
      path: '/api/switching/study',
      summary: 'study mode: what steps would do, one after another, from the grid as it stands; nothing live changes',
      role: 'viewer',
      scope: bySteps,
      body: Type.Object({ steps: Type.Array(PlannedStep, { maxItems: 200 }) }),
      response: StudyResult,
      handle: ({ body }) => service.study((body as { steps: PlannedStep[] }).steps),
    },
    {
      method: 'GET',
      path: '/api/switching/proposals/{id}',
      summary: 'steps that isolate a fault at this device or line and feed the healthy parts another way',
      role: 'viewer',
      scope: { kind: 'asset', areaOf: ({ params }) => areaOfDevice(params.id) },
      params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) }),
      response: RestorationProposal,
      handle: ({ params }) => service.propose(params.id),
    },
    {
      method: 'GET',
      path: '/api/switching/tags',
      summary: 'tags and grounds that hang in the field now',
      role: 'viewer',
      scope: { kind: 'rows', areaOf: (tag: SwitchingTag) => tag.area_id },
      response: Type.Array(SwitchingTag),
      handle: () => service.tags(),
    },
  ];
}
