/** What a watched folder sees in its life: whole files, half-written, renamed, changed, corrupt and foreign ones. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { makeFileWatch } from '#bin/file_watch.ts';
import { type FilePlace, watchedFolder } from '#sources/files/folder.ts';
import { landed, loads, lookTwice, makeWatchBed, readingsText, type WatchBed } from './file_watch.ts';

let bed: WatchBed;
let inbox: string;
before(async () => {
  bed = await makeWatchBed();
  inbox = path.join(bed.folder, 'inbox');
});
after(() => bed?.close());
beforeEach(async () => {
  await bed.empty();
  await fs.rm(inbox, { recursive: true, force: true });
  await fs.mkdir(inbox);
});
const put = (name: string, content: string | Uint8Array): Promise<void> =>
  fs.writeFile(path.join(inbox, name), content);
const needs = () => bed.needs(watchedFolder(inbox), 'folder');

/** A Parquet file of readings in either layout. */
async function parquet(name: string, sql: string): Promise<void> {
  await bed.engine.query(`copy (${sql}) to '${path.join(inbox, name)}' (format parquet, row_group_size 2048)`);
}
const keyed = `select (i % 40)::int as meter_key, (1767225600 + (i // 40) * 900)::int as interval_start_s,
  15::utinyint as interval_minutes, (i * 7 % 1000)::int as wh, 2400::usmallint as decivolt, 1::utinyint as quality,
  i::bigint as source_seq from range(6000) as t(i)`;

