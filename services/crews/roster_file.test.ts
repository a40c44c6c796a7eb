import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRoster } from './roster_file.ts';

const read = (...lines: string[]) =>
  readRoster(
    lines.map((text, i) => ({ line: i + 1, fields: text.split(',') })),
    (id) => id === 'AREA-N',
  );
const header = 'id,name,kind,skills,size,area,base_lon,base_lat,shifts';

test('good rows are read beside bad ones; each bad one is named with line, field and remedy', () => {
  const { crews, refused } = read(
    header,
    'LN-1,North line,line,,4,AREA-N,-95.4,29.8,Mon-Fri 07:00-19:00 America/Chicago',
    'TR-1,Trouble,Troubleman,switching|overhead,1,AREA-N,-95.4,29.8,',
    'X-1,Bad kind,pilot,,1,AREA-N,-95.4,29.8,',
    'X-2,Bad area,line,,1,AREA-S,-95.4,29.8,',
    'X-3,Bad place,line,,1,AREA-N,-195.4,29.8,',
    'X-4,Bad shift,line,,1,AREA-N,-95.4,29.8,Mon 7-19',
    'X-5,Bad skill,line,flying,1,AREA-N,-95.4,29.8,',
    'X-6,Bad size,line,,2.5,AREA-N,-95.4,29.8,',
    'LN-1,Twice,line,,1,AREA-N,-95.4,29.8,',
    ',No id,line,,1,AREA-N,-95.4,29.8,',
    'X-7,Short,line',
  );
  assert.deepEqual(
    crews.map(({ crew_id, kind, skills, size }) => [crew_id, kind, skills, size]),
    [
      ['LN-1', 'line', ['switching', 'overhead', 'transformer'], 4],
      ['TR-1', 'troubleman', ['switching', 'overhead'], 1],
    ],
  );
  assert.deepEqual(
    refused.map(({ line, field }) => [line, field]),
    [
      [4, 'kind'],
      [5, 'area'],
      [6, 'base_lon'],
      [7, 'shifts'],
      [8, 'skills'],
      [9, 'size'],
      [10, 'id'],
      [11, 'id'],
      [12, 'id'],
    ],
  );
  assert.match(refused[0].reason, /must be one of troubleman, line/);
  assert.match(refused[3].reason, /write e\.g\. Mon-Fri/);
});

test('a header that names other columns stops the file', () => {
  assert.throws(() => read('id,name,colour', 'a,b,c'), /missing: kind, area, base_lon, base_lat; not known: colour/);
});
