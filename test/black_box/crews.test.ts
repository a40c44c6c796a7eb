/** `flux crews` beside a center that runs: good rows land, bad ones are named, the board knows them at once. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { Crew } from '#model/api/crews.ts';
import { flux, type RunningCenter, startCenter } from '../running_center.ts';

let center: RunningCenter;
before(async () => {
  center = await startCenter({ meters: 500 });
});
after(() => center?.stop());

test('a new territory has crews; the same seed the same ones', async () => {
  const { stdout, status } = await flux(['crews', 'list', '--data', center.folder, '--json']);
  const listed = JSON.parse(stdout) as Crew[];
  assert.equal(status, 0);
  assert.ok(listed.length >= 7);
  const { body } = await center.call<Crew[]>('GET', '/api/crews');
  assert.deepEqual(
    body.map((crew) => [crew.id, crew.home_lon, crew.home_lat]),
    listed.map((crew) => [crew.id, crew.home_lon, crew.home_lat]),
  );
});

test('an import: status 1 and every bad row with line, field and remedy; good rows land, again changes nothing', async () => {
  const area = (await center.call<Crew[]>('GET', '/api/crews')).body[0].area_id;
  const file = path.join(center.folder, 'crews.csv');
  const lines = [
    'id,name,kind,size,area,base_lon,base_lat,shifts,radio',
    `EX-1,"Mutual aid, Ohio",line,5,${area},-95.4,29.8,,CH 9`,
    `EX-2,Bad shift,line,5,${area},-95.4,29.8,Mon 7-19,`,
    'EX-3,Bad area,line,5,NOWHERE,-95.4,29.8,,',
  ];
  await fs.writeFile(file, `${lines.join('\n')}\n`);
  const dry = JSON.parse(
    (await flux(['crews', 'import', file, '--dry-run', '--data', center.folder, '--json'])).stdout,
  );
  assert.deepEqual([dry.read, dry.accepted, dry.added, dry.refused], [3, 1, 0, 2]);
  const first = await flux(['crews', 'import', file, '--data', center.folder]);
  assert.equal(first.status, 1);
  assert.match(first.stdout, /crews\.csv:3: shifts: .*write e\.g\. Mon-Fri/);
  assert.match(first.stdout, /crews\.csv:4: area: there is no area NOWHERE/);
  const { body } = await center.call<{ crew: Crew; log: { verb: string }[] }>('GET', '/api/crews/EX-1');
  assert.deepEqual([body.crew.name, body.crew.size, body.crew.status], ['Mutual aid, Ohio', 5, 'off_shift']);
  assert.deepEqual(
    body.log.map((entry) => entry.verb),
    ['added'],
  );
  const again = JSON.parse((await flux(['crews', 'import', file, '--data', center.folder, '--json'])).stdout);
  assert.deepEqual([again.added, again.changed, again.same], [0, 0, 1]);
  // a crew at work keeps its status when its file is loaded again
  await center.call('POST', '/api/crews/EX-1/actions', { verb: 'sign_on', revision: body.crew.revision });
  await fs.writeFile(file, `${lines[0]}\n${lines[1].replace('Ohio', 'Indiana')}\n`);
  const changed = await flux(['crews', 'import', file, '--data', center.folder, '--json']);
  assert.deepEqual([changed.status, JSON.parse(changed.stdout).changed], [0, 1]);
  const { body: after } = await center.call<{ crew: Crew }>('GET', '/api/crews/EX-1');
  assert.deepEqual([after.crew.name, after.crew.status], ['Mutual aid, Indiana', 'available']);
});

test('a file that is none, or has no columns we know', async () => {
  const none = await flux(['crews', 'import', 'nothing.csv', '--data', center.folder, '--json']);
  assert.deepEqual([none.status, JSON.parse(none.stdout).error.code], [1, 'no_such_file']);
  const file = path.join(center.folder, 'wrong.csv');
  await fs.writeFile(file, 'a,b\n1,2\n');
  const wrong = await flux(['crews', 'import', file, '--data', center.folder]);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /the first line must name the columns id, name, kind/);
});
