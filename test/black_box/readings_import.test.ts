/** Meter data files as an operator loads them: commands beside a running center, a watched folder, prices and weather. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { FileLoad } from '#model/api/files.ts';
import type { Pipeline } from '#model/api/readings.ts';
import { absent, flux, type RunningCenter, root, startCenter, temporaryFolder, until } from '../running_center.ts';

const samples = path.join(root, '..', 'shared', 'data');
const ami = path.join(samples, 'ami');
const skip = absent(ami, 'the folder of public meter data');
const tmy3 = path.join(samples, 'load', 'TX-Austin_Mueller.tmy3.csv.gz');

let center: RunningCenter;
let inbox: string;
before(async () => {
  inbox = await temporaryFolder();
  center = await startCenter({ meters: 500, environment: { FLUX_FILES: inbox } });
});
after(async () => {
  await center?.stop();
  await fs.rm(inbox, { recursive: true, force: true });
});

interface Report {
  file: string;
  state: string;
  code?: string;
  accepted: number;
  duplicate: number;
  set_aside: number;
  set_aside_by_code: Record<string, number>;
  read: number;
  netted: number;
  sum_wh: number;
  sum_wh_read: number;
  first_interval: string;
  channels: Record<string, number>;
}

/** Runs an import and gives its reports. */
async function importing(...args: string[]): Promise<{ status: number | null; files: Report[]; stderr: string }> {
  const { status, stdout, stderr } = await flux(['readings', 'import', '--data', center.folder, '--json', ...args]);
  return { status, files: stdout.startsWith('{') ? (JSON.parse(stdout).files ?? []) : [], stderr };
}

/** Every source balances, and everything it received is in the layers. */
async function sourceOf(name: string): Promise<Pipeline['sources'][number]> {
  const { body } = await center.call<Pipeline>('POST', '/api/pipeline/refresh');
  const source = body.sources.find((item) => item.source === name)!;
  assert.ok(source.balanced, JSON.stringify(source));
  return source;
}

describe('flux readings import', { skip }, () => {
  const greenButton = path.join(ami, 'greenbutton', '15minLP_15Days.xml');

  test('a dry run reports and changes nothing', async () => {
    const { status, files } = await importing(
      '--format',
      'greenbutton',
      '--meter',
      'MTR-0000002',
      '--dry-run',
      greenButton,
    );
    assert.equal(status, 0);
    const [{ state, read, accepted, sum_wh, first_interval, channels }] = files;
    assert.deepEqual(
      [state, read, accepted, sum_wh, first_interval, channels],
      ['read', 1340, 1340, 1_397_734, '2012-03-01T05:00:00.000Z', { forward: 1340 }],
    );
    assert.deepEqual((await center.call<FileLoad[]>('GET', '/api/pipeline/files')).body, []);
  });

  test('Green Button lands beside the running center, and the same file again is a duplicate', async () => {
    const args = ['--format', 'greenbutton', '--meter', 'MTR-0000002', greenButton];
    const first = await importing(...args);
    assert.deepEqual([first.status, first.files[0].state, first.files[0].accepted], [0, 'loaded', 1340]);
    const again = await importing(...args);
    assert.deepEqual([again.status, again.files[0].state], [0, 'duplicate']);
    const { received, stored, set_aside } = await sourceOf('import');
    assert.deepEqual([received, stored, set_aside], [1340, 1340, 0]);
    // asked for in words, it is loaded anew, and the silver layer knows every reading
    assert.equal((await importing('--again', ...args)).files[0].state, 'loaded');
    const anew = await sourceOf('import');
    assert.deepEqual([anew.received, anew.stored, anew.duplicate], [2680, 1340, 1340]);
  });

  test('the London meter by its mapping: 2,022 half-hours, 2 of them twice, 2,020 in the layers', async () => {
    const before = await sourceOf('import');
    const mapping = path.join(root, 'docs', 'mappings', 'london_lcl.json');
    const { files } = await importing(
      '--format',
      'csv',
      '--mapping',
      mapping,
      path.join(ami, 'lcl', 'CC_LCL-FullData.csv'),
    );
    const [{ read, accepted, duplicate, sum_wh_read }] = files;
    assert.deepEqual([read, accepted, duplicate, sum_wh_read], [2022, 2020, 2, 547_414]);
    const now = await sourceOf('import');
    assert.deepEqual([now.stored - before.stored, now.duplicate - before.duplicate], [2020, 2]);
  });

  test('NEM12: several files, one of them broken: the good ones land, the answer says which did not', async () => {
    const nem = (name: string): string => path.join(ami, 'nem12', name);
    const { status, files } = await importing(
      ...['--format', 'nem12', '--meter', 'MTR-0000003'],
      nem('unzipped/Example_NEM12_multiple_quality.csv'),
      nem('invalid/Example_empty_file.csv'),
      nem('invalid/Example_NEM12_incomplete_interval.csv'),
    );
    assert.equal(status, 1);
    assert.deepEqual(
      files.map(({ state, code, accepted }) => [state, code, accepted]),
      [
        ['loaded', undefined, 48],
        ['set_aside', 'empty_file', 0],
        ['loaded', undefined, 48],
      ],
    );
    const { body } = await center.call<{ code: string; reason: string }[]>('GET', '/api/pipeline/set-aside');
    assert.match(body.map(({ reason }) => reason).join('\n'), /Example_NEM12_incomplete_interval\.csv line 3: field/);
  });

  test('an id that is no meter is set aside, not guessed', async () => {
    const { status, files } = await importing(
      '--format',
      'nem12',
      '--dry-run',
      path.join(ami, 'nem12/unzipped/Example_NEM12_actual_interval.csv'),
    );
    assert.deepEqual([status, files[0].set_aside_by_code], [0, { unknown_meter: 48, unsupported_channel: 1 }]);
  });

  test('wrong use is said in words, with status 2', async () => {
    const wrong = await importing('--format', 'excel', greenButton);
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /--format must be one of greenbutton, nem12/);
    const useless = await importing('--format', 'jsonl', '--meter', 'MTR-0000001', greenButton);
    assert.deepEqual([useless.status, /name their meter/.test(useless.stderr)], [2, true]);
    assert.match((await importing('--format', 'csv', '/nowhere.csv')).stderr, /\/nowhere\.csv is no file/);
  });
});

