/** What a person does with an exception. Values go through the ledger, in one transaction with the decision. */
import { shortestReason } from '#model/api/common.ts';
import type { ExceptionVerb, VeeAction, VeeEstimate } from '#model/api/vee.ts';
import { FluxError } from '#model/errors.ts';
import { rowsFrom } from '#stores/columnar/engine.ts';
import { type Client, inTransaction } from '#stores/postgres/pool.ts';
import { dayOfMoment, localDay } from './days.ts';
import { estimatesFor, landRows, qualityCode, rowsOfEstimates } from './fill.ts';
import { isOpen, nextState } from './lifecycle.ts';
import { type RunNeeds, scopeOfDay } from './run.ts';
import { missingSlots } from './scan.ts';
import { silver } from './scan_sql.ts';
import { type EstimateRow, type ExceptionRow, findException, lockException, writeExceptions, writeLog } from './sql.ts';

const reasonNeeded: ReadonlySet<ExceptionVerb> = new Set(['accept', 'edit', 'dismiss', 'reopen']);

interface CurrentReading {
  startS: number;
  minutes: number;
  wh: number;
  decivolt: number;
  quality: number;
}

const secondsOfDate = (date: Date): number => date.getTime() / 1000;

export async function exceptionOf(needs: RunNeeds, id: string): Promise<ExceptionRow> {
  const row = await findException(needs.pool, id);
  if (!row) throw new FluxError('not_found', `there is no exception ${id}`);
  return row;
}

/** Current readings of a meter in [from, to). */
async function currentReadings(
  needs: RunNeeds,
  meterKey: number,
  fromS: number,
  toS: number,
): Promise<CurrentReading[]> {
  return rowsFrom<CurrentReading>(
    await needs.engine.query(
      `select reading.interval_start_s as "startS", reading.interval_minutes as minutes, reading.wh, reading.decivolt, reading.quality
       from ${silver} as reading
       where reading.meter_key = $1 and reading.interval_start_s >= $2 and reading.interval_start_s < $3 and reading.quality < 4
       order by reading.interval_start_s`,
      [meterKey, fromS, toS],
    ),
  );
}

/** What `estimate` would write for an exception: its missing intervals, day by day. */
export async function proposalOf(needs: RunNeeds, row: ExceptionRow, actor: string): Promise<EstimateRow[]> {
  const fromS = secondsOfDate(row.from_at);
  const toS = secondsOfDate(row.to_at);
  const nowS = Math.floor(Date.now() / 1000);
  const first = dayOfMoment(fromS, needs.zone).number;
  const last = dayOfMoment(toS - 1, needs.zone).number;
  const rows: EstimateRow[] = [];
  for (let number = first; number <= last; number++) {
    const scope = await scopeOfDay(needs, localDay(number, needs.zone), nowS, [row.meter_key]);
    const own = { ...scope, dark: scope.dark.filter((span) => span.meterKey === row.meter_key) };
    const slots = await missingSlots(needs.engine, own, false);
    const wanted = slots.filter((slot) => slot.startS >= fromS && slot.startS < toS);
    const made = await estimatesFor(needs.engine, own, wanted);
    rows.push(...rowsOfEstimates(made, own.config.intervalMinutes, { at: new Date(), actor, exceptionId: row.id }));
  }
  return rows;
}

export const toEstimate = (row: EstimateRow): VeeEstimate => ({
  at: new Date(row.interval_start_s * 1000).toISOString(),
  kwh: row.wh / 1000,
  method: row.method,
  flag: row.flag,
  basis: row.basis,
});

/** Writes the decision into the queue; the caller's transaction holds the values that belong to it. */
async function decide(client: Client, id: string, action: VeeAction, actor: string): Promise<void> {
  const row = await lockException(client, id);
  if (!row) throw new FluxError('not_found', `there is no exception ${id}`);
  const state = nextState(row.state, action.verb);
  const at = new Date();
  const owner = action.verb === 'assign' ? (action.owner ?? actor) : row.owner;
  await writeExceptions(client, [
    {
      ...row,
      state,
      owner,
      note: action.reason ?? row.note,
      closed_at: isOpen(state) ? null : at,
      updated_at: at,
    },
  ]);
  const reason = action.verb === 'assign' ? [`to ${owner}`, action.reason].filter(Boolean).join(': ') : action.reason;
  await writeLog(client, [
    { exception_id: id, at, actor, verb: action.verb, from_state: row.state, to_state: state, reason: reason ?? null },
  ]);
}

