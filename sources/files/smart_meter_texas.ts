/**
 * Smart Meter Texas interval export. Local times of Central Texas; an end of 00:00 is the next day; consumption and
 * surplus generation of a meter alternate. On the day the clock goes forward there are 92 rows, or four more that are
 * empty; on the day it goes back there are 100, and the second 01:00 to 01:45 is told apart by its order.
 */
import { FluxError } from '#model/errors.ts';
import { fieldsOf, linesOf, numberOf } from '#sources/files/lines.ts';
import { makeLocalClock, RepeatedHour } from '#sources/files/local_clock.ts';
import { NetMeter } from '#sources/files/net.ts';
import {
  countChannel,
  type FileFacts,
  type FileInput,
  type FileNotes,
  type FilePiece,
  meterIdOf,
  PieceBuilder,
  type Refusal,
  refusal,
} from '#sources/files/piece.ts';

const zone = 'America/Chicago';
const columns = [
  'ESIID',
  'USAGE_DATE',
  'REVISION_DATE',
  'USAGE_START_TIME',
  'USAGE_END_TIME',
  'USAGE_KWH',
  'ESTIMATED_ACTUAL',
  'CONSUMPTION_SURPLUSGENERATION',
];
const qualities: Record<string, 'actual' | 'estimated'> = {
  A: 'actual',
  ACTUAL: 'actual',
  E: 'estimated',
  ESTIMATED: 'estimated',
};
const channelSigns: Record<string, 1 | -1> = { CONSUMPTION: 1, 'SURPLUS GENERATION': -1, GENERATION: -1 };

interface Row {
  line: number;
  text: string;
  field: (name: string) => string;
}

/** Rows below the header; a line with another number of fields goes to `bad`. @throws FluxError `bad_header`, `empty_file` */
async function* rowsOf(input: FileInput, bad: (line: number, text: string) => void): AsyncGenerator<Row[]> {
  let at: Map<string, number> | undefined;
  let width = 0;
  for await (const { first, texts } of linesOf(input)) {
    const rows: Row[] = [];
    for (let i = 0; i < texts.length; i++) {
      if (texts[i].trim() === '') continue;
      const fields = fieldsOf(texts[i]);
      if (!at) {
        at = positionsOf(fields);
        width = fields.length;
        continue;
      }
      const positions = at;
      if (fields.length !== width) bad(first + i, texts[i]);
      else rows.push({ line: first + i, text: texts[i], field: (name) => fields[positions.get(name)!].trim() });
    }
    yield rows;
  }
  if (!at) throw new FluxError('empty_file', 'the file is empty');
}

function positionsOf(header: string[]): Map<string, number> {
  const at = new Map(header.map((name, i) => [name.trim().toUpperCase(), i]));
  const missing = columns.filter((name) => !at.has(name));
  if (missing.length > 0)
    throw new FluxError(
      'bad_header',
      `line 1 has no column ${missing.join(', ')}; a Smart Meter Texas interval export begins with ${columns.join(',')}`,
    );
  return at;
}

