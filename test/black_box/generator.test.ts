/** Runs of the generator against a whole center: the same bytes as the command, exact under pauses and kills. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ApiError } from '#model/api/common.ts';
import type { GeneratorEstimate, GeneratorJob } from '#model/api/generator.ts';
import type { Pipeline } from '#model/api/readings.ts';
import { flux, type RunningCenter, startCenter, until } from '../running_center.ts';

const meters = 600;

describe('runs of the generator', () => {
  let center: RunningCenter;
  before(async () => {
    center = await startCenter({ meters });
  });
  after(() => center?.stop());

  const create = async (options: object): Promise<GeneratorJob> => {
    const { status, body } = await center.call<GeneratorJob>('POST', '/api/generator/jobs', options);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  const job = async (id: number): Promise<GeneratorJob> =>
    (await center.call<GeneratorJob>('GET', `/api/generator/jobs/${id}`)).body;
  const act = (id: number, verb: string) =>
    center.call<GeneratorJob & ApiError>('POST', `/api/generator/jobs/${id}/actions`, { verb });
  const ended = (id: number): Promise<GeneratorJob> =>
    until(
      `run ${id} ends`,
      async () => {
        const now = await job(id);
        assert.notEqual(now.state, 'failed', now.error ?? '');
        return now.state === 'done' && now;
      },
      90_000,
    );
  /** Rows of a source in the ledger and in the layers, once all are there. */
  const inLayers = async (source: string) => {
    const { body } = await center.call<Pipeline>('POST', '/api/pipeline/refresh', {});
    return body.sources.find((entry) => entry.source === source);
  };
  const sameByCommand = async (options: string[]): Promise<string> => {
    const out = path.join(center.folder, 'by-command');
    const { status, stdout, stderr } = await flux([
      ...['generate', '--data', center.folder, '--out', out, '--json'],
      ...options,
    ]);
    assert.equal(status, 0, stderr);
    await fs.rm(out, { recursive: true });
    return JSON.parse(stdout).sha256;
  };
  /** The process that carries the present run. */
  const runnerPid = async (): Promise<number | undefined> => {
    const children = await fs.readFile(`/proc/${center.child.pid}/task/${center.child.pid}/children`, 'utf8');
    for (const pid of children.trim().split(' ').filter(Boolean)) {
      const command = await fs.readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (command.includes('run_child.ts')) return Number(pid);
      const below = await fs.readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
      for (const next of below.trim().split(' ').filter(Boolean))
        if ((await fs.readFile(`/proc/${next}/cmdline`, 'utf8').catch(() => '')).includes('run_child.ts'))
          return Number(next);
    }
    return undefined;
  };

  test('exactly 96 readings of each meter and day, stored once, with the checksum of the command', async () => {
    const options = {
      start: '2026-03-01T00:00:00Z',
      days: 2,
      seed: 7,
      weather: 'heat_wave',
      mix: { residential: 1.2 },
    };
    const { id } = await create(options);
    const done = await ended(id);
    assert.equal(done.rows_done, meters * 96 * 2);
    assert.equal(done.delivers_to, `generator-${id}`);
    const source = await inLayers(`generator-${id}`);
    assert.deepEqual(
      [source?.received, source?.stored, source?.pending, source?.balanced],
      [done.rows_done, done.rows_done, 0, true],
    );
    const flags = ['--start', options.start, '--days', '2', '--seed', '7', '--weather', 'heat_wave'];
    assert.equal(await sameByCommand([...flags, '--mix', 'residential=1.2', '--no-events']), done.sha256);
    assert.match(done.command, /--weather heat_wave/);
  });

  test('loss, repeats and delays: what arrived is counted, repeats are duplicates, the checksum is that of the command', async () => {
    const faults = { loss: 0.02, duplicates: 0.03, disorder: 300, lateness: 3600 };
    const { id } = await create({ start: '2026-03-05T00:00:00Z', days: 1, ...faults });
    const done = await ended(id);
    const source = await inLayers(`generator-${id}`);
    assert.equal(source?.received, done.rows_done);
    assert.ok(source!.duplicate > 0 && source!.balanced);
    assert.ok(source!.stored < meters * 96 && source!.stored > meters * 96 * 0.95);
    const flags = Object.entries(faults).flatMap(([name, value]) => [`--${name}`, String(value)]);
    assert.equal(
      await sameByCommand(['--start', '2026-03-05T00:00:00Z', '--days', '1', '--no-events', ...flags]),
      done.sha256,
    );
  });

  test('killed, paused, killed with its center: it goes on, and ends as if nothing had been', async () => {
    const options = { start: '2026-01-01T00:00:00Z', days: 3, seed: 3, rate: 30_000, events: true, faults: 5 };
    const { id } = await create(options);
    const progressed = (rows: number) => until('it progresses', async () => (await job(id)).rows_done > rows, 30_000);
    await progressed(0);
    const first = await until('its process is there', runnerPid);
    process.kill(first, 'SIGKILL');
    await progressed((await job(id)).rows_done);
    assert.notEqual(await until('another process took it up', runnerPid), first);

    const paused = await act(id, 'pause');
    assert.deepEqual([paused.status, paused.body.state], [200, 'paused']);
    const [held, stored] = [await job(id), await inLayers(`generator-${id}`)];
    assert.equal(stored?.received, held.rows_done);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.deepEqual(await job(id), held, 'nothing lands after a pause was answered');
    assert.equal((await inLayers(`generator-${id}`))?.received, held.rows_done);
    assert.equal((await act(id, 'pause')).status, 409);

    assert.equal((await act(id, 'resume')).status, 200);
    await progressed(held.rows_done);
    await center.kill();
    center = await center.again();
    const done = await ended(id);
    assert.equal(done.rows_done, meters * 96 * 3);
    const source = await inLayers(`generator-${id}`);
    assert.deepEqual([source?.received, source?.stored, source?.duplicate], [done.rows_done, done.rows_done, 0]);
    const events = await inLayers(`generator-${id}-events`);
    assert.deepEqual([events?.received, events?.stored], [done.events_done, done.events_done]);
    assert.ok(done.events_done > 0);
    const flags = ['--start', options.start, '--days', '3', '--seed', '3', '--faults', '5'];
    assert.equal(await sameByCommand(flags), done.sha256);
    const { body: verified } = await center.call<{ differences: { onlyLive: number; onlyRecomputed: number }[] }>(
      'POST',
      '/api/pipeline/verify',
      {},
    );
    for (const { onlyLive, onlyRecomputed } of verified.differences) assert.equal(onlyLive + onlyRecomputed, 0);
  });

  test('one at a time; what waits can be cancelled; what ended takes nothing more', async () => {
    const slow = await create({ start: '2026-02-01T00:00:00Z', days: 5, rate: 2000 });
    const waiting = await create({ start: '2026-02-10T00:00:00Z', days: 1 });
    await until('the first runs', async () => (await job(slow.id)).rows_done > 0);
    assert.equal((await job(waiting.id)).state, 'queued');
    assert.match((await job(waiting.id)).waits_for ?? '', new RegExp(`run ${slow.id} to end`));
    assert.equal((await act(slow.id, 'cancel')).body.state, 'cancelled');
    await ended(waiting.id);
    assert.equal((await act(slow.id, 'resume')).body.error.code, 'invalid_transition');
    assert.equal((await act(999_999, 'cancel')).status, 404);
  });

  test('into files and through the door', async () => {
    const files = await create({ start: '2026-02-01T00:00:00Z', days: 1, target: 'files', meters: 50 });
    const written = await ended(files.id);
    assert.equal((await fs.readdir(path.join(written.delivers_to, 'segments'))).length, 1);
    const lines = await create({
      start: '2026-02-01T00:00:00Z',
      days: 1,
      target: 'files',
      format: 'jsonl',
      rate: 5000,
    });
    // only then is the process of the run before it gone for certain
    await until('it progresses', async () => (await job(lines.id)).rows_done > 0);
    process.kill((await runnerPid())!, 'SIGKILL');
    const home = (await ended(lines.id)).delivers_to;
    const names = (await fs.readdir(home)).filter((name) => name.endsWith('.jsonl'));
    const texts = await Promise.all(names.map((name) => fs.readFile(path.join(home, name), 'utf8')));
    const keys = texts.flatMap((text) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => {
          const { meter_id, reading_time } = JSON.parse(line);
          return `${meter_id} ${reading_time}`;
        }),
    );
    assert.deepEqual([keys.length, new Set(keys).size], [meters * 96, meters * 96]);
    const door = await create({ start: '2026-04-01T00:00:00Z', days: 1, target: 'http', meters: 50 });
    const sent = await ended(door.id);
    assert.equal(sent.rows_done, 50 * 96);
    const source = await inLayers('http');
    assert.ok(source!.received >= 50 * 96 && source!.balanced);
    const flags = ['--start', '2026-04-01T00:00:00Z', '--days', '1', '--meters', '50', '--no-events'];
    assert.equal(await sameByCommand(flags), sent.sha256);
  });

  test('the command delivers into the store of a running center', async () => {
    const flags = ['--data', center.folder, '--to', 'store', '--start', '2026-05-01T00:00:00Z', '--days', '1'];
    const { status, stdout, stderr } = await flux(['generate', ...flags, '--no-events', '--json']);
    assert.equal(status, 0, stderr);
    assert.equal(JSON.parse(stdout).rows, meters * 96);
    const { body } = await center.call<Pipeline>('POST', '/api/pipeline/refresh', {});
    const source = body.sources.find((entry) => entry.source.startsWith('generator-command-'));
    assert.equal(source?.received, meters * 96);
  });

  test('an estimate before it starts; what can not run is refused with its field', async () => {
    const asked = { start: '2026-03-01T00:00:00Z', days: 2, loss: 0.5 };
    const { body } = await center.call<GeneratorEstimate>('POST', '/api/generator/estimate', asked);
    assert.equal(body.readings, meters * 96);
    assert.ok(body.bytes > 0 && body.seconds > 0);
    assert.match(body.warnings.join(), /generator-1 /);
    for (const [wrong, message] of [
      [{ days: 1, start: '2030-01-01T00:00:00Z' }, /days must end before now/],
      [{ start: '2026-01-01T00:07:00Z' }, /start must be/],
      [{ within: 'nowhere' }, /no feeder and no substation/],
      [{ colour: 'blue' }, /additional properties/],
    ] as const) {
      const answer = await center.call<ApiError>('POST', '/api/generator/jobs', wrong);
      assert.ok(answer.status === 400 || answer.status === 404, String(answer.status));
      assert.match(answer.body.error.message, message);
    }
  });
});
