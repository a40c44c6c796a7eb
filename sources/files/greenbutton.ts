/**
 * Green Button (NAESB ESPI, Atom XML), streamed. The feed is read twice: entries come in any order, and a reading is
 * only worth something with its ReadingType (unit, multiplier, direction) and its UsagePoint.
 */
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { FluxError, messageOf } from '#model/errors.ts';
import { numberOf } from '#sources/files/lines.ts';
import { NetMeter } from '#sources/files/net.ts';
import {
  countChannel,
  type FileFacts,
  type FileInput,
  type FileNotes,
  type FilePiece,
  type FileReading,
  meterIdOf,
  PieceBuilder,
  type Refusal,
} from '#sources/files/piece.ts';

const espi = 'http://naesb.org/espi';
const uomWh = 72;
/** ESPI QualityOfReading codes; what is not here is as the meter sent it. */
const qualities = new Map<string, FileReading['quality']>([
  ['0', 'validated'],
  ['7', 'edited'],
  ['8', 'estimated'],
  ['9', 'estimated'],
  ['11', 'estimated'],
  ['12', 'estimated'],
  ['13', 'estimated'],
  ['15', 'estimated'],
  ['17', 'validated'],
  ['18', 'validated'],
  ['19', 'validated'],
]);
/** deltaData, or not said: other behaviours are registers and instantaneous values */
const intervalBehaviours = [undefined, '0', '4'];
const electricity = [undefined, '0', '1', '2'];

/** Events of the two passes; `path` is the names from the entry's content down. */
interface Listener {
  entry?: (entry: Entry) => void;
  reading?: (reading: RawReading, entry: Entry) => void;
}

interface Entry {
  title: string;
  self: string;
  up: string;
  related: string[];
  /** local name of the content's element */
  kind: string;
  /** its simple children */
  fields: Map<string, string>;
}

interface RawReading {
  line: number;
  start: string;
  duration: string;
  value: string;
  quality: string | undefined;
}

/** @throws FluxError `bad_xml`, `not_green_button` */
async function walk(input: FileInput, listener: Listener, afterChunk?: () => Generator<FilePiece>): Promise<void> {
  for await (const _ of walkPieces(input, listener, afterChunk));
}

async function* walkPieces(
  input: FileInput,
  listener: Listener,
  afterChunk?: () => Generator<FilePiece>,
): AsyncGenerator<FilePiece> {
  const parser = new SaxesParser({ xmlns: true });
  const handler = new FeedHandler(listener);
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => handler.open(tag, parser.line));
  parser.on('closetag', (tag) => handler.close(tag));
  parser.on('text', (text) => handler.text(text));
  parser.on('cdata', (text) => handler.text(text));
  const decoder = new TextDecoder('utf-8');
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (cause) {
      if (cause instanceof FluxError) throw cause;
      throw new FluxError(
        'bad_xml',
        `line ${parser.line}: the file is not well-formed XML (${messageOf(cause).slice(0, 200)}); it may be cut short, fetch it again`,
        { cause },
      );
    }
  };
  for await (const chunk of input.open()) {
    guarded(() => parser.write(decoder.decode(chunk, { stream: true })));
    if (afterChunk) yield* afterChunk();
  }
  guarded(() => {
    parser.write(decoder.decode());
    parser.close();
  });
  if (!handler.isFeed)
    throw new FluxError('not_green_button', 'the file is XML, but holds no Atom feed of ESPI entries');
}

