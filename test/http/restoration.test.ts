/** The public face of a running center: one home, the map, the feeds; while the store is away, and after the center is gone. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { CallPlace, MeterStanding } from '#model/api/calls.ts';
import type { ApiError } from '#model/api/common.ts';
import type { Restoration } from '#model/api/restoration.ts';
import { flux, postgresPid, type RunningCenter, root, startCenter, temporaryFolder, until } from '../running_center.ts';
import { edgesOf, postEvents, type SceneEdge } from '../scene.ts';

let center: RunningCenter;
let transformer: SceneEdge;
let lone: SceneEdge;
const environment = {
  FLUX_TRUSTED_PROXIES: '127.0.0.1',
  FLUX_PUBLIC_SECONDS: '1',
  FLUX_LOOKUPS_PER_MINUTE: '100',
  FLUX_PUBLIC_STALE_MINUTES: '1',
};

let callers = 0;
/** Nobody's token, each time another client behind the proxy that this test is. */
const stranger = () => ({ token: null, headers: { 'x-forwarded-for': `10.0.${callers >> 8}.${callers++ & 255}` } });
const open = { token: null, headers: { 'x-forwarded-for': '10.9.9.9' } };
/** longer ago than the hold window */
const aWhileAgo = (): number => Date.now() - 10 * 60_000;
const look = async (query: string): Promise<Restoration> => {
  const { status, body } = await center.call<Restoration>('GET', `/api/restoration?${query}`, undefined, stranger());
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};
const text = async (address: string, isPartner = false): Promise<string> => {
  const { status, body } = await center.call<Uint8Array>('GET', address, undefined, isPartner ? {} : stranger());
  assert.equal(status, 200, address);
  return Buffer.from(body as never).toString();
};

before(async () => {
  center = await startCenter({ meters: 3000, environment });
  const transformers = await edgesOf(center, 'power_transformer');
  transformer = transformers.find((edge) => edge.meters.length >= 7)!;
  lone = transformers.find((edge) => edge.meters.length >= 3 && edge.feeder !== transformer.feeder) ?? transformers[0];
});
after(() => center?.stop());

