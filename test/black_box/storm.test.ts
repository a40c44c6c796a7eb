/** `flux storm run` as a user types it: a card in words, one JSON document, nothing left behind. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { ReportCard } from '#bin/storm/report_card.ts';
import { flux, temporaryFolder } from '../running_center.ts';

const args = ['storm', 'run', '--seed', '7', '--hours', '0.5', '--meters', '1000', '--crews', '3'];

describe('flux storm run', () => {
  test('one JSON document on stdout: score and machine; the folder it worked in is gone', async () => {
    const temporary = await temporaryFolder();
    const { status, stdout, stderr } = await flux([...args, '--json'], { TMPDIR: temporary });
    assert.equal(status, 0, stderr);
    const { score, machine } = JSON.parse(stdout) as ReportCard;
    assert.deepEqual([score.seed, score.hours, score.meters, score.crews], [7, 0.5, 1000, 3]);
    assert.ok(score.messages.conserved);
    assert.ok(score.curve.minute.length > 0 && score.curve.dark.length === score.curve.minute.length);
    assert.ok(machine.wall_s > 0 && machine.look_ups.asked >= machine.look_ups.answered);
    const left = (await fs.readdir(temporary)).filter((name) => name.startsWith('flux-storm-'));
    assert.deepEqual(left, []);
  });

  test('in words: what happened, how well it was seen, and the naive rules beside it; never in the store of the environment', async () => {
    const { status, stdout } = await flux(args, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
    assert.equal(status, 0);
    for (const word of ['STORM DRILL', 'DETECTION', 'naive', 'RESTORATION TIMES', 'CUSTOMER-MINUTES', 'LOOK-UPS'])
      assert.ok(stdout.includes(word), word);
  });
});
