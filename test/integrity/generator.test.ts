/** A run that is ended anywhere and goes on delivers each reading once; planted bugs turn the check red. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openTarget, type SavePosition } from '#bin/generator/targets.ts';
import { generatorDefaults } from '#model/generator.ts';
import { type Piece, type RunPosition, runBegin, runPlan } from '#sources/generator/run.ts';
import { makeRunPlan } from '#sources/generator/run_plan.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { segmentFolder, sweepSegments } from '#stores/columnar/segments.ts';
import { segmentsAfter } from '#stores/postgres/ledger.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { servers, startServer, type TestServer } from '../stores/servers.ts';

const network = generateTerritory({ scale: 300, seed: 3 });
const options = {
  ...generatorDefaults(Date.UTC(2026, 5, 2)),
  days: 0.5,
  loss: 0.03,
  duplicates: 0.03,
  lateness: 3600,
  events: true,
  faults: 60,
};
const plan = makeRunPlan(network, options);

class Killed extends Error {}
/** Where the process dies: before the segment, inside the transaction, after it. */
type Death = 'before' | 'inside' | 'after';
type Plant = 'position_after' | 'position_before';

describe('a generator run', () => {
  let on: TestServer;
  before(async () => {
    on = await startServer(servers[0]);
    await migrate(on.pool);
    await sweepSegments(on.folder, new Set());
    await (await import('node:fs/promises')).mkdir(path.join(on.folder, 'tmp'), { recursive: true });
  });
  after(() => on?.stop());

  /** One process: from the kept position until it dies at its n-th piece. */
  async function work(source: string, kept: { at: RunPosition }, dieAt: number, death: Death, plant?: Plant) {
    const store = { pool: on.pool, dataFolder: on.folder, source };
    const target = await openTarget({ network, options, from: kept.at, store });
    let pieces = 0;
    const take = async (piece: Piece): Promise<void> => {
      const isLast = ++pieces === dieAt;
      if (isLast && death === 'before') throw new Killed();
      if (plant === 'position_before') kept.at = piece.to;
      const save: SavePosition = async () => {
        if (isLast && death === 'inside') throw new Killed();
      };
      await target.take(piece, save);
      if (isLast && death === 'after' && plant === 'position_after') throw new Killed();
      kept.at = piece.to;
      if (isLast && death === 'after') throw new Killed();
    };
    try {
      const given = { plan, from: kept.at, live: false, rate: null, pieceRows: 1500, nowMs: Date.now };
      return await runPlan({ ...given, sleep: async () => {}, take });
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      return undefined;
    } finally {
      await target.end(false);
    }
  }

  /** Rows in the segments of a source that are not those of the plan: lost or doubled. */
  async function differences(source: string): Promise<number> {
    const expected: string[] = [];
    for (const { readings } of plan.slots())
      for (let i = 0; i < readings.count; i++)
        expected.push(`${readings.meterKey[i]} ${readings.intervalStartS[i]} ${readings.wh[i]}`);
    const files = (await segmentsAfter(on.pool, 0, 1e6)).filter((segment) => segment.source === source);
    const engine = startEngine({ name: 'check', path: ':memory:', temporaryFolder: on.folder });
    try {
      const list = files.map((file) => `'${path.join(segmentFolder(on.folder), file.path)}'`).join(', ');
      const { line } = await engine.query(
        `select concat_ws(' ', meter_key, interval_start_s, wh) as line from read_parquet([${list}]) order by record_offset`,
      );
      let different = Math.abs(line.length - expected.length);
      for (let i = 0; i < Math.min(line.length, expected.length); i++) if (line[i] !== expected[i]) different++;
      return different;
    } finally {
      await engine.stop();
    }
  }

  test('ended anywhere it goes on: none lost, none doubled, in order, events too', async () => {
    const kept = { at: runBegin };
    const deaths: Death[] = ['inside', 'before', 'after', 'inside', 'after'];
    for (const [i, death] of deaths.entries())
      assert.equal(await work('generator-1', kept, 1 + (i % 3), death), undefined);
    const end = await work('generator-1', kept, Number.POSITIVE_INFINITY, 'before');
    assert.equal(await differences('generator-1'), 0);
    const { rows } = await on.pool.query(
      "select source, received, landed, duplicate from stream_position where source like 'generator-1%' order by source",
    );
    assert.equal(rows[0].received, end?.rows);
    // those the transport repeated are repeats in the store, too; no others are
    assert.deepEqual([rows[1].received, rows[1].duplicate], [end?.events, end?.eventsDuplicated]);
    assert.ok(end!.events > 0);
  });

  test('planted: a position that is written after the readings is noticed, not doubled', async () => {
    const kept = { at: runBegin };
    await work('generator-2', kept, 2, 'after', 'position_after');
    await assert.rejects(work('generator-2', kept, 9, 'after'), { code: 'run_damaged' });
    assert.ok((await differences('generator-2')) > 0);
  });

  test('planted: a position that is written before the readings is noticed, not lost', async () => {
    const kept = { at: runBegin };
    await work('generator-3', kept, 2, 'inside', 'position_before');
    await assert.rejects(work('generator-3', kept, 9, 'after'), { code: 'run_damaged' });
    assert.ok((await differences('generator-3')) > 0);
  });
});
