/** The commands as a user types them: help, exit status, one JSON document, the same bytes for the same seed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Engine, startEngine } from '#stores/columnar/engine.ts';
import { cleanUp, ended, flux, launchCenter, root, temporaryFolder, until } from '../running_center.ts';

const commands = [
  [],
  ['start'],
  ['network'],
  ['network', 'import'],
  ['network', 'trace'],
  ['generate'],
  ['readings'],
  ['readings', 'import'],
  ['prices'],
  ['prices', 'import'],
  ['weather'],
  ['weather', 'import'],
  ['vee'],
  ['vee', 'run'],
  ['vee', 'rules'],
  ['vee', 'score'],
  ['outages'],
  ['outages', 'verify-log'],
  ['crews'],
  ['crews', 'import'],
  ['crews', 'list'],
  ['reliability'],
  ['reliability', 'med'],
  ['reliability', 'pack'],
  ['reliability', 'import'],
  ['etr'],
  ['etr', 'fit'],
  ['etr', 'evaluate'],
  ['etr', 'explain'],
  ['etr', 'trace'],
  ['storm'],
  ['storm', 'run'],
  ['kafka'],
  ['kafka', 'accept'],
  ['layers'],
  ['layers', 'status'],
  ['layers', 'refresh'],
  ['layers', 'seal'],
  ['layers', 'tidy'],
  ['layers', 'verify'],
  ['accounts'],
  ['accounts', 'import'],
  ['public'],
  ['public', 'serve'],
  ['account'],
  ['sign-in'],
  ['token'],
  ['doctor'],
  ['bench'],
];

describe('help and usage', () => {
  test('every command explains itself, and the list is complete', async () => {
    const named = new Set<string>();
    for (const command of commands) {
      const { status, stdout, stderr } = await flux([...command, '--help']);
      assert.deepEqual([status, stderr], [0, ''], command.join(' '));
      assert.match(stdout, new RegExp(`^Usage: flux ${command.join(' ')}`));
      for (const [, name] of stdout.matchAll(/^ {2}([a-z][\w-]*)(?: |$)/gm))
        if (
          name !== 'help' &&
          /^Commands:/m.test(stdout) &&
          stdout.indexOf('Commands:') < stdout.indexOf(`\n  ${name}`)
        )
          named.add([...command, name].join(' '));
    }
    assert.deepEqual(
      [...named].sort(),
      commands
        .filter((c) => c.length > 0)
        .map((c) => c.join(' '))
        .sort(),
    );
  });

  test('the version, and status 0', async () => {
    const { version } = JSON.parse(await fs.readFile(path.join(import.meta.dirname, '../../package.json'), 'utf8'));
    assert.deepEqual(await flux(['--version']), { status: 0, stdout: `${version}\n`, stderr: '' });
  });

  const wrong: [string[], RegExp][] = [
    [['fly'], /unknown command/],
    [['start', '--fast'], /unknown option/],
    [['start', '--port', 'eighty'], /--port must be a whole number/],
    [['start', '--port', '70000'], /--port must be/],
    [['start', '--scale', '7'], /--scale must be/],
    [['start', '--open', '--host', '0.0.0.0'], /loopback demos only/],
    [['generate', '--meters', '500'], /--days/],
    [['generate', '--meters', '500', '--days', '1'], /--out FOLDER/],
    [['generate', '--meters', '500', '--days', '-1', '--out', 'x'], /--days must be/],
    [
      ['generate', '--meters', '500', '--days', '1', '--start', '2026-01-01T00:07:00Z', '--out', 'x'],
      /quarter of an hour/,
    ],
    [['generate', '--days', '1', '--out', 'x'], /--meters NUMBER/],
    [['generate', '--meters', '500', '--days', '1', '--out', 'x', '--loss', '2'], /--loss must be/],
    [['generate', '--meters', '500', '--days', '1', '--out', 'x', '--mix', 'castles=2'], /--mix must name/],
    [['generate', '--meters', '500', '--days', '1', '--out', 'x', '--weather', 'fog'], /--weather must be one of/],
    [['generate', '--meters', '500', '--days', '1', '--to', 'moon'], /--to moon is not known/],
    [['generate', '--meters', '500', '--days', '1', '--to', 'store'], /needs --data/],
    [['generate', '--resume'], /needs --out/],
    [['network', 'trace', 'x', '--direction', 'sideways'], /down, up or isolate/],
    [['network', 'import', '.', '--format', 'excel'], /not known/],
    [['network', 'import', '.', '--format', 'opendss', '--place', 'here'], /lon,lat/],
    [['readings', 'import', 'x', '--format', 'excel'], /--format must be one of/],
    [['weather', 'import', 'package.json', '--year', 'soon'], /--year must be/],
    [['account', 'x', '--role', 'king'], /--role must be one of/],
    [['storm', 'run'], /--seed/],
    [['storm', 'run', '--seed', 'x'], /--seed must be/],
    [['storm', 'run', '--seed', '1', '--hours', '0'], /--hours must be/],
    [['storm', 'run', '--seed', '1', '--keep', '.'], /is not empty/],
    [['public', 'serve', '--port', 'eighty'], /--port must be a whole number/],
    [['start', '--role', 'king'], /--role must be center, ingest or public/],
    [['bench', 'nothing'], /there is no benchmark/],
  ];
  for (const [args, says] of wrong)
    test(`flux ${args.join(' ')}: status 2`, async () => {
      const { status, stdout, stderr } = await flux(args);
      assert.equal(status, 2, stderr);
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /\n\s+at /, 'no stack for a typing error');
      assert.equal(stdout, '');
    });

  test('an unknown FLUX_ variable is named, a wrong one refused', async () => {
    const folder = await temporaryFolder();
    const { child, said } = launchCenter(folder, ['--port', '0', '--scale', '100', '--no-simulation'], {
      FLUX_COLOUR: 'blue',
    });
    await until('it is named', () => /FLUX_COLOUR is not a setting/.test(said()));
    child.kill('SIGKILL');
    await ended(child);
    await cleanUp(folder);
    const { status, stderr } = await flux(['start', '--data', folder], { FLUX_TIME_ZONE: 'Mars/Olympus' });
    assert.equal(status, 2);
    assert.match(stderr, /FLUX_TIME_ZONE/);
  });
});

describe('generate', () => {
  let folder: string;
  let engine: Engine;
  before(async () => {
    folder = await temporaryFolder();
    engine = startEngine({ name: 'check', path: ':memory:', temporaryFolder: folder });
  });
  after(async () => {
    await engine.stop();
    await cleanUp(folder);
  });
  interface Outcome {
    rows: number;
    sha256: string;
    bytes: number;
  }
  const generate = async (out: string, ...more: string[]): Promise<Outcome> => {
    const args = ['generate', '--meters', '500', '--days', '1', '--out', path.join(folder, out), '--json', ...more];
    const { status, stdout, stderr } = await flux(args);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  };

  test('the same seed twice gives the same bytes, 96 readings of each meter; another seed others', async () => {
    const [one, two, other] = [await generate('a'), await generate('b'), await generate('c', '--seed', '2')];
    assert.equal(one.rows, 500 * 96);
    assert.equal(one.sha256, two.sha256);
    assert.notEqual(one.sha256, other.sha256);
    const rows = await engine.query(
      `select count(*) as meters, min(readings) as least, max(readings) as most
       from (select meter_key, count(distinct interval_start_s) as readings
             from read_parquet('${folder}/a/segments/*.parquet') group by all)`,
    );
    assert.deepEqual(rows, { meters: [500], least: [96], most: [96] });
  });

  test('killed in the middle it goes on with --resume, to the same bytes', async () => {
    const faults = ['--loss', '0.01', '--duplicates', '0.01', '--lateness', '7200', '--faults', '20'];
    const options = ['--days', '3', ...faults];
    const whole = await generate('whole', ...options);
    const out = path.join(folder, 'killed');
    const args = ['generate', '--meters', '500', '--out', out, '--rate', '40000', ...options];
    const child = spawn(process.execPath, [path.join(root, 'bin', 'flux.mjs'), ...args], { stdio: 'ignore' });
    const state = path.join(out, 'generate.state.json');
    const filesDone = async (): Promise<number> =>
      JSON.parse(await fs.readFile(state, 'utf8').catch(() => '{"files":0}')).files;
    await until('two files are there', async () => (await filesDone()) >= 2);
    child.kill('SIGKILL');
    await ended(child);
    const { status, stdout, stderr } = await flux(['generate', '--resume', '--out', out, '--json']);
    assert.equal(status, 0, stderr);
    const resumed = JSON.parse(stdout);
    assert.deepEqual([resumed.rows, resumed.sha256], [whole.rows, whole.sha256]);
    const { rows } = await engine.query(`select count(*) as rows from read_parquet('${out}/segments/*.parquet')`);
    assert.deepEqual(rows, [whole.rows]);
    const lines = async (name: string): Promise<string> => fs.readFile(path.join(folder, name, 'events.jsonl'), 'utf8');
    assert.equal(await lines('killed'), await lines('whole'));
    const again = await flux(['generate', '--resume', '--out', out]);
    assert.match(again.stderr, /no unfinished run/);
  });

  test('JSON lines hold the same readings', async () => {
    const lines = await generate('lines', '--format', 'jsonl');
    assert.equal(lines.sha256, (await generate('d')).sha256);
    const file = (await fs.readdir(path.join(folder, 'lines'))).find((name) => name.startsWith('readings-'))!;
    const text = await fs.readFile(path.join(folder, 'lines', file), 'utf8');
    const records = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(records.length, 500 * 96);
    assert.deepEqual(Object.keys(records[0]).sort(), [
      'interval_minutes',
      'kwh',
      'meter_id',
      'quality',
      'reading_time',
      'source_seq',
      'voltage',
    ]);
  });
});

describe('a data folder without a center', () => {
  let folder: string;
  before(async () => {
    folder = await temporaryFolder();
  });
  after(() => cleanUp(folder));

  test('doctor finds nothing missing, in one JSON document', async () => {
    const { status, stdout } = await flux(['doctor', '--data', folder, '--json', '--port', '0']);
    const report = JSON.parse(stdout);
    assert.deepEqual([status, report.ok], [0, true], stdout);
    const found = Object.fromEntries(
      report.findings.map((finding: { what: string; state: string }) => [finding.what, finding.state]),
    );
    assert.deepEqual([found.Node, found.PostgreSQL, found.DuckDB, found.disk], ['ok', 'ok', 'ok', 'ok']);
  });

  test('what needs a network says so: status 1, the code in the JSON document', async () => {
    for (const args of [
      ['network', 'trace', 'x', '--direction', 'down'],
      ['layers', 'status'],
    ]) {
      const { status, stdout, stderr } = await flux([...args, '--data', folder, '--json']);
      assert.equal(status, 1);
      assert.equal(JSON.parse(stdout).error.code, 'no_network');
      assert.match(stderr, /flux start/);
    }
    const missing = await flux([
      'network',
      'import',
      path.join(folder, 'none.dss'),
      '--format',
      'opendss',
      '--data',
      folder,
      '--json',
    ]);
    assert.deepEqual([missing.status, JSON.parse(missing.stdout).error.code], [1, 'no_such_file']);
  });

  test('a folder that can not be written', async () => {
    const file = path.join(folder, 'file');
    await fs.writeFile(file, '');
    const { status, stderr } = await flux(['token', '--data', path.join(file, 'data')]);
    assert.equal(status, 1);
    assert.match(stderr, /data folder/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  });
});
