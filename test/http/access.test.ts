/** Who may do what: enforced by the frame from what routes declare, for every route there is. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { contentSecurityPolicy } from '#http/security.ts';
import type { ApiError, Session } from '#model/api/common.ts';
import type { Outage } from '#model/api/outages.ts';
import type { VeeException } from '#model/api/vee.ts';
import { flux, type RunningCenter, startCenter, until } from '../running_center.ts';
import { readStream } from './event_stream.ts';

interface Substation {
  id: string;
  area_id: string;
}
interface Feeder {
  id: string;
  substation_id: string;
  area_id: string;
}
interface OpenApi {
  paths: Record<string, Record<string, { description?: string }>>;
}

/** Everything a stranger may call. */
const open = new Set([
  'get /api/health',
  'get /api/ready',
  'post /api/session',
  'post /api/session/link',
  'delete /api/session',
  'get /api/restoration',
  'get /restoration',
  'get /feeds/odin',
  'get /feeds/outages.geojson',
]);

let center: RunningCenter;
/** two areas, a feeder of each, and its breaker */
let home: Feeder;
let foreign: Feeder;
const tokens: Record<string, string> = {};

before(async () => {
  // the smallest territory with more than one area
  center = await startCenter({ meters: 60_000 });
  const feeders = (await center.call<Feeder[]>('GET', '/api/network/feeders')).body;
  home = feeders[0];
  foreign = feeders.find((feeder) => feeder.area_id !== home.area_id)!;
  for (const [user, role, areas] of [
    ['vera', 'viewer', undefined],
    ['otto', 'operator', home.area_id],
    ['enno', 'engineer', undefined],
  ]) {
    const made = await flux([
      'account',
      user!,
      '--role',
      role!,
      '--data',
      center.folder,
      ...(areas ? ['--areas', areas] : []),
    ]);
    assert.equal(made.status, 0, made.stderr);
    tokens[user!] = (await flux(['token', '--user', user!, '--data', center.folder])).stdout.trim();
  }
});
after(() => center?.stop());

const codeOf = (answer: { body: unknown }): string => (answer.body as ApiError).error.code;
const breakerOf = async (feeder: Feeder): Promise<string> => {
  const { body } = await center.call<{ devices: { id: string; kind: string }[] }>(
    'GET',
    `/api/network/trace/${feeder.id}?direction=up`,
  );
  return body.devices.find((device) => device.kind === 'breaker')!.id;
};