describe('a watched folder', () => {
  test('JSON-lines, CSV and Parquet of both layouts land; a look alone loads nothing', async () => {
    await put('a.jsonl', readingsText('jsonl', 0, 100));
    await fs.mkdir(path.join(inbox, '2026'));
    await put('2026/b.csv', readingsText('csv', 100, 250));
    await parquet('keys.parquet', keyed);
    await parquet(
      'ids.parquet',
      "select 'M' || i as meter_id, make_timestamptz(2026, 1, 5, i, 0, 0, 'UTC') as reading_time, 1.25::decimal(8, 3) as kwh, 'estimated' as quality from range(20) as t(i) union all select 'X', null, null, null",
    );
    const watch = await makeFileWatch(needs());
    await watch.round();
    assert.deepEqual(await loads(bed.pool), []);
    await watch.round();
    assert.deepEqual(
      (await loads(bed.pool)).map(({ name, state, accepted, set_aside }) => [name, state, accepted, set_aside]),
      [
        ['2026/b.csv', 'loaded', 150, 0],
        ['a.jsonl', 'loaded', 100, 0],
        ['ids.parquet', 'loaded', 20, 1],
        ['keys.parquet', 'loaded', 6000, 0],
      ],
    );
    assert.equal(await landed(bed.pool), 6270);
    const { rows } = await bed.pool.query(
      'select sum(sum_wh)::int as wh from segment where row_count >= 6000 or row_count = 20',
    );
    assert.equal(
      rows[0].wh,
      20 * 1250 + Array.from({ length: 6000 }, (_, i) => (i * 7) % 1000).reduce((a, b) => a + b),
    );
    assert.deepEqual(bed.problems, []);
  });

  test('the same content under another name is a duplicate, a touched file is nothing new', async () => {
    await put('a.jsonl', readingsText('jsonl', 0, 100));
    await lookTwice(needs());
    await fs.copyFile(path.join(inbox, 'a.jsonl'), path.join(inbox, 'copy.jsonl'));
    await fs.utimes(path.join(inbox, 'a.jsonl'), new Date(), new Date());
    await lookTwice(needs());
    // a new process knows what the old one did
    await lookTwice(needs());
    assert.deepEqual(
      (await loads(bed.pool)).map(({ name, state, duplicate_of }) => [name, state, duplicate_of]),
      [
        ['a.jsonl', 'loaded', null],
        ['copy.jsonl', 'duplicate', 1],
      ],
    );
    assert.equal(await landed(bed.pool), 100);
  });

  test('the same name with other content is a new load, recorded as a change', async () => {
    await put('a.jsonl', readingsText('jsonl', 0, 100));
    await lookTwice(needs());
    await put('a.jsonl', readingsText('jsonl', 0, 130));
    await lookTwice(needs());
    const [, second] = await loads(bed.pool);
    assert.deepEqual([second.state, second.replaces, second.records], ['loaded', 1, 130]);
  });

  test('a half-written file is set aside, and loaded once it is whole; temporary and hidden names are left alone', async () => {
    const whole = readingsText('jsonl', 0, 50);
    await put('half.jsonl', whole.slice(0, -20));
    await put('half.csv', readingsText('csv', 0, 3).slice(0, -30));
    await put('writing.jsonl.tmp', whole);
    await put('.hidden.jsonl', whole);
    await lookTwice(needs());
    assert.deepEqual(
      (await loads(bed.pool)).map(({ name, state, code }) => [name, state, code]),
      [
        ['half.csv', 'set_aside', 'half_written'],
        ['half.jsonl', 'set_aside', 'half_written'],
      ],
    );
    assert.equal(await landed(bed.pool), 0);
    await put('half.jsonl', whole);
    await fs.rename(path.join(inbox, 'writing.jsonl.tmp'), path.join(inbox, 'written.jsonl'));
    await lookTwice(needs());
    assert.deepEqual(
      (await loads(bed.pool)).slice(2).map(({ name, state }) => [name, state]),
      [
        ['half.jsonl', 'loaded'],
        ['written.jsonl', 'duplicate'],
      ],
    );
    assert.equal(await landed(bed.pool), 50);
  });

  test('what is no whole file of readings is refused before any of it lands', async () => {
    await parquet('good.parquet', keyed);
    const good = await fs.readFile(path.join(inbox, 'good.parquet'));
    await fs.rm(path.join(inbox, 'good.parquet'));
    await put('cut.parquet', good.subarray(0, good.length - 100));
    const damaged = Buffer.from(good);
    damaged.fill(0xff, 4, 24);
    await put('damaged.parquet', damaged);
    await put('none.parquet', 'PAR1');
    await put('other.csv', 'a,b\n1,2\n');
    await put('empty.jsonl', '');
    await put('notes.txt', 'hello');
    await lookTwice(needs());
    assert.deepEqual(
      (await loads(bed.pool)).map(({ name, code, records }) => [name, code, records]),
      [
        ['cut.parquet', 'unreadable', 0],
        ['damaged.parquet', 'unreadable', 0],
        ['empty.jsonl', 'empty_file', 0],
        ['none.parquet', 'unreadable', 0],
        ['notes.txt', 'unknown_format', 0],
        ['other.csv', 'bad_header', 0],
      ],
    );
    assert.deepEqual(bed.problems, []);
  });

  test('a file that changes while it is copied is not read; the next looks find it again', async () => {
    const name = path.join(inbox, 'a.jsonl');
    await put('a.jsonl', readingsText('jsonl', 0, 100));
    const place = watchedFolder(inbox);
    let isFirst = true;
    const changing: FilePlace = {
      ...place,
      copy: async (file, target) => {
        if (!isFirst) return place.copy(file, target);
        isFirst = false;
        const copying = place.copy(file, target);
        await fs.appendFile(name, readingsText('jsonl', 100, 110));
        return copying;
      },
    };
    const watch = await makeFileWatch(bed.needs(changing, 'folder'));
    await watch.round();
    await watch.round();
    assert.deepEqual(await loads(bed.pool), []);
    await watch.round();
    await watch.round();
    assert.deepEqual(
      (await loads(bed.pool)).map(({ records }) => records),
      [110],
    );
  });

  test('a file that went away in the middle of its load is recorded so, and goes on when it comes back', async () => {
    await put('a.jsonl', readingsText('jsonl', 0, 100));
    let pieces = 0;
    const real = needs();
    const failing = {
      ...real,
      pieceRecords: 10,
      sink: {
        write: (...args: Parameters<typeof real.sink.write>) => {
          if (++pieces > 4) throw new Error('the disk is gone');
          return real.sink.write(...args);
        },
      },
    };
    await assert.rejects(lookTwice(failing), /disk is gone/);
    await fs.rename(path.join(inbox, 'a.jsonl'), path.join(bed.folder, 'away.jsonl'));
    const watch = await makeFileWatch({ ...needs(), pieceRecords: 10 });
    for (let look = 0; look < 4; look++) await watch.round();
    const [gone] = await loads(bed.pool);
    assert.deepEqual([gone.state, gone.code, gone.records], ['set_aside', 'vanished', 40]);
    await fs.rename(path.join(bed.folder, 'away.jsonl'), path.join(inbox, 'a.jsonl'));
    await lookTwice(needs());
    const [back, ...others] = await loads(bed.pool);
    assert.deepEqual([back.name, back.state, back.records, others.length], ['a.jsonl', 'loaded', 100, 0]);
    assert.equal(await landed(bed.pool), 100);
  });

  test('a file that can not be loaded now does not hold up those behind it', async () => {
    await put('a.jsonl', readingsText('jsonl', 0, 10));
    await put('b.jsonl', readingsText('jsonl', 10, 30));
    const real = needs();
    const sink = {
      write: (...args: Parameters<typeof real.sink.write>) => {
        if (args[0].readings.count === 10) throw new Error('not now');
        return real.sink.write(...args);
      },
    };
    await assert.rejects(lookTwice({ ...real, sink }), /not now/);
    assert.deepEqual(
      (await loads(bed.pool)).map(({ state, records }) => [state, records]),
      [
        ['loading', 0],
        ['loaded', 20],
      ],
    );
    await lookTwice(needs());
    assert.deepEqual(
      (await loads(bed.pool)).map(({ state, records }) => [state, records]),
      [
        ['loaded', 10],
        ['loaded', 20],
      ],
    );
  });

  test('two loaders of one file: the second is fenced before anything of it lands', async () => {
    await put('a.jsonl', readingsText('jsonl', 0, 100));
    const watches = await Promise.all(
      ['one', 'two'].map((name) =>
        makeFileWatch({ ...needs(), pieceRecords: 10, source: name, spoolFolder: path.join(bed.folder, name) }),
      ),
    );
    await Promise.all(watches.map((watch) => watch.round()));
    await Promise.all(watches.map((watch) => watch.round()));
    for (const watch of watches) await watch.round();
    assert.equal(await landed(bed.pool), 100);
    const [load] = await loads(bed.pool);
    assert.deepEqual([load.state, load.records], ['loaded', 100]);
  });

  test('moved after: loaded and refused files leave the inbox, names stay apart', async () => {
    const moving = { ...needs(), after: 'move' as const };
    await put('a.jsonl', readingsText('jsonl', 0, 10));
    await put('bad.csv', 'a,b\n1,2\n');
    await lookTwice(moving);
    await put('a.jsonl', readingsText('jsonl', 10, 20));
    await lookTwice(moving);
    assert.deepEqual((await fs.readdir(inbox)).sort(), ['loaded', 'refused']);
    assert.deepEqual(
      [(await fs.readdir(path.join(inbox, 'loaded'))).length, await fs.readdir(path.join(inbox, 'refused'))],
      [2, ['bad.csv']],
    );
    assert.equal(await landed(bed.pool), 20);
  });
});
