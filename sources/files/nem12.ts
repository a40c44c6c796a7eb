/**
 * NEM12 and NEM13, the Australian market's meter data files. Times are UTC+10 all year. 200 names a channel, 300 is a
 * day of it, 400 gives the quality of ranges of a day with quality V. Channels E (consumption) and B (generation) are
 * the energy of the meter; check, average and reactive channels are set aside.
 */
import { FluxError } from '#model/errors.ts';
import { fieldsOf, linesOf, numberOf } from '#sources/files/lines.ts';
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

const utcOffsetS = 10 * 3600;
const intervalLengths = [5, 15, 30];
const whPerUnit: Record<string, number> = { WH: 1, KWH: 1e3, MWH: 1e6 };
const qualities = { A: 'actual', S: 'estimated', E: 'estimated', F: 'edited' } as const;

/** Fields of each record; a 300 record has five behind its values. */
const fieldCounts: Record<string, number> = { 100: 5, 200: 10, 400: 6, 500: 5, 900: 1 };
const hasMore = (fields: string[], count: number): boolean => fields.slice(count).some((field) => field.trim() !== '');

interface Channel {
  nmi: string;
  suffix: string;
  minutes: number;
  whPerUnit: number;
  sign: 1 | -1;
  /** why its intervals can not land */
  refused?: Refusal;
}

interface Day {
  line: number;
  text: string;
  startS: number;
  values: string[];
  quality: string;
  /** quality of each interval, given by 400 records */
  ranges: (string | undefined)[];
}

/** A 200 record. */
function channelOf(fields: string[]): Channel {
  const [, nmi = '', , , suffix = '', , , unit = '', length = ''] = fields.map((field) => field.trim());
  const minutes = numberOf(length);
  const channel: Channel = {
    nmi,
    suffix,
    minutes,
    whPerUnit: whPerUnit[unit.toUpperCase()] ?? 0,
    sign: suffix.startsWith('B') ? -1 : 1,
  };
  const name = `${nmi} ${suffix || '(no suffix)'}`;
  if (!intervalLengths.includes(minutes))
    channel.refused = {
      code: 'bad_interval_length',
      reason: `field IntervalLength (9) of ${name} is '${length}'; NEM12 knows 5, 15 and 30 minutes, correct the 200 record`,
    };
  else if (channel.whPerUnit === 0 || !/^[EB]/.test(suffix))
    channel.refused = {
      code: 'unsupported_channel',
      reason: `channel ${name} in ${unit || 'no unit'} is no energy of the meter; channels E and B in Wh, kWh or MWh are`,
    };
  return channel;
}

/**
 * Energy channels of each NMI, and how many 200 records it has: known before the first interval is read.
 * @throws FluxError `empty_file`, `cut_short`: a channel may be missing, and consumption without it would pass for the net
 */
async function channelsByNmi(
  input: FileInput,
): Promise<{ channels: Map<string, Set<string>>; blocks: Map<string, number> }> {
  const channels = new Map<string, Set<string>>();
  const blocks = new Map<string, number>();
  let last = '';
  for await (const { texts } of linesOf(input))
    for (const text of texts) {
      if (text.trim() !== '') last = text;
      if (!text.startsWith('200,')) continue;
      const { nmi, suffix, refused } = channelOf(fieldsOf(text));
      blocks.set(nmi, (blocks.get(nmi) ?? 0) + 1);
      if (!refused) channels.set(nmi, (channels.get(nmi) ?? new Set()).add(suffix));
    }
  if (last === '') throw new FluxError('empty_file', 'the file is empty');
  if (fieldsOf(last)[0].trim() !== '900')
    throw new FluxError('cut_short', 'the file does not end with a 900 record: it was cut short, fetch it again');
  return { channels, blocks };
}

/** @throws FluxError `empty_file`, `cut_short`, `ambiguous_meter` */
export async function* readNem12(input: FileInput, facts: FileFacts, notes: FileNotes): AsyncGenerator<FilePiece> {
  const { channels, blocks } = await channelsByNmi(input);
  if (facts.meter !== undefined && blocks.size > 1)
    throw new FluxError(
      'ambiguous_meter',
      `the file holds ${blocks.size} NMIs; --meter is for one, give a mapping file with "meters" instead`,
    );
  const out = new PieceBuilder(input, facts);
  const reader = new Nem12Reader(out, facts, notes, channels, blocks);
  let lastLine = 0;
  for await (const { first, texts } of linesOf(input)) {
    for (let i = 0; i < texts.length; i++) {
      lastLine = first + i;
      if (texts[i].trim() !== '') reader.take(texts[i], lastLine);
    }
    yield* out.full();
  }
  reader.end(lastLine);
  yield* out.rest();
}

