import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Crew, crewStatuses } from '#model/api/crews.ts';
import { boardColumns, inColumns, matchesBoard, positionNote, shiftNote } from './board.ts';

const nowMs = Date.parse('2026-07-04T18:00:00Z');
const crew = (more: Partial<Crew>): Crew => ({
  id: 'LN-101',
  name: 'Line 101 Conroe',
  kind: 'line',
  skills: ['overhead'],
  size: 4,
  area_id: 'A',
  phone: null,
  radio: null,
  status: 'available',
  status_since: '',
  home_lon: 0,
  home_lat: 0,
  lon: null,
  lat: null,
  position_at: null,
  shifts: [{ days: [6], from: '07:00', to: '19:00', time_zone: 'America/Chicago' }],
  shift_from: '2026-07-04T12:00:00Z',
  shift_to: '2026-07-05T00:00:00Z',
  in_shift: true,
  jobs: [],
  actions: [],
  can_be_assigned: true,
  revision: 1,
  ...more,
});

test('every status has one column', () => {
  assert.deepEqual(boardColumns.flatMap((column) => column.statuses).sort(), [...crewStatuses].sort());
  const all = crewStatuses.map((status) => crew({ status }));
  assert.equal(inColumns(all).flat().length, all.length);
});

test('the filter takes area, kind and any word', () => {
  const one = crew({ jobs: [{ outage_id: 'OUT-7', device_id: '', assigned_by: '', assigned_at: '' }] });
  assert.ok(matchesBoard(one, { area: 'A', kind: 'line', text: 'out-7' }));
  assert.ok(!matchesBoard(one, { area: 'B', kind: '', text: '' }));
  assert.ok(!matchesBoard(one, { area: null, kind: 'tree', text: '' }));
  assert.ok(!matchesBoard(one, { area: null, kind: '', text: 'tree' }));
});

test('shift and position in words, a warning where someone must look', () => {
  assert.deepEqual(shiftNote(crew({}), nowMs), { text: 'shift ends in 6h 00m', tone: 'plain' });
  assert.equal(shiftNote(crew({ shift_to: '2026-07-04T18:30:00Z' }), nowMs).tone, 'warn');
  assert.deepEqual(shiftNote(crew({ in_shift: false, status: 'on_site' }), nowMs), {
    text: 'outside its shift',
    tone: 'warn',
  });
  assert.deepEqual(
    shiftNote(crew({ in_shift: false, status: 'off_shift', shift_from: '2026-07-05T12:00:00Z' }), nowMs),
    {
      text: 'on in 18h 00m',
      tone: 'plain',
    },
  );
  assert.equal(shiftNote(crew({ shifts: [] }), nowMs).text, 'on call');
  assert.deepEqual(positionNote(crew({ position_at: '2026-07-04T17:00:00Z' }), nowMs), {
    text: 'position 1h 00m old',
    tone: 'warn',
  });
  assert.equal(positionNote(crew({}), nowMs).text, 'no position');
});
