/** Alarms that are of no outage lie in an area, too: who answers for another one does not see or acknowledge them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ApiError } from '#model/api/common.ts';
import type { Crew } from '#model/api/crews.ts';
import type { Alarm } from '#model/api/live.ts';
import type { OutageDetail } from '#model/api/outages.ts';
import { flux, type RunningCenter, startCenter, until } from '../running_center.ts';
import { readStream } from './event_stream.ts';

interface Feeder {
  id: string;
  area_id: string;
}

let center: RunningCenter;
/** two areas, a feeder of each */
let home: Feeder;
let foreign: Feeder;
let token: string;

before(async () => {
  // the smallest territory with more than one area
  center = await startCenter({ meters: 60_000 });
  const feeders = (await center.call<Feeder[]>('GET', '/api/network/feeders')).body;
  home = feeders[0];
  foreign = feeders.find((feeder) => feeder.area_id !== home.area_id)!;
  const account = ['account', 'otto', '--role', 'operator', '--areas', home.area_id, '--data', center.folder];
  assert.equal((await flux(account)).status, 0);
  token = (await flux(['token', '--user', 'otto', '--data', center.folder])).stdout.trim();
});
after(() => center?.stop());

const codeOf = (answer: { body: unknown }): string => (answer.body as ApiError).error.code;

test('a notice of a crew is for its area: in the list, on the stream, and to acknowledge', async () => {
  const stream = await readStream(center, { token });
  await stream.next('snapshot');
  /** A crew of the area is sent and gives its job back. */
  const notice = async ({ id, area_id }: Feeder): Promise<string> => {
    const { body: above } = await center.call<{ devices: { id: string; kind: string }[] }>(
      'GET',
      `/api/network/trace/${id}?direction=up`,
    );
    const place = { device_id: above.devices.find(({ kind }) => kind === 'breaker')!.id, reason: 'seen from the road' };
    const { outage } = (await center.call<OutageDetail>('POST', '/api/outages', place)).body;
    const { body: crews } = await center.call<Crew[]>('GET', '/api/crews');
    let crew = crews.find((one) => one.area_id === area_id && ['available', 'off_shift'].includes(one.status))!;
    const order = async (path: string, body: object): Promise<void> => {
      const answer = await center.call<Crew>('POST', `/api/crews/${crew.id}/${path}`, {
        revision: crew.revision,
        ...body,
      });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      crew = answer.body;
    };
    if (crew.status === 'off_shift') await order('actions', { verb: 'sign_on', reason: 'called in' });
    await order('assign', { outage: outage.id });
    await order('actions', { verb: 'release', reason: 'truck broke down' });
    return `CREW-${crew.id}-${outage.id}`;
  };
  // theirs first: what comes on the stream for mine would come after it
  const theirs = await notice(foreign);
  const mine = await notice(home);
  const listed = async (as: { token?: string } = {}): Promise<string[]> =>
    (await center.call<Alarm[]>('GET', '/api/alarms', undefined, as)).body.map(({ id }) => id);
  await until('both notices', async () => {
    const ids = await listed();
    return ids.includes(theirs) && ids.includes(mine);
  });
  const seen = await listed({ token });
  assert.deepEqual([seen.includes(theirs), seen.includes(mine)], [false, true]);

  await stream.next('delta', ({ alarms }) => alarms?.some(({ id }) => id === mine) === true);
  const again = await readStream(center, { token });
  assert.ok((await again.next('snapshot')).data.alarms.some(({ id }) => id === mine));
  for (const { name, data } of [...stream.events, ...again.events])
    assert.ok(!JSON.stringify(data).includes(theirs), `${name} names ${theirs}`);
  await Promise.all([stream.close(), again.close()]);

  const acknowledge = (id: string, as: { token?: string } = { token }) =>
    center.call('POST', `/api/alarms/${id}/acknowledge`, undefined, as);
  const refused = await acknowledge(theirs);
  assert.deepEqual([refused.status, codeOf(refused)], [403, 'foreign_area']);
  assert.deepEqual([(await acknowledge(mine)).status, (await acknowledge(theirs, {})).status], [200, 200]);
  assert.equal((await acknowledge(theirs)).status, 404, 'over');
});