const esiidOf = (row: Row): string => row.field('ESIID').replace(/^'+/, '');
const channelOf = (row: Row): string => row.field('CONSUMPTION_SURPLUSGENERATION').toUpperCase();

/** @throws FluxError `bad_header`, `empty_file`, `ambiguous_meter` */
export async function* readSmartMeterTexas(
  input: FileInput,
  facts: FileFacts,
  notes: FileNotes,
): AsyncGenerator<FilePiece> {
  const meters = new Map<string, { channels: Set<string>; rowsLeft: number; net?: NetMeter }>();
  for await (const rows of rowsOf(input, () => undefined))
    for (const row of rows) {
      const meter = meters.get(esiidOf(row)) ?? { channels: new Set<string>(), rowsLeft: 0 };
      if (Object.hasOwn(channelSigns, channelOf(row))) meter.channels.add(channelOf(row));
      meter.rowsLeft++;
      meters.set(esiidOf(row), meter);
    }
  if (facts.meter !== undefined && meters.size > 1)
    throw new FluxError(
      'ambiguous_meter',
      `the file holds ${meters.size} ESIIDs; --meter is for one, give a mapping file with "meters" instead`,
    );

  const out = new PieceBuilder(input, facts);
  const reader = new RowReader(out, facts, notes);
  const bad = (line: number, text: string): void =>
    out.refuse(line, 'wrong_field_count', 'has another number of fields than the header; write the line whole', text);
  for await (const rows of rowsOf(input, bad)) {
    for (const row of rows) {
      const meter = meters.get(esiidOf(row))!;
      meter.net ??= new NetMeter(meter.channels, out, notes);
      reader.take(row, meter.net);
      if (--meter.rowsLeft === 0) {
        meter.net.finish();
        meter.net = undefined;
      }
    }
    yield* out.full();
  }
  yield* out.rest();
}

class RowReader {
  readonly #out: PieceBuilder;
  readonly #facts: FileFacts;
  readonly #notes: FileNotes;
  readonly #clock = makeLocalClock(zone);
  readonly #repeated = new RepeatedHour();

  constructor(out: PieceBuilder, facts: FileFacts, notes: FileNotes) {
    this.#out = out;
    this.#facts = facts;
    this.#notes = notes;
  }

  take(row: Row, net: NetMeter): void {
    const refused = this.#read(row, net);
    if (!refused) return;
    countChannel(this.#notes, channelOf(row) || 'unknown');
    this.#out.refuse(row.line, refused.code, refused.reason, row.text);
  }

  #read(row: Row, net: NetMeter): Refusal | undefined {
    const channel = channelOf(row);
    if (!Object.hasOwn(channelSigns, channel))
      return refusal(
        'unsupported_channel',
        `field CONSUMPTION_SURPLUSGENERATION is '${channel}'; Consumption and Surplus Generation are known`,
      );
    const date = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(row.field('USAGE_DATE'));
    const start = secondOfDay(row.field('USAGE_START_TIME'));
    const end = secondOfDay(row.field('USAGE_END_TIME'));
    if (!date) return refusal('bad_time', `field USAGE_DATE is '${row.field('USAGE_DATE')}'; it must be MM/DD/YYYY`);
    if (Number.isNaN(start) || Number.isNaN(end))
      return refusal('bad_time', 'fields USAGE_START_TIME and USAGE_END_TIME must be HH:MM');
    const [month, day, year] = date.slice(1).map(Number);
    const instants = this.#clock.instants(year, month, day, start);
    const kwh = row.field('USAGE_KWH');
    if (instants.length === 0)
      return kwh === ''
        ? refusal('skipped_hour', 'the clock skips this hour and the row is empty: nothing is missing')
        : refusal(
            'bad_time',
            `${date[0]} ${row.field('USAGE_START_TIME')} does not exist in ${zone}; check the export`,
          );
    const series = `${esiidOf(row)} ${channel}`;
    const startS = this.#repeated.pick(series, date[0], start, instants)!;
    if (kwh === '') return refusal('no_data', 'field USAGE_KWH is empty; ask for the day again once it is read');
    const wh = numberOf(kwh) * 1000;
    if (!(wh >= 0)) return refusal('bad_value', `field USAGE_KWH is '${kwh}'; it must be a number from 0`);
    const quality = row.field('ESTIMATED_ACTUAL').toUpperCase();
    if (!Object.hasOwn(qualities, quality))
      return refusal('bad_quality', `field ESTIMATED_ACTUAL is '${quality}'; A and E are known`);
    net.take({
      meterId: meterIdOf(this.#facts, esiidOf(row)),
      channel,
      sign: channelSigns[channel],
      startS,
      minutes: minutesBetween(start, end),
      wh,
      quality: qualities[quality],
      line: row.line,
    });
    return undefined;
  }
}

/** Seconds since local midnight of `HH:MM`, NaN where it is no time. */
function secondOfDay(text: string): number {
  const match = /^(\d{1,2}):(\d\d)(?::00)?$/.exec(text);
  if (!match || Number(match[1]) > 23 || Number(match[2]) > 59) return Number.NaN;
  return Number(match[1]) * 3600 + Number(match[2]) * 60;
}

/** Minutes of an interval by its wall clock times: over a change of the clock they are an hour apart, or one short. */
function minutesBetween(start: number, end: number): number {
  const minutes = ((end - start + 86_400) % 86_400) / 60;
  return minutes <= 60 && minutes > 0 ? minutes : minutes % 60 || 60;
}