class FeedHandler {
  isFeed = false;
  readonly #listener: Listener;
  readonly #path: string[] = [];
  #text = '';
  #entry: Entry | undefined;
  #reading: RawReading | undefined;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  open(tag: SaxesTagNS, line: number): void {
    this.#path.push(tag.local);
    this.#text = '';
    if (tag.local === 'feed' && this.#path.length === 1) this.isFeed = true;
    if (tag.local === 'entry') this.#entry = { title: '', self: '', up: '', related: [], kind: '', fields: new Map() };
    const entry = this.#entry;
    if (!entry) return;
    if (tag.local === 'link') this.#link(entry, tag);
    else if (tag.uri === espi && this.#path.at(-2) === 'content') entry.kind = tag.local;
    else if (tag.local === 'IntervalReading')
      this.#reading = { line, start: '', duration: '', value: '', quality: undefined };
  }

  text(text: string): void {
    this.#text += text;
  }

  close(tag: SaxesTagNS): void {
    const parent = this.#path.at(-2);
    this.#path.pop();
    const entry = this.#entry;
    const text = this.#text.trim();
    this.#text = '';
    if (!entry) return;
    if (tag.local === 'entry') {
      this.#listener.entry?.(entry);
      this.#entry = undefined;
    } else if (tag.local === 'title' && parent === 'entry') entry.title = text;
    else if (tag.local === 'IntervalReading' && this.#reading) {
      this.#listener.reading?.(this.#reading, entry);
      this.#reading = undefined;
    } else if (this.#reading) this.#fieldOfReading(this.#reading, tag.local, parent, text);
    else if (parent === entry.kind && text !== '') entry.fields.set(tag.local, text);
  }

  #fieldOfReading(reading: RawReading, name: string, parent: string | undefined, text: string): void {
    if (parent === 'timePeriod' && name === 'start') reading.start = text;
    else if (parent === 'timePeriod' && name === 'duration') reading.duration = text;
    else if (parent === 'IntervalReading' && name === 'value') reading.value = text;
    else if (parent === 'ReadingQuality' && name === 'quality') reading.quality = text;
  }

  #link(entry: Entry, tag: SaxesTagNS): void {
    const rel = tag.attributes.rel?.value;
    const href = tag.attributes.href?.value.replace(/\/+$/, '') ?? '';
    if (rel === 'self') entry.self = href;
    else if (rel === 'up') entry.up = href;
    else if (rel === 'related') entry.related.push(href);
  }
}

/** What a series of interval blocks means. */
interface Series {
  usagePoint: string;
  channel: string;
  sign: 1 | -1;
  whPerUnit: number;
  refused?: Refusal;
}

interface Feed {
  /** by the MeterReading's address */
  series: Map<string, Series>;
  /** title of each usage point by its address */
  usagePoints: Map<string, string>;
}

async function readStructure(input: FileInput): Promise<Feed> {
  const types = new Map<string, Entry>();
  const readings: Entry[] = [];
  const usagePoints = new Map<string, string>();
  await walk(input, {
    entry: (entry) => {
      if (entry.kind === 'ReadingType') types.set(entry.self, entry);
      else if (entry.kind === 'MeterReading') readings.push(entry);
      else if (entry.kind === 'UsagePoint') usagePoints.set(entry.self, entry.title);
    },
  });
  const series = new Map<string, Series>();
  for (const reading of readings) {
    const type = reading.related.map((href) => types.get(href)).find((found) => found !== undefined);
    series.set(reading.self, seriesOf(reading.self.replace(/\/MeterReading\/.*$/, ''), type));
  }
  return { series, usagePoints };
}

function seriesOf(usagePoint: string, type: Entry | undefined): Series {
  const field = (name: string): string | undefined => type?.fields.get(name);
  const direction = field('flowDirection');
  const power = numberOf(field('powerOfTenMultiplier') ?? '0');
  const series: Series = {
    usagePoint,
    channel: direction === '19' ? 'reverse' : 'forward',
    sign: direction === '19' ? -1 : 1,
    whPerUnit: 10 ** power,
  };
  const unsupported = (reason: string): Series => ({ ...series, refused: { code: 'unsupported_channel', reason } });
  if (!type)
    return {
      ...series,
      refused: {
        code: 'missing_reading_type',
        reason: 'the feed has no ReadingType for this MeterReading, so its unit is unknown; fetch the feed with it',
      },
    };
  if (field('uom') !== String(uomWh)) return unsupported(`unit of measure ${field('uom') ?? 'none'} is not Wh (72)`);
  if (!Number.isInteger(power) || Math.abs(power) > 12)
    return unsupported(`powerOfTenMultiplier '${field('powerOfTenMultiplier')}' is no power`);
  if (!intervalBehaviours.includes(field('accumulationBehaviour')))
    return unsupported(`accumulationBehaviour ${field('accumulationBehaviour')} is not energy by interval (4)`);
  if (!electricity.includes(field('commodity')))
    return unsupported(`commodity ${field('commodity')} is not electricity`);
  if (![undefined, '0', '1', '19'].includes(direction))
    return unsupported(`flowDirection ${direction} is neither forward (1) nor reverse (19)`);
  return series;
}

