/**
 * Interruptions of the time before this center, as the utility declared them: start, end and customers of each, from CSV.
 * They count beside the center's own outages and are marked by their origin; a five year threshold needs them.
 */
import { createHash } from 'node:crypto';
import { inTransaction, type Pool } from '#stores/postgres/pool.ts';
import { cohortsOf, sumsOf } from './cohorts.ts';
import { type BadField, columnsOf, parseCsv } from './csv.ts';
import { firstOwnOutage } from './experience_sql.ts';
import { localDate } from './med.ts';
import type { InterruptionRow } from './sql.ts';
import { countDaysIn, keepInterruptions, lockSummary, sumDaysAnew, summaryMark } from './summary_sql.ts';

export interface HistoryReader {
  /** IANA name: times without an offset are the utility's */
  zone: string;
  /** row of a feeder id, -1 where there is none */
  feederRowOf: (id: string) => number;
  /** row of a device id, -1 where there is none */
  deviceRowOf: (id: string) => number;
  /** feeder row of a device row */
  feederOfDevice: (row: number) => number;
  /** the center's own record begins here, UTC epoch ms; null where it has none */
  ownSinceMs: number | null;
  nowMs: number;
}

export interface HistoryFile {
  rows: InterruptionRow[];
  /** lines whose content stood in the file before */
  repeated: number;
  bad: BadField[];
}

const columns = {
  start: { names: ['start', 'started_at', 'start_time', 'interruption_start', 'outage_start'], needed: true },
  end: { names: ['end', 'ended_at', 'end_time', 'interruption_end', 'restored_at', 'outage_end'], needed: true },
  customers: { names: ['customers', 'customers_affected', 'customers_interrupted', 'customers_max'], needed: true },
  feeder: { names: ['feeder', 'feeder_id'], needed: false },
  device: { names: ['device', 'device_id'], needed: false },
  cause: { names: ['cause', 'cause_code'], needed: false },
  planned: { names: ['planned'], needed: false },
  id: { names: ['id', 'event_id', 'interruption_id', 'outage_number'], needed: false },
};

const longestMs = 60 * 86_400_000;
const mostCustomers = 100_000_000;
const rowsAtOnce = 20_000;

/** @throws FluxError `bad_file` where the header lacks a column */
export function readHistory(file: string, text: string, reader: HistoryReader): HistoryFile {
  const [header, ...lines] = parseCsv(file, text);
  const at = columnsOf(file, header, columns);
  const result: HistoryFile = { rows: [], repeated: 0, bad: [] };
  const seen = new Set<string>();
  for (const { line, cells } of lines) {
    const cell = (name: keyof typeof columns): string => (at[name] < 0 ? '' : (cells[at[name]]?.trim() ?? ''));
    const read = readLine(cell, reader);
    if ('problem' in read) {
      result.bad.push({ file, line, ...read });
      continue;
    }
    const content =
      cell('id') || [read.startedMs, read.endedMs, cell('customers'), cell('feeder'), cell('device')].join('|');
    const id = `H-${createHash('sha256').update(content).digest('hex').slice(0, 24)}`;
    if (seen.has(id)) result.repeated++;
    else result.rows.push({ ...read, id, sourceFile: file, sourceLine: line });
    seen.add(id);
  }
  return result;
}

type Line = Omit<InterruptionRow, 'id' | 'sourceFile' | 'sourceLine'>;
type Wrong = Pick<BadField, 'field' | 'problem' | 'remedy'>;

