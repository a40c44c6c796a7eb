/** Fit, evaluate and explain on real history, and what is said of files that are none. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Evaluation } from '#services/etr/evaluate.ts';
import { absent, cleanUp, flux, root, temporaryFolder } from '../running_center.ts';

const history = path.join(root, '..', 'shared', 'data', 'outages', 'pge_events_2019-08-01_2019-09-30.csv.gz');
const skip = absent(history, 'the history of outages');

describe('flux etr on real history', { skip }, () => {
  let folder: string;
  let model: string;
  before(async () => {
    folder = await temporaryFolder();
    model = path.join(folder, 'model.json');
  });
  after(() => cleanUp(folder));

  test('a fortnight not seen: clearly better than constant, hourly median and the published; P90 covers nine of ten', async () => {
    const fit = await flux([
      'etr',
      'fit',
      '--history',
      history,
      '--until',
      '2019-09-15T00:00:00Z',
      '--model',
      model,
      '--json',
    ]);
    assert.equal(fit.status, 0, fit.stderr);
    const fitted = JSON.parse(fit.stdout);
    assert.ok(fitted.bytes < 1_000_000);
    assert.equal(fitted.set_aside, 1);
    assert.deepEqual([fitted.problems[0].line, fitted.problems[0].field], [7553, 'outage_start']);
    assert.ok(fitted.to < '2019-09-15');
    const told = await flux([
      'etr',
      'evaluate',
      '--history',
      history,
      '--model',
      model,
      '--from',
      '2019-09-15T00:00:00Z',
      '--json',
    ]);
    assert.equal(told.status, 0, told.stderr);
    const evaluation: Evaluation = JSON.parse(told.stdout);
    assert.equal(evaluation.seen_by_the_fit, 0);
    assert.deepEqual(evaluation.storm_days, ['2019-09-24', '2019-09-25', '2019-09-29']);
    const [all] = evaluation.slices;
    const of = (who: string) => all.scores.find((score) => score.who === who)!;
    for (const opponent of ['constant', 'hourly median', 'published']) {
      const own = of(opponent === 'published' ? 'model where published' : 'model');
      assert.ok(own.mae_min < 0.92 * of(opponent).mae_min, `${opponent} ${own.mae_min} ${of(opponent).mae_min}`);
      assert.ok(own.median_abs_min < 0.85 * of(opponent).median_abs_min, `${opponent} ${own.median_abs_min}`);
    }
    assert.ok(all.p90_coverage >= 0.88 && all.p90_coverage <= 0.92, String(all.p90_coverage));
    assert.ok(evaluation.slices.some(({ slice }) => slice === 'storm days'));
    assert.ok(evaluation.slices.some(({ slice }) => slice === 'over 1,000 customers'));
  });

  test('what the model was fitted on is no fair test, and it says so; it explains itself', async () => {
    const { stdout } = await flux([
      'etr',
      'evaluate',
      '--history',
      history,
      '--model',
      model,
      '--to',
      '2019-08-03T00:00:00Z',
    ]);
    assert.match(stdout, /NO FAIR TEST: 1,?\d+ of them/);
    const explained = await flux(['etr', 'explain', '--model', model]);
    assert.match(explained.stdout, /published_min {2}\d+\.\d %/);
  });

  test('a broken file is named with line and field, and leaves the model that was there', async () => {
    const before = await fs.readFile(model, 'utf8');
    const text = gunzipSync(await fs.readFile(history))
      .toString('utf8')
      .split('\n')
      .slice(0, 40);
    const csv = path.join(folder, 'few.csv');
    await fs.writeFile(csv, text.join('\n'));
    const few = await flux(['etr', 'fit', '--history', csv, '--model', model]);
    assert.deepEqual([few.status, few.stdout], [1, '']);
    assert.match(few.stderr, /outages can be used, a model needs 300/);
    await fs.writeFile(csv, 'a,b\n1,2\n');
    assert.match(
      (await flux(['etr', 'fit', '--history', csv, '--model', model])).stderr,
      /few\.csv, line 1: no column outage_start/,
    );
    assert.match(
      (await flux(['etr', 'evaluate', '--history', history, '--model', csv])).stderr,
      /few\.csv: is not JSON; fit one with/,
    );
    assert.equal((await flux(['etr', 'fit', '--history', path.join(folder, 'none.csv'), '--model', model])).status, 1);
    assert.equal((await flux(['etr', 'fit', '--history', history, '--model', model, '--until', 'soon'])).status, 2);
    assert.equal(await fs.readFile(model, 'utf8'), before);
  });
});