/** @throws FluxError `bad_xml`, `not_green_button`, `ambiguous_meter` */
export async function* readGreenButton(
  input: FileInput,
  facts: FileFacts,
  notes: FileNotes,
): AsyncGenerator<FilePiece> {
  const feed = await readStructure(input);
  const used = new Set([...feed.series.values()].map((series) => series.usagePoint));
  if (facts.meter !== undefined && used.size > 1)
    throw new FluxError(
      'ambiguous_meter',
      `the file holds ${used.size} usage points; --meter is for one, give a mapping file with "meters" instead`,
    );
  const out = new PieceBuilder(input, facts);
  const meters = new Map<string, NetMeter>();
  const channels = new Map<string, Set<string>>();
  for (const series of feed.series.values())
    if (!series.refused)
      channels.set(series.usagePoint, (channels.get(series.usagePoint) ?? new Set()).add(series.channel));
  const reading = (raw: RawReading, entry: Entry): void => {
    const series = feed.series.get(entry.up.replace(/\/IntervalBlock$/, ''));
    const problem = series ? problemOf(raw, series) : orphan;
    if (problem || !series) {
      countChannel(notes, series?.refused ? 'unsupported' : (series?.channel ?? 'unknown'));
      out.refuse(raw.line, problem!.code, problem!.reason, JSON.stringify(raw));
      return;
    }
    const meterId = meterOfUsagePoint(series.usagePoint, feed.usagePoints.get(series.usagePoint), facts);
    let net = meters.get(series.usagePoint);
    if (!net) {
      net = new NetMeter(channels.get(series.usagePoint)!, out, notes);
      meters.set(series.usagePoint, net);
    }
    net.take({
      meterId,
      channel: series.channel,
      sign: series.sign,
      startS: numberOf(raw.start),
      minutes: numberOf(raw.duration) / 60,
      wh: numberOf(raw.value) * series.whPerUnit,
      quality: qualities.get(raw.quality ?? '') ?? 'actual',
      line: raw.line,
    });
  };
  yield* walkPieces(input, { reading }, () => out.full());
  for (const meter of meters.values()) meter.finish();
  yield* out.rest();
}

const orphan = {
  code: 'missing_meter_reading',
  reason: 'the IntervalBlock belongs to no MeterReading of the feed (link rel="up"); fetch the feed whole',
};

function problemOf(raw: RawReading, series: Series): Refusal | undefined {
  if (series.refused) return series.refused;
  if (!Number.isInteger(numberOf(raw.value)))
    return { code: 'bad_value', reason: `IntervalReading value '${raw.value}' must be a whole number` };
  if (!Number.isInteger(numberOf(raw.start)))
    return { code: 'bad_time', reason: `timePeriod start '${raw.start}' must be epoch seconds` };
  const duration = numberOf(raw.duration);
  if (!(Number.isInteger(duration / 60) && duration > 0 && 3600 % duration === 0))
    return {
      code: 'bad_interval_length',
      reason: `timePeriod duration '${raw.duration}' s does not divide an hour; the energy can not be placed, ask for hourly or shorter intervals`,
    };
  return undefined;
}

/** The last part of its address or its title, whichever is a meter; a mapping or --meter goes first. */
function meterOfUsagePoint(address: string, title: string | undefined, facts: FileFacts): string {
  const last = address.slice(address.lastIndexOf('/') + 1);
  for (const id of [last, title ?? '', address]) {
    const meterId = meterIdOf(facts, id);
    if (facts.meterRowOf(meterId) >= 0) return meterId;
  }
  return meterIdOf(facts, last);
}