describe('strangers', () => {
  test('every route of the OpenAPI document asks for a sign-in, except the public ones', async () => {
    const { paths } = (await center.call<OpenApi>('GET', '/api/openapi.json', undefined, { token: null })).body;
    const routes = Object.entries(paths).flatMap(([address, verbs]) =>
      Object.keys(verbs).map((verb) => `${verb} ${address}`),
    );
    assert.ok(routes.length > 30);
    for (const route of routes) {
      const [verb, address] = route.split(' ');
      for (const token of [null, 'made-up'])
        for (const body of verb === 'post' ? [undefined, '[{"not":"read"}'] : [undefined]) {
          const answer = await center.call(verb.toUpperCase(), address.replaceAll(/\{\w+\}/g, '1'), body, { token });
          if (open.has(route)) assert.notEqual(answer.status, 401, route);
          else {
            assert.equal(answer.status, 401, `${route} answered ${answer.status}`);
            assert.equal(codeOf(answer), 'not_signed_in');
          }
        }
    }
    assert.deepEqual(
      [...open].filter((route) => !routes.includes(route)),
      [],
    );
  });

  test('the sign-in link works once', async () => {
    const use = () => center.call<Session>('POST', '/api/session/link', { token: center.signInToken }, { token: null });
    const first = await use();
    assert.equal(first.status, 200);
    assert.deepEqual([first.body.user, first.body.role, first.body.must_change_password], ['admin', 'admin', true]);
    const cookie = first.headers.get('set-cookie')!;
    assert.match(cookie, /HttpOnly/);
    assert.match(cookie, /SameSite=Strict/);
    const session = await center.call<Session>('GET', '/api/session', undefined, {
      token: null,
      headers: { cookie: cookie.split(';')[0] },
    });
    assert.equal(session.body.user, 'admin');
    const second = await use();
    assert.deepEqual([second.status, codeOf(second)], [401, 'link_expired']);
  });

  test('a wrong password and a wrong name answer the same; the right one signs in; guessing is slowed down', async () => {
    const signIn = (user: string, password: string) =>
      center.call('POST', '/api/session', { user, password }, { token: null });
    const wrong = await signIn('admin', 'wrong');
    const nobody = await signIn('nobody', 'wrong');
    assert.deepEqual([wrong.status, codeOf(wrong)], [401, 'wrong_credentials']);
    assert.deepEqual(nobody.body, wrong.body);
    assert.equal((await signIn('admin', center.password!)).status, 200);
    const many = await Promise.all(Array.from({ length: 12 }, () => signIn('admin', 'guess')));
    const limited = many.find((answer) => answer.status === 429)!;
    assert.equal(codeOf(limited), 'too_many_requests');
    assert.ok(Number(limited.headers.get('retry-after')) > 0);
  });

  test('signing out ends the session', async () => {
    const token = (await flux(['token', '--user', 'vera', '--data', center.folder])).stdout.trim();
    assert.equal((await center.call('GET', '/api/session', undefined, { token })).status, 200);
    assert.equal((await center.call('DELETE', '/api/session', undefined, { token })).status, 200);
    assert.equal((await center.call('GET', '/api/session', undefined, { token })).status, 401);
  });

  test('another site can not act with our cookie', async () => {
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ] as Record<string, string>[]) {
      const answer = await center.call('POST', '/api/events', [], { headers });
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'cross_site'], JSON.stringify(headers));
    }
    assert.equal((await center.call('POST', '/api/events', [], { headers: { origin: center.url } })).status, 200);
  });

  test('page, API and errors carry the policy and the headers', async () => {
    for (const address of ['/', '/api/health', '/api/kpi', '/nowhere', '/api/docs']) {
      const { headers } = await fetch(`${center.url}${address}`);
      assert.equal(headers.get('content-security-policy'), contentSecurityPolicy, address);
      assert.equal(headers.get('x-content-type-options'), 'nosniff', address);
      assert.equal(headers.get('referrer-policy'), 'no-referrer', address);
      assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin', address);
    }
    assert.match(contentSecurityPolicy, /default-src 'none'/);
    assert.doesNotMatch(contentSecurityPolicy, /unsafe|https?:/);
  });
});

describe('roles', () => {
  test('what a route declares is what a role may do', async () => {
    const { paths } = (await center.call<OpenApi>('GET', '/api/openapi.json')).body;
    const strength = ['viewer', 'operator', 'engineer', 'admin'];
    let refused = 0;
    for (const [address, verbs] of Object.entries(paths))
      for (const [verb, { description = '' }] of Object.entries(verbs)) {
        const needed = /^Role: (\w+)/.exec(description)?.[1];
        if (!needed) continue;
        for (const [user, role] of [
          ['vera', 'viewer'],
          ['otto', 'operator'],
        ]) {
          if (strength.indexOf(role) >= strength.indexOf(needed)) continue;
          const answer = await center.call(verb.toUpperCase(), address.replaceAll(/\{\w+\}/g, '1'), undefined, {
            token: tokens[user],
          });
          assert.deepEqual([answer.status, codeOf(answer)], [403, 'forbidden'], `${user}: ${verb} ${address}`);
          refused++;
        }
      }
    assert.ok(refused >= 10, `${refused}`);
  });

  test('a viewer reads and writes nothing', async () => {
    const token = tokens.vera;
    assert.equal((await center.call('GET', '/api/outages', undefined, { token })).status, 200);
    for (const address of ['/api/readings', '/api/events', `/api/network/switches/${await breakerOf(home)}`])
      assert.equal((await center.call('POST', address, [], { token })).status, 403, address);
  });
});

