/** The public face on a store of its own: how old its answers are while it reads what it needs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '#bin/config.ts';
import { openPublicFace } from '#bin/public_face.ts';
import type { Restoration } from '#model/api/restoration.ts';
import { storePremises } from '#services/restoration/sql.ts';
import { serviceAddresses } from '#sources/territory/addresses.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { writeNetwork } from '#stores/postgres/network_tables.ts';
import { inTransaction } from '#stores/postgres/pool.ts';
import { until } from './running_center.ts';
import { servers, startServer } from './stores/servers.ts';

test('R5 answers stay young while accounts and addresses are read, however long that takes', async () => {
  const { pool, folder, stop } = await startServer(servers[0]);
  await migrate(pool);
  const network = generateTerritory({ scale: 500, seed: 7, onProgress: () => undefined });
  await writeNetwork(pool, network, { sha256: 'x', seed: 7 });
  const premise = {
    meter_key: 0,
    account_id: '11110',
    address: '7 Oak Ave',
    street_key: '7 OAK AVE',
    unit: '',
    place: '',
  };
  await inTransaction(pool, (client) => storePremises(client, [premise], 'import'));
  const face = await openPublicFace({
    config: readConfig({ dataFolder: folder }, {}).config,
    ...{ pool, network: () => network, seed: 0 },
    membersOf: () => [],
    planned: { at: () => undefined, lasting: () => [] },
    settled: async () => undefined,
    report: (message, error) => assert.fail(`${message}: ${String(error)}`),
    alarm: () => undefined,
  });
  const slow = await pool.connect();
  try {
    await slow.query('begin; lock table premise in access exclusive mode');
    await face.start();
    const asOf = (): string => JSON.parse(face.service.answer({ meter: network.meter.id.at(0) }, 'en') as string).as_of;
    const first = asOf();
    await until('a later moment', () => Date.parse(asOf()) > Date.parse(first) + 1500, 10_000);
    assert.throws(() => face.service.answer({ account: '11110' }, 'en'), { code: 'not_ready' });
    await slow.query('commit');
    await until('the premises', () => face.service.premiseCount() === 1, 10_000);
    const { status } = JSON.parse(face.service.answer({ account: '11110' }, 'en')) as Restoration;
    assert.equal(status, 'on');
  } finally {
    slow.release();
    await face.stop();
    await stop();
  }
});

test('R10 addresses that could not be stored are not read yet, never unknown, and are stored later', async () => {
  const { pool, folder, stop } = await startServer(servers[0]);
  await migrate(pool);
  const network = generateTerritory({ scale: 500, seed: 7, onProgress: () => undefined });
  await writeNetwork(pool, network, { sha256: 'x', seed: 7 });
  const [{ account }] = serviceAddresses(network, 7, 0);
  await pool.query(
    `create function refused() returns trigger language plpgsql as $$ begin raise 'disk full'; end $$;
     create trigger refused before insert on premise for each row execute function refused()`,
  );
  const reports: string[] = [];
  const face = await openPublicFace({
    config: readConfig({ dataFolder: folder }, {}).config,
    ...{ pool, network: () => network, seed: 7 },
    membersOf: () => [],
    planned: { at: () => undefined, lasting: () => [] },
    settled: async () => undefined,
    report: (message) => void reports.push(message),
    alarm: () => undefined,
  });
  const started = face.start();
  try {
    await until('a refusal', () => reports.length > 0, 10_000);
    // longer than a look at the store takes
    await sleep(2500);
    assert.throws(() => face.service.answer({ account }, 'en'), { code: 'not_ready' });
    await pool.query('drop trigger refused on premise');
    await until('the premises', () => face.service.premiseCount() > 0, 30_000);
    assert.equal((JSON.parse(face.service.answer({ account }, 'en')) as Restoration).status, 'on');
    await started;
  } finally {
    await face.stop();
    await stop();
  }
});