function readLine(cell: (name: keyof typeof columns) => string, reader: HistoryReader): Line | Wrong {
  const start = instantOf(cell('start'), 'start', reader.zone);
  if (typeof start !== 'number') return start;
  const end = instantOf(cell('end'), 'end', reader.zone);
  if (typeof end !== 'number') return end;
  if (end <= start)
    return {
      field: 'end',
      problem: `${cell('end')} is not later than the start`,
      remedy: 'check the two times; with clocks that changed write the offset, e.g. 2026-07-04T18:15:00-05:00',
    };
  if (end - start > longestMs)
    return {
      field: 'end',
      problem: 'the interruption lasts more than 60 days',
      remedy: 'check the year of both times',
    };
  if (end > reader.nowMs)
    return { field: 'end', problem: `${cell('end')} is in the future`, remedy: 'import it when it is over' };
  if (reader.ownSinceMs !== null && start >= reader.ownSinceMs)
    return {
      field: 'start',
      problem: `${cell('start')} is in the time this center has a record of its own`,
      remedy: `leave out what began after ${new Date(reader.ownSinceMs).toISOString()}: it would count twice`,
    };
  const customers = Number(cell('customers'));
  if (!/^\d+$/.test(cell('customers')) || customers < 1 || customers > mostCustomers)
    return {
      field: 'customers',
      problem: `"${cell('customers')}" is no whole number from 1 up`,
      remedy: 'write how many customers were without supply',
    };
  const deviceKey = cell('device') === '' ? -1 : reader.deviceRowOf(cell('device'));
  const feederKey =
    cell('feeder') !== '' ? reader.feederRowOf(cell('feeder')) : deviceKey < 0 ? -1 : reader.feederOfDevice(deviceKey);
  if (cell('feeder') !== '' && feederKey < 0)
    return {
      field: 'feeder',
      problem: `there is no feeder ${cell('feeder')}`,
      remedy: 'write an id of this network, or leave it empty: then it counts for the system alone',
    };
  const planned = /^(1|true|yes|y|planned)$/i.test(cell('planned'));
  if (!planned && !/^(|0|false|no|n|unplanned)$/i.test(cell('planned')))
    return {
      field: 'planned',
      problem: `"${cell('planned')}" is neither yes nor no`,
      remedy: 'write yes, no or nothing',
    };
  const cohorts = cohortsOf([{ stepNo: 1, fromMs: start, toMs: end, customersOut: customers }], reader.nowMs);
  return {
    origin: 'history',
    day: localDate(start, reader.zone),
    startedMs: start,
    endedMs: end,
    feederKey,
    deviceKey,
    device: cell('device') || null,
    cause: cell('cause') || null,
    planned: planned || /^planned/i.test(cell('cause')),
    ...sumsOf(cohorts),
    continues: null,
  };
}

const localTime = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/;

/** UTC epoch ms of ISO 8601 with an offset, or of the utility's own clock: whatever follows the seconds is an offset. */
function instantOf(text: string, field: string, zone: string): number | Wrong {
  const wrong = (problem: string, remedy: string): Wrong => ({ field, problem, remedy });
  const example = `write it like 2026-07-04T18:15:00-05:00, or 2026-07-04 18:15 (${zone})`;
  try {
    if (!localTime.test(text)) return Temporal.Instant.from(text.replace(' ', 'T')).epochMilliseconds;
    const wall = Temporal.PlainDateTime.from(text.replace(' ', 'T'), { overflow: 'reject' });
    const earlier = wall.toZonedDateTime(zone, { disambiguation: 'earlier' });
    const later = wall.toZonedDateTime(zone, { disambiguation: 'later' });
    if (earlier.epochMilliseconds === later.epochMilliseconds) return earlier.epochMilliseconds;
    return wrong(
      earlier.toPlainDateTime().equals(wall)
        ? `${text} was there twice in ${zone}, when clocks went back`
        : `${text} was not there in ${zone}, when clocks went forward`,
      'write the offset from UTC, e.g. 2026-11-01T01:30:00-05:00',
    );
  } catch {
    return wrong(`"${text}" is no time`, example);
  }
}

export interface HistoryKept {
  added: number;
  /** lines that were imported before */
  known: number;
}

/** All or nothing: the good lines of a file are there after the call, or none is. */
export function keepHistory(pool: Pool, rows: readonly InterruptionRow[], zone: string): Promise<HistoryKept> {
  return inTransaction(pool, async (client) => {
    await lockSummary(client);
    if ((await summaryMark(client)).zone !== zone) await countDaysIn(client, zone);
    let added = 0;
    for (let i = 0; i < rows.length; i += rowsAtOnce)
      added += await keepInterruptions(client, rows.slice(i, i + rowsAtOnce));
    await sumDaysAnew(client, [...new Set(rows.map(({ day }) => day))]);
    return { added, known: rows.length - added };
  });
}

/** Where the center's own record begins, UTC epoch ms. */
export const ownRecordSince = async (pool: Pool): Promise<number | null> =>
  (await firstOwnOutage(pool))?.getTime() ?? null;