describe('the public face', () => {
  test('R3 P7 planned work: the home is told, the map lists its zone, staff are shown it; all the same after a kill', async () => {
    const home = transformer.meters[0];
    const add = await center.call<{ id: string; to: string }>('POST', '/api/planned-outages', {
      device_id: transformer.id,
      from: new Date(Date.now() - 60_000).toISOString(),
      to: new Date(Date.now() + 3_600_000).toISOString(),
      reason: 'pole replacement at Mrs. Lee',
    });
    assert.equal(add.status, 200, JSON.stringify(add.body));
    const told = async (): Promise<void> => {
      const answer = await look(`meter=${home}`);
      assert.deepEqual(
        [answer.status, answer.etr?.to, answer.cause],
        ['planned', add.body.to, 'Planned work on the lines'],
      );
      assert.match((await look(`meter=${home}&lang=es`)).headline, /trabajos programados/);
      const page = await text(`/restoration?q=${home}`);
      assert.match(page, /The power is off here for planned work/);
      assert.ok(!page.includes('Lee'));
    };
    await told();
    const onMap = `${Math.floor(transformer.meters.length / 5) * 5} customers`;
    await until('the map lists it', async () => /<h2>Planned work/.test(await text('/public/')), 40_000);
    assert.ok((await text('/public/')).includes(onMap));
    await center.kill();
    center = await center.again();
    await told();
    assert.equal((await center.call('DELETE', `/api/planned-outages/${add.body.id}`)).status, 200);
    assert.equal((await look(`meter=${home}`)).status, 'on');
  });

  test('staff find a meter by the first of its account and by parts of its address; others do not', async () => {
    const places = (q: string, options = {}) =>
      center.call<CallPlace[]>('GET', `/api/calls/places?q=${encodeURIComponent(q)}`, undefined, options);
    const meter = lone.meters[0];
    const standing = (question: string) =>
      center.call<MeterStanding & ApiError>('GET', `/api/calls/standing?${question}`);
    const known = await until('the addresses are stored', async () => {
      const { body } = await standing(`meter=${meter}`);
      return body.account_id === null ? undefined : body;
    });
    const [account, address] = [known.account_id!, known.address!];
    assert.deepEqual(
      (await places(account)).body.map(({ meter_id, by }) => [meter_id, by]),
      [[meter, 'account']],
    );
    assert.ok((await places(account.slice(0, 6))).body.some(({ meter_id }) => meter_id === meter));
    const [number, ...street] = address.split(',')[0].split(' ');
    const found = await places(`${number} ${street.join(' ').slice(0, 4).toLowerCase()}`);
    assert.ok(found.body.some((one) => one.meter_id === meter && one.address === address && one.by === 'address'));
    // what begins as it was typed stands before what has the letters somewhere
    const begun = await places(`${number} ${street[0][0]}`);
    const starts = begun.body.map((one) => one.address.startsWith(`${number} ${street[0][0]}`));
    assert.deepEqual(
      starts,
      starts.toSorted((a, b) => Number(b) - Number(a)),
    );
    assert.equal(starts[0], true);
    assert.deepEqual((await places('the old mill road')).body, []);
    assert.equal((await places(account, { token: null })).status, 401);
    await until('the accounts are read', async () => (await standing(`account=${account}`)).status === 200);
    assert.equal((await standing(`account=${account}`)).body.meter_id, meter);
    assert.equal((await standing(`address=${encodeURIComponent(address)}`)).body.meter_id, meter);
    const unknown = await standing('account=99999999');
    assert.deepEqual([unknown.status, unknown.body.error.code], [404, 'unknown_account']);
    assert.equal((await standing(`account=${account}&meter=${meter}`)).status, 400);
  });

  test('an imported account is found by number and address; bad rows are named and the others land', async () => {
    const file = path.join(await temporaryFolder(), 'accounts.csv');
    const [meter, second] = transformer.meters;
    await fs.writeFile(
      file,
      [
        'account_id,meter_id,address,place',
        `77-001,${meter},"500 Bayou Blvd, Apt 2",Kemah`,
        `77-002,${second},500 Bayou Boulevard #3,Kemah`,
        '77-003,MTR-9999999,1 Oak St,Kemah',
        `77-004,${meter},Oak St,Kemah`,
        `x,${meter},1 Oak St,Kemah`,
        '77-005,too few',
      ].join('\n'),
    );
    const { status, stdout, stderr } = await flux(['accounts', 'import', file, '--data', center.folder, '--json']);
    assert.equal(status, 0, stderr);
    const report = JSON.parse(stdout);
    assert.deepEqual([report.read, report.added + report.changed, report.refused], [6, 2, 4]);
    assert.deepEqual(
      report.refused_lines.map(({ line, code }: { line: number; code: string }) => `${line} ${code}`),
      ['4 unknown_meter', '5 bad_address', '6 bad_account', '7 bad_record'],
    );
    const again = JSON.parse((await flux(['accounts', 'import', file, '--data', center.folder, '--json'])).stdout);
    assert.deepEqual([again.added, again.changed], [0, 0]);
    await until('the center has read the accounts', async () => {
      const { status: found } = await center.call('GET', '/api/restoration?account=77001', undefined, stranger());
      return found === 200;
    });
    assert.equal((await look('address=500%20bayou%20blvd%20apt%202')).status, 'on');
    assert.equal((await look('address=500%20bayou%20blvd')).status, 'several');
  });

  test('an outage of a transformer reaches its homes, the page, the data and the feeds; a lone home reaches none of them', async () => {
    await postEvents(center, 'last_gasp', transformer.meters, aWhileAgo());
    await postEvents(center, 'last_gasp', lone.meters.slice(0, 1), aWhileAgo());
    const home = await until('the homes are out', async () => {
      const answer = await look(`meter=${transformer.meters[0]}`);
      return answer.status !== 'on' && answer;
    });
    assert.equal(home.etr_words, 'We do not have an estimate yet.');
    assert.equal((await look('account=77001')).since, home.since);
    await until('the lone home is out', async () => (await look(`meter=${lone.meters[0]}`)).status !== 'on');
    const page = await until('the page shows it', async () => {
      const html = await text('/public/');
      return html.includes('<li id="o-') && html;
    });
    assert.equal(page.match(/<li id="o-/g)?.length, 1);
    const { outages } = { outages: (await center.call<{ id: string }[]>('GET', '/api/outages')).body };
    assert.equal(outages.length, 2);
    for (const { id } of outages) assert.ok(!page.includes(id));
    const geojson = JSON.parse(await text('/feeds/outages.geojson'));
    assert.equal(geojson.features.length, 1);
    assert.equal(geojson.features[0].properties.customers_out % 5, 0);
    assert.equal((await text('/feeds/odin')).match(/<Outage>/g)?.length, 1);
    // partners with a token get all of it, exactly
    assert.equal((await text('/feeds/odin/exact', true)).match(/<Outage>/g)?.length, 2);
    assert.equal(JSON.parse(await text('/feeds/outages/exact.geojson', true)).features.length, 2);
    const refused = await center.call('GET', '/feeds/odin/exact', undefined, open);
    assert.equal(refused.status, 401);
  });

  test('the page of one home answers without script, in two languages, and escapes what was typed', async () => {
    const html = await text(`/restoration?q=${transformer.meters[0]}`);
    assert.match(html, /<h2>(We believe the|The) power is out here\.<\/h2>/);
    assert.match(await text(`/restoration?q=${transformer.meters[0]}&lang=es`), /no hay luz aquí/i);
    const odd = await text(`/restoration?q=${encodeURIComponent('<script>alert(1)</script>"')}`);
    assert.ok(!odd.includes('<script>alert') && odd.includes('&lt;script&gt;'));
    assert.match(odd, /aria-invalid="true"/);
  });

  test('questions that can not be answered are told so, and none tells of another home', async () => {
    for (const [query, status, code] of [
      ['meter=nobody', 404, 'unknown_meter'],
      ['account=12345678901', 404, 'unknown_account'],
      ['address=9%20Nowhere%20St', 404, 'unknown_address'],
      ['address=Nowhere', 400, 'bad_request'],
      ['', 400, 'bad_request'],
      ['meter=a&account=b', 400, 'bad_request'],
      ['meter=', 400, 'bad_request'],
    ] as const) {
      const answer = await center.call<ApiError>('GET', `/api/restoration?${query}`, undefined, stranger());
      assert.deepEqual([answer.status, answer.body.error.code], [status, code], query);
    }
  });

  test('restored homes are told so, and the outage is gone from the page at the next build', async () => {
    await postEvents(center, 'power_restored', transformer.meters);
    await until('the home is back', async () => (await look(`meter=${transformer.meters[0]}`)).status === 'restored');
    await until('the page has none', async () => !(await text('/public/')).includes('<li id="o-'));
  });

  test('while PostgreSQL is stopped a look-up answers from memory, and its age rises', async () => {
    const pid = (await postgresPid(center.folder))!;
    process.kill(pid, 'SIGSTOP');
    const children = (await fs.readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(/\s+/).map(Number);
    for (const child of children) process.kill(child, 'SIGSTOP');
    try {
      const first = await look(`meter=${transformer.meters[0]}`);
      assert.equal(first.status, 'restored');
      const older = await until('the age rises', async () => {
        const answer = await look('account=77002');
        return answer.age_s >= 4 && answer;
      });
      assert.ok(Date.parse(older.as_of) <= Date.parse(first.as_of) + 3000);
      assert.match(await text('/public/'), /<main/);
    } finally {
      for (const child of [...children, pid]) process.kill(child, 'SIGCONT');
    }
    await until('it is current again', async () => (await look(`meter=${lone.meters[0]}`)).age_s <= 2);
  });

  test('a client that asks too often is told to wait', async () => {
    let limited: number | undefined;
    for (let i = 0; i < 150 && limited === undefined; i++) {
      const { status, headers } = await center.call('GET', '/api/restoration?meter=nobody', undefined, open);
      if (status === 429) limited = Number(headers.get('retry-after'));
    }
    assert.ok(limited! > 0);
    for (let i = 0; i < 101; i++) await fetch(`${center.url}/restoration?q=nobody`, { headers: open.headers });
    const page = await fetch(`${center.url}/restoration?q=nobody`, {
      headers: { ...open.headers, accept: 'text/html' },
    });
    assert.equal(page.status, 429);
    assert.match(await page.text(), /<p>Rate limit exceeded.*<a href="\/public\/">/);
  });

  test('after a crash and a start homes, accounts and pages are what they were', async () => {
    await center.kill();
    center = await center.again();
    assert.notEqual((await look(`meter=${lone.meters[0]}`)).status, 'on');
    await until('accounts are read', async () => {
      const { status } = await center.call('GET', '/api/restoration?account=77001', undefined, stranger());
      return status === 200;
    });
    // that a home came back is not kept over a start: it has power, and no outage is known
    assert.equal((await look('account=77001')).status, 'on');
    assert.match(await text('/public/'), /fewer than 5/);
  });

  test('after the center is killed another process goes on serving the pages, and tells their age', async () => {
    const child = spawn(
      process.execPath,
      [path.join(root, 'bin', 'flux.mjs'), 'public', 'serve', '--data', center.folder, '--port', '0'],
      { env: { ...process.env, FLUX_PUBLIC_FOLDER: '' }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    try {
      const url = await until('it serves', () => /at (http:\S+)/.exec(said)?.[1]);
      await center.kill();
      const pid = (await postgresPid(center.folder))!;
      process.kill(pid, 'SIGQUIT');
      const answer = await fetch(url);
      assert.equal(answer.status, 200);
      assert.match(await answer.text(), /data-as-of="20/);
      // as an old state would look: the time in the folder is of an hour ago
      const current = path.join(center.folder, 'public', 'current.json');
      const facts = JSON.parse(await fs.readFile(current, 'utf8'));
      await fs.writeFile(current, JSON.stringify({ ...facts, as_of: new Date(Date.now() - 3_600_000).toISOString() }));
      await until('the banner shows', async () => /data-stale="yes"/.test(await (await fetch(url)).text()));
    } finally {
      child.kill('SIGTERM');
    }
  });
});