/** A damaged line end hides the record behind it. */
const joinedLines = refusal('extra_fields', 'has more fields than a record of its kind; fetch the file again');

class Nem12Reader {
  readonly #out: PieceBuilder;
  readonly #facts: FileFacts;
  readonly #notes: FileNotes;
  readonly #channels: Map<string, Set<string>>;
  readonly #blocksLeft: Map<string, number>;
  readonly #meters = new Map<string, NetMeter>();
  #channel: Channel | undefined;
  #day: Day | undefined;
  #sawHeader = false;
  #records = 0;

  constructor(
    out: PieceBuilder,
    facts: FileFacts,
    notes: FileNotes,
    channels: Map<string, Set<string>>,
    blocks: Map<string, number>,
  ) {
    this.#out = out;
    this.#facts = facts;
    this.#notes = notes;
    this.#channels = channels;
    this.#blocksLeft = blocks;
  }

  take(text: string, line: number): void {
    const fields = fieldsOf(text);
    const kind = fields[0].trim();
    if (kind !== '400') this.#finishDay();
    if (kind === '100') {
      this.#sawHeader = true;
      this.#finishChannel();
      return;
    }
    if (!this.#sawHeader) {
      this.#sawHeader = true;
      this.#out.refuse(
        line,
        'missing_header',
        'field RecordIndicator (1) of the first record must be 100; the records are read all the same, have the sender add the header',
        text,
      );
    }
    const refused = this.#record(kind, fields, text, line);
    if (refused) this.#out.refuse(line, refused.code, refused.reason, text);
  }

  #record(kind: string, fields: string[], text: string, line: number): Refusal | undefined {
    if (hasMore(fields, fieldCounts[kind] ?? fields.length)) {
      this.#finishChannel();
      return joinedLines;
    }
    // Whatever else it is, it may have been a 200 record: the days behind it are not the former channel's.
    if (!['300', '400', '500'].includes(kind)) this.#finishChannel();
    switch (kind) {
      case '200':
        this.#channel = channelOf(fields);
        return undefined;
      case '300':
        return this.#openDay(fields, text, line);
      case '400':
        return this.#takeRange(fields);
      case '250':
        return this.#accumulation(fields);
      case '500':
      case '550':
      case '900':
        return undefined;
      default:
        return refusal(
          'unknown_record',
          `field RecordIndicator (1) is '${kind.slice(0, 20)}'; 100, 200, 250, 300, 400, 500, 550 and 900 are known`,
        );
    }
  }

  end(line: number): void {
    this.#finishDay();
    this.#finishChannel();
    for (const meter of this.#meters.values()) meter.finish();
    if (this.#records === 0)
      this.#out.refuse(
        line,
        'no_readings',
        'the file ends without one 300 record; ask the sender for the readings',
        '',
      );
  }

  #finishChannel(): void {
    const nmi = this.#channel?.nmi;
    this.#channel = undefined;
    if (nmi === undefined) return;
    const left = (this.#blocksLeft.get(nmi) ?? 1) - 1;
    this.#blocksLeft.set(nmi, left);
    if (left > 0) return;
    this.#meters.get(nmi)?.finish();
    this.#meters.delete(nmi);
  }

  #openDay(fields: string[], text: string, line: number): Refusal | undefined {
    this.#records++;
    const channel = this.#channel;
    if (!channel) return refusal('missing_channel_record', 'a 300 record needs a 200 record before it; send both');
    if (channel.refused) {
      // One record each, counted by interval where the length is known.
      const intervals = intervalLengths.includes(channel.minutes) ? 1440 / channel.minutes : 1;
      countChannel(this.#notes, channel.suffix || 'unknown', intervals);
      return channel.refused;
    }
    const intervals = 1440 / channel.minutes;
    const startS = dayStartS(fields[1]?.trim() ?? '');
    if (Number.isNaN(startS)) {
      this.#finishChannel();
      return refusal('bad_date', `field IntervalDate (2) is '${fields[1] ?? ''}'; it must be a day as YYYYMMDD`);
    }
    const values = fields.slice(2, 2 + intervals);
    const quality = fields[2 + intervals]?.trim() ?? '';
    // The field behind the values tells: with another number of values it is a number, or missing.
    if (values.length < intervals || !/^[ASEFNV]\d{0,2}$/i.test(quality))
      return refusal(
        'wrong_interval_count',
        `field QualityMethod (${3 + intervals}) is '${quality}' where ${intervals} values of ${channel.minutes} minutes should end; the IntervalLength of the 200 record and the values do not agree`,
      );
    if (hasMore(fields, 7 + intervals)) {
      this.#finishChannel();
      return joinedLines;
    }
    this.#day = { line, text, startS, values, quality: quality.toUpperCase(), ranges: [] };
    return undefined;
  }

  #takeRange(fields: string[]): Refusal | undefined {
    const day = this.#day;
    const [from, to] = [numberOf(fields[1] ?? ''), numberOf(fields[2] ?? '')];
    const quality = fields[3]?.trim().toUpperCase() ?? '';
    if (!day) return refusal('stray_range', 'a 400 record needs a 300 record that was read before it');
    if (!Number.isInteger(from) || !Number.isInteger(to) || from < 1 || to < from || to > day.values.length)
      return refusal(
        'bad_range',
        `fields StartInterval and EndInterval (2, 3) are '${fields[1] ?? ''}' to '${fields[2] ?? ''}'; the day has intervals 1 to ${day.values.length}`,
      );
    if (!/^[ASEFN]\d{0,2}$/.test(quality))
      return refusal('bad_quality', `field QualityMethod (4) is '${quality}'; A, S, E, F or N are known`);
    day.ranges.fill(undefined, day.ranges.length);
    for (let k = from - 1; k < to; k++) day.ranges[k] = quality;
    return undefined;
  }

  #finishDay(): void {
    const [day, channel] = [this.#day, this.#channel];
    this.#day = undefined;
    if (!day || !channel) return;
    for (let k = 0; k < day.values.length; k++) {
      const refused = this.#takeInterval(day, channel, k);
      if (!refused) continue;
      countChannel(this.#notes, channel.suffix);
      const content = `${channel.nmi} ${channel.suffix} interval ${k + 1}: ${day.values[k]}`;
      this.#out.refuse(day.line, refused.code, refused.reason, content);
    }
  }

  #takeInterval(day: Day, channel: Channel, k: number): Refusal | undefined {
    const quality = day.quality.startsWith('V') ? day.ranges[k] : day.quality;
    const value = day.values[k].trim();
    const number = numberOf(value);
    if (quality === undefined)
      return refusal(
        'no_quality',
        `interval ${k + 1} has quality V and no 400 record covers it; send the 400 records of the whole day`,
      );
    if (quality.startsWith('N'))
      return refusal('no_data', `interval ${k + 1} has quality N: the sender says that there is no value`);
    if (!(number >= 0))
      return refusal('bad_value', `field ${k + 3} (interval ${k + 1}) is '${value}'; it must be a number from 0`);
    this.#meterOf(channel.nmi).take({
      meterId: meterIdOf(this.#facts, channel.nmi),
      channel: channel.suffix,
      sign: channel.sign,
      startS: day.startS + k * channel.minutes * 60,
      minutes: channel.minutes,
      wh: number * channel.whPerUnit,
      quality: qualities[quality[0] as keyof typeof qualities],
      line: day.line,
    });
    return undefined;
  }

  #meterOf(nmi: string): NetMeter {
    let meter = this.#meters.get(nmi);
    if (!meter) {
      meter = new NetMeter(this.#channels.get(nmi) ?? new Set(), this.#out, this.#notes);
      this.#meters.set(nmi, meter);
    }
    return meter;
  }

  /** NEM13: what went through a meter between two visits, weeks apart. */
  #accumulation(fields: string[]): Refusal {
    this.#records++;
    countChannel(this.#notes, fields[4]?.trim() || 'accumulated');
    return refusal(
      'unsupported_channel',
      `NMI ${fields[1] ?? ''} is read by accumulation (NEM13): ${fields[18] ?? ''} ${fields[19] ?? ''} between two visits are no interval readings; ask for NEM12`,
    );
  }
}

/** UTC second at which a market day begins, NaN where it is no day. */
function dayStartS(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)$/.exec(text);
  if (!match) return Number.NaN;
  const [year, month, day] = match.slice(1).map(Number);
  const ms = Date.UTC(year, month - 1, day);
  return new Date(ms).getUTCDate() === day && new Date(ms).getUTCMonth() === month - 1
    ? ms / 1000 - utcOffsetS
    : Number.NaN;
}