describe('areas of responsibility', () => {
  test('an operator of one area sees and does what lies in it, in lists, in single answers and on the stream', async () => {
    const token = tokens.otto;
    const [mine, theirs] = [await breakerOf(home), await breakerOf(foreign)];
    const stream = await readStream(center, { token });
    await stream.next('snapshot');

    const refused = await center.call(
      'POST',
      `/api/network/switches/${theirs}`,
      { operation: 'open', reason: 'not mine' },
      { token },
    );
    assert.deepEqual([refused.status, codeOf(refused)], [403, 'foreign_area']);
    for (const address of [
      `/api/network/assets/${theirs}`,
      `/api/network/trace/${foreign.id}?direction=down`,
      `/api/analytics/trend?level=feeder&id=${foreign.id}`,
    ]) {
      const answer = await center.call('GET', address, undefined, { token });
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'foreign_area'], address);
    }
    const completeness = '/api/analytics/questions/reporting_completeness';
    const areasOf = async (as: string | undefined): Promise<Set<unknown>> => {
      const { body } = await center.call<{ area_id: string }[]>(
        'GET',
        completeness,
        undefined,
        as ? { token: as } : {},
      );
      return new Set(body.map((row) => row.area_id));
    };
    assert.deepEqual(await areasOf(token), new Set([home.area_id]));
    assert.ok((await areasOf(undefined)).has(foreign.area_id));
    // theirs first: what comes on the stream for mine would come after it
    const byAdmin = await center.call('POST', `/api/network/switches/${theirs}`, { operation: 'open', reason: 'test' });
    const byOtto = await center.call(
      'POST',
      `/api/network/switches/${mine}`,
      { operation: 'open', reason: 'test' },
      { token },
    );
    assert.deepEqual([byAdmin.status, byOtto.status], [200, 200]);
    const all = await until('both outages', async () => {
      const { body } = await center.call<Outage[]>('GET', '/api/outages');
      return body.length === 2 && body;
    });
    const { body: seen } = await center.call<Outage[]>('GET', '/api/outages', undefined, { token });
    assert.deepEqual(
      seen.map((outage) => [outage.device_id, outage.area_id]),
      [[mine, home.area_id]],
    );
    const hidden = all.find((outage) => outage.device_id === theirs)!;
    for (const part of ['', '/evidence']) {
      const answer = await center.call('GET', `/api/outages/${hidden.id}${part}`, undefined, { token });
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'foreign_area']);
    }
    for (const address of [
      `/api/reliability/interruptions/${hidden.id}`,
      `/api/reliability/interruptions/${hidden.id}/meters`,
      `/api/reliability/major-event-days?level=feeder&id=${foreign.id}`,
      `/api/reliability/causes?level=area&id=${foreign.area_id}`,
    ]) {
      const answer = await center.call('GET', address, undefined, { token });
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'foreign_area'], address);
    }
    for (const list of ['?by=feeder', '/interruptions?limit=1', '/declared-vs-measured']) {
      const { body } = await center.call<{ area_id: string | null }[]>('GET', `/api/reliability${list}`, undefined, {
        token,
      });
      assert.deepEqual([...new Set(body.map((row) => row.area_id))], [home.area_id], list);
    }
    const report = await center.call<Uint8Array>('GET', '/api/reliability/report.csv', undefined, { token });
    const text = Buffer.from(report.body).toString();
    assert.deepEqual([text.includes(home.id), text.includes(foreign.id)], [true, false]);
    const act = await center.call('POST', `/api/outages/${hidden.id}/actions`, { verb: 'confirm' }, { token });
    assert.deepEqual([act.status, codeOf(act)], [403, 'foreign_area']);

    await stream.next('delta', ({ outages }) => outages?.some((outage) => outage.device_id === mine) === true);
    await stream.next('delta', ({ alarms }) => (alarms ?? []).length > 0);
    const again = await readStream(center, { token });
    const { data: snapshot } = await again.next('snapshot');
    assert.deepEqual(
      snapshot.outages.map((outage) => outage.id),
      seen.map((outage) => outage.id),
    );
    for (const { name, data } of [...stream.events, ...again.events])
      assert.ok(
        !JSON.stringify(data).includes(theirs) && !JSON.stringify(data).includes(hidden.id),
        `${name} names ${theirs}`,
      );
    await Promise.all([stream.close(), again.close()]);

    const { body: substations } = await center.call<Substation[]>('GET', '/api/network/substations', undefined, {
      token,
    });
    assert.deepEqual([...new Set(substations.map((substation) => substation.area_id))], [home.area_id]);
  });

  test('nobody reaches into another area by what a request names beside its own, and a limit counts own rows alone', async () => {
    const token = tokens.otto;
    const [mine, theirs] = [await breakerOf(home), await breakerOf(foreign)];
    const ask = <T = unknown>(method: string, path: string, body?: unknown) =>
      center.call<T>(method, path, body, { token });
    const { body: open } = await center.call<Outage[]>('GET', '/api/outages');
    const [here, there] = [mine, theirs].map((device) => open.find((outage) => outage.device_id === device)!);
    const call = async (place: object): Promise<string> => {
      const report = { id: randomUUID(), kind: 'no_power', ...place };
      assert.equal((await center.call('POST', '/api/calls', report)).status, 200);
      return report.id;
    };
    const order = async (...devices: string[]): Promise<number> => {
      const steps = devices.map((device_id) => ({ device_id, operation: 'close' }));
      return (await center.call<{ id: number }>('POST', '/api/switching/orders', { title: 'Close again', steps })).body
        .id;
    };
    const unplaced = await call({ place: 'the house behind the church' });
    const both = await order(mine, theirs);
    for (const [path, body] of [
      [`/api/outages/${here.id}/actions`, { verb: 'merge', into: there.id, reason: 'one fault' }],
      [`/api/outages/${here.id}/actions`, { verb: 'move', device_id: theirs, reason: 'further up' }],
      [`/api/calls/${unplaced}/place`, { meter: 'MTR-0060000' }],
      [`/api/switching/orders/${both}/actions`, { verb: 'check', revision: 1 }],
      [`/api/switching/orders/${both}/steps/2/execute`, { revision: 1 }],
      [
        `/api/switching/orders/${both}/steps`,
        { title: 'Mine alone', revision: 1, steps: [{ device_id: mine, operation: 'close' }] },
      ],
    ] as const) {
      const answer = await ask('POST', path, body);
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'foreign_area'], path);
    }
    assert.equal((await ask('POST', `/api/calls/${unplaced}/place`, { meter: 'MTR-0000001' })).status, 200);

    await call({ meter: 'MTR-0060000', kind: 'flicker' });
    await order(theirs);
    for (const list of ['/api/outages', '/api/calls', '/api/switching/orders']) {
      const { body } = await ask<{ area_id: string }[]>('GET', `${list}?limit=1`);
      assert.deepEqual(
        body.map((row) => row.area_id),
        [home.area_id],
        list,
      );
    }
    assert.deepEqual(
      (await ask<Outage[]>('GET', '/api/outages?state=all&limit=2')).body.map((outage) => outage.id),
      [here.id],
    );
  });

  test('a foreign area on a list of alarms is left out', async () => {
    const { body: mine } = await center.call<unknown[]>('GET', '/api/alarms', undefined, { token: tokens.otto });
    const { body: all } = await center.call<unknown[]>('GET', '/api/alarms');
    assert.deepEqual([mine.length, all.length], [1, 2]);
  });

  test('exceptions of interval data: a foreign one is neither listed nor shown nor decided', async () => {
    const atMs = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3 * 3_600_000;
    const readings = ['MTR-0000001', 'MTR-0060000'].map((meter_id) => ({
      meter_id,
      reading_time: new Date(atMs).toISOString(),
      kwh: -1,
    }));
    assert.equal((await center.call('POST', '/api/readings', readings)).status, 200);
    const date = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Chicago' }).format(atMs);
    assert.equal((await center.call('POST', '/api/vee/runs', { from: date, to: date })).status, 200);
    const address = '/api/vee/exceptions?rule=negative_use';
    const { body: all } = await center.call<VeeException[]>('GET', address);
    assert.equal(new Set(all.map((one) => one.area_id)).size, 2);
    const token = tokens.otto;
    const { body: mine } = await center.call<VeeException[]>('GET', address, undefined, { token });
    assert.deepEqual(
      mine.map((one) => one.area_id),
      [home.area_id],
    );
    const theirs = all.find((one) => one.area_id !== home.area_id)!;
    const dismiss = { verb: 'dismiss', reason: 'not mine to say' };
    for (const [method, path, body] of [
      ['GET', `/api/vee/exceptions/${theirs.id}`, undefined],
      ['GET', `/api/vee/versions?meter=${theirs.meter_id}`, undefined],
      ['POST', `/api/vee/exceptions/${theirs.id}/actions`, dismiss],
    ] as const) {
      const answer = await center.call(method, path, body, { token });
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'foreign_area'], path);
    }
    const act = (user: string) =>
      center.call('POST', `/api/vee/exceptions/${mine[0].id}/actions`, dismiss, { token: tokens[user] });
    assert.deepEqual([(await act('vera')).status, (await act('otto')).status], [403, 200]);
  });
});