describe('a watched folder', () => {
  const fileNamed = async (name: string): Promise<FileLoad | undefined> =>
    (await center.call<FileLoad[]>('GET', '/api/pipeline/files?limit=20')).body.find((file) => file.name === name);

  test("the generator's files are picked up, and a kill of the center in between loses and doubles nothing", async () => {
    const made = await temporaryFolder();
    try {
      await flux(['generate', '--meters', '500', '--days', '3', '--format', 'jsonl', '--out', made, '--no-events']);
      await flux([
        'generate',
        '--meters',
        '500',
        '--days',
        '2',
        '--start',
        '2026-02-01T00:00:00Z',
        '--out',
        made,
        '--no-events',
      ]);
      const [lines] = (await fs.readdir(made)).filter((name) => name.endsWith('.jsonl'));
      const [segment] = await fs.readdir(path.join(made, 'segments'));
      await fs.copyFile(path.join(made, lines), path.join(inbox, 'lines.jsonl'));
      await until('the load has begun', () => fileNamed('lines.jsonl'));
      await center.kill();
      await fs.copyFile(path.join(made, 'segments', segment), path.join(inbox, 'columns.parquet'));
      center = await center.again();
      await until(
        'both are loaded',
        async () =>
          (await fileNamed('columns.parquet'))?.state === 'loaded' &&
          (await fileNamed('lines.jsonl'))?.state === 'loaded',
        60_000,
      );
      const { received, stored, duplicate, superseded } = await sourceOf('files');
      assert.deepEqual([received, stored, duplicate + superseded], [240_000, 240_000, 0]);
    } finally {
      await fs.rm(made, { recursive: true, force: true });
    }
  });

  test('a refused file is shown with its reason, to those who may see it', async () => {
    await fs.writeFile(path.join(inbox, 'notes.csv'), 'a,b\n1,2\n');
    const file = await until('the file is refused', async () => {
      const found = await fileNamed('notes.csv');
      return found?.state === 'loading' ? undefined : found;
    });
    assert.deepEqual([file.state, file.code], ['set_aside', 'bad_header']);
    assert.match(file.reason!, /no column meter_id, reading_time, kwh/);
    assert.equal((await center.call('GET', '/api/pipeline/files', undefined, { token: null })).status, 401);
    const { body } = await center.call<FileLoad[]>('GET', `/api/pipeline/files?limit=1&before=${file.id}`);
    assert.ok(body.length === 1 && body[0].id < file.id);
  });
});

describe('prices and weather', () => {
  const run = async (...args: string[]): Promise<Record<string, unknown>> =>
    JSON.parse((await flux([...args, '--data', center.folder, '--json'])).stdout);

  test('both ERCOT layouts; the same file again changes nothing', async () => {
    for (const [name, count] of [
      ['report_layout.csv', 12],
      ['archive_layout.csv', 16],
    ] as const) {
      const file = path.join(root, 'sources', 'ercot', 'fixtures', name);
      const first = await run('prices', 'import', file);
      assert.deepEqual([first.read, first.added, first.refused], [count, count, 0]);
      const again = await run('prices', 'import', file);
      assert.deepEqual([again.added, again.changed], [0, 0]);
    }
  });

  test('a typical year of weather', { skip: absent(tmy3, 'the typical year of Austin') }, async () => {
    const report = await run('weather', 'import', '--year', '2024', tmy3);
    assert.deepEqual([report.read, report.added, report.first], [8760, 8760, '2024-01-01T07:00:00.000Z']);
    const { status, stderr } = await flux(['weather', 'import', '--data', center.folder, tmy3]);
    assert.deepEqual([status, /--year/.test(stderr)], [2, true]);
  });
});