/** @throws FluxError `invalid_transition`, `bad_request`, `conflict`, `not_found` */
export async function act(needs: RunNeeds, id: string, action: VeeAction, actor: string): Promise<void> {
  const row = await exceptionOf(needs, id);
  nextState(row.state, action.verb);
  if (reasonNeeded.has(action.verb) && (action.reason ?? '').trim().length < shortestReason)
    throw new FluxError('bad_request', `"${action.verb}" needs a reason of at least three letters`);
  const alongside = (client: Client) => decide(client, id, action, actor);
  switch (action.verb) {
    case 'accept':
      return landRows(needs.land, ...(await acceptedRows(needs, row, action, actor)), alongside);
    case 'edit':
      return landRows(needs.land, ...(await editedRows(needs, row, action, actor)), alongside);
    case 'estimate': {
      const rows = await proposalOf(needs, row, actor);
      if (rows.length === 0)
        throw new FluxError(
          'conflict',
          'nothing can be estimated here: every interval has a reading (an estimate never replaces one: edit it), or there is no history to estimate from (edit it)',
        );
      return landRows(needs.land, rows, undefined, alongside);
    }
    default:
      return inTransaction(needs.pool, alongside);
  }
}

type RowsToLand = [EstimateRow[], (i: number) => number];

/** The readings of the exception, word for word, as validated. Estimates stay what they are. */
async function acceptedRows(
  needs: RunNeeds,
  row: ExceptionRow,
  { reason }: VeeAction,
  actor: string,
): Promise<RowsToLand> {
  const all = await currentReadings(needs, row.meter_key, secondsOfDate(row.from_at), secondsOfDate(row.to_at));
  const readings = all.filter(({ quality }) => quality === qualityCode('actual') || quality === qualityCode('edited'));
  const rows = readings.map((reading) => ({
    ...baseRow(row, actor),
    interval_start_s: reading.startS,
    interval_minutes: reading.minutes,
    wh: reading.wh,
    quality: qualityCode('validated'),
    method: 'accept',
    flag: 'validated',
    basis: reason ?? '',
  }));
  return [rows, (i) => readings[i].decivolt];
}

/**
 * The values a person gives. They land as `edited`, which ranks below what a meter sent; where a reading of the meter
 * stands, the person's word is landed as `validated` beside it, or it would change nothing.
 */
async function editedRows(
  needs: RunNeeds,
  row: ExceptionRow,
  { values, reason }: VeeAction,
  actor: string,
): Promise<RowsToLand> {
  const fromS = secondsOfDate(row.from_at);
  const toS = secondsOfDate(row.to_at);
  if (!values) throw new FluxError('bad_request', '"edit" needs values');
  const current = new Map((await currentReadings(needs, row.meter_key, fromS, toS)).map((one) => [one.startS, one]));
  const { intervalMinutes } = needs.config();
  const volts: number[] = [];
  const rows = values.flatMap(({ at, kwh }) => {
    const startS = Date.parse(at) / 1000;
    const before = current.get(startS);
    const wh = Math.round(kwh * 1000);
    if (!(startS >= fromS && startS < toS) || (!before && (startS - fromS) % (intervalMinutes * 60) !== 0))
      throw new FluxError('bad_request', `${at} is not the beginning of an interval of this exception`);
    if (!Number.isFinite(wh) || Math.abs(wh) > 0x7fffffff)
      throw new FluxError('bad_request', `${kwh} kWh is not an energy`);
    const edited: EstimateRow = {
      ...baseRow(row, actor),
      interval_start_s: startS,
      interval_minutes: before?.minutes ?? intervalMinutes,
      wh,
      quality: qualityCode('edited'),
      method: 'edit',
      flag: 'edited',
      basis: reason ?? '',
    };
    const mustOutrank = before !== undefined && before.quality <= qualityCode('actual');
    const landed = mustOutrank ? [edited, { ...edited, quality: qualityCode('validated') }] : [edited];
    for (const _ of landed) volts.push(before?.decivolt ?? 0);
    return landed;
  });
  return [rows, (i) => volts[i]];
}

const baseRow = (row: ExceptionRow, actor: string) => ({
  meter_key: row.meter_key,
  at: new Date(),
  actor,
  exception_id: row.id,
});
