/** Who is told of what a switching order leaves behind. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeStudyGrids } from '#bin/study_grid.ts';
import type { PlannedStep, SwitchingOrder } from '#model/api/switching.ts';
import { makeSwitchingService } from '#services/switching/service.ts';
import { type FieldWork, startFieldWork } from './field_work.ts';

let field: FieldWork;
before(async () => {
  field = await startFieldWork();
});
after(() => field?.stop());

const fuse = (n: number): string => field.network.grid().network.edge.id.at(field.fuses[n]);
const revisionOf = async (id: number): Promise<number> => (await field.switching.detail(id)).order.revision;

/** Carries out the first so many steps. */
async function carriedOut(steps: PlannedStep[], most: number): Promise<SwitchingOrder> {
  const order = await field.switching.create({ title: 'Work on two laterals', steps }, 'anna');
  for (const [verb, actor] of [
    ['check', 'anna'],
    ['approve', 'ben'],
    ['start', 'anna'],
  ] as const)
    await field.switching.act(order.id, { verb, revision: await revisionOf(order.id) }, actor);
  for (let step = 1; step <= most; step++)
    await field.switching.execute(order.id, step, await revisionOf(order.id), 'carla');
  return order;
}

test('T3 tags left in one area are told to it, in several to everybody', async () => {
  const told: (string | null)[] = [];
  const { meter } = field.network.grid().network;
  const service = makeSwitchingService({
    ...{ ...makeStudyGrids(() => field.network.grid()), pool: field.on.pool, nowMs: Date.now },
    load: async () => ({ kwOf: meter.peakKw, measuredShare: 0, at: new Date().toISOString() }),
    operate: field.network.operate,
    areaOfDevice: (id) => (id === fuse(8) ? 'NORTH' : 'SOUTH'),
    notice: (_id, _text, areaId) => void told.push(areaId),
  });
  for (const left of [[8, 9], [9]]) {
    // fuse 8 comes first in both: the area of the order is not that of what it leaves
    const begun = [8, 9].flatMap((n): PlannedStep[] => [
      { device_id: fuse(n), operation: 'open' },
      ...(left.includes(n) ? [{ device_id: fuse(n), operation: 'tag' } as const] : []),
    ]);
    const untagged = left.map((n): PlannedStep => ({ device_id: fuse(n), operation: 'untag' }));
    const closed = [8, 9].map((n): PlannedStep => ({ device_id: fuse(n), operation: 'close' }));
    const order = await carriedOut([...begun, ...untagged], begun.length);
    await service.act(order.id, { verb: 'abort', revision: await revisionOf(order.id) }, 'anna');
    await field.switching.start();
    await carriedOut([...untagged, ...closed], left.length + 2);
  }
  assert.deepEqual(told, [null, 'SOUTH']);
});
