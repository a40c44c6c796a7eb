/** Any CSV of interval readings, read by a mapping. Columns that the mapping does not name are left alone. */
import { FluxError } from '#model/errors.ts';
import { fieldsOf, linesOf, numberOf } from '#sources/files/lines.ts';
import { type LocalClock, makeLocalClock, RepeatedHour } from '#sources/files/local_clock.ts';
import type { CsvMapping } from '#sources/files/mapping.ts';
import {
  countChannel,
  type FileFacts,
  type FileInput,
  type FileNotes,
  type FilePiece,
  type FileReading,
  meterIdOf,
  PieceBuilder,
} from '#sources/files/piece.ts';

const whPerUnit = { Wh: 1, kWh: 1e3, MWh: 1e6 };
const isoWithZone = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;
const localTime = /^(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})[T ]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.0+)?)?$/;

class Refused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws FluxError `bad_header`, `empty_file`, `bad_zone` */
export async function* readMappedCsv(
  input: FileInput,
  facts: FileFacts,
  notes: FileNotes,
  mapping: CsvMapping,
): AsyncGenerator<FilePiece> {
  const out = new PieceBuilder(input, facts);
  const delimiter = mapping.delimiter ?? ',';
  let reader: RowReader | undefined;
  let skip = mapping.skip_lines ?? 0;
  for await (const { first, texts } of linesOf(input)) {
    for (let i = 0; i < texts.length; i++) {
      if (skip > 0) {
        skip--;
        continue;
      }
      if (texts[i].trim() === '') continue;
      const fields = fieldsOf(texts[i], delimiter);
      if (!reader) {
        reader = new RowReader(fields, mapping, facts);
        continue;
      }
      countChannel(notes, mapping.energy.column);
      try {
        out.takeReading(reader.read(fields, first + i));
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        out.refuse(first + i, error.code, error.message, texts[i]);
      }
    }
    yield* out.full();
  }
  if (!reader) throw new FluxError('empty_file', 'the file holds no records');
  yield* out.rest();
}

class RowReader {
  readonly #mapping: CsvMapping;
  readonly #facts: FileFacts;
  readonly #header: string[];
  readonly #clock: LocalClock | undefined;
  readonly #repeated = new RepeatedHour();

  constructor(header: string[], mapping: CsvMapping, facts: FileFacts) {
    this.#mapping = mapping;
    this.#facts = facts;
    this.#header = header.map((name) => name.trim());
    this.#clock = mapping.time.format === 'local' ? makeLocalClock(mapping.time.zone!) : undefined;
    const { time, energy, generation, voltage, quality, meter, interval_minutes: minutes } = mapping;
    const named = [time.column, time.time_column, energy.column, generation?.column, voltage?.column];
    named.push(quality?.column, meter?.column, typeof minutes === 'object' ? minutes.column : undefined);
    const missing = named.filter((name) => name !== undefined && !this.#header.includes(name.trim()));
    if (missing.length > 0)
      throw new FluxError(
        'bad_header',
        `the header has no column '${missing.join("', '")}' that the mapping names; it has '${this.#header.join("', '")}'`,
      );
    if (!meter && facts.meter === undefined)
      throw new FluxError('bad_mapping', 'say whose readings these are: meter.column in the mapping, or --meter');
  }

  /** @throws Refused */
  read(fields: string[], line: number): FileReading {
    const { mapping, field } = { mapping: this.#mapping, field: (name: string) => this.#field(fields, name) };
    if (fields.length !== this.#header.length)
      throw new Refused(
        'wrong_field_count',
        `${fields.length} fields where the header has ${this.#header.length}; write the line whole`,
      );
    const fileMeter = mapping.meter ? field(mapping.meter.column) : '';
    const minutes =
      typeof mapping.interval_minutes === 'number'
        ? mapping.interval_minutes
        : this.#number(mapping.interval_minutes.column, field(mapping.interval_minutes.column));
    const marked = this.#instantS(field, fileMeter);
    const unit = whPerUnit[mapping.energy.unit];
    const generated = mapping.generation
      ? this.#number(mapping.generation.column, field(mapping.generation.column))
      : 0;
    const volts = mapping.voltage ? field(mapping.voltage.column) : '';
    return {
      meterId: meterIdOf(this.#facts, fileMeter),
      startS: mapping.time.marks === 'ending' ? marked - minutes * 60 : marked,
      minutes,
      wh: (this.#number(mapping.energy.column, field(mapping.energy.column)) - generated) * unit,
      ...(volts === '' ? {} : { volts: this.#number(mapping.voltage!.column, volts) }),
      quality: this.#quality(field),
      line,
    };
  }

  #field(fields: string[], name: string): string {
    return fields[this.#header.indexOf(name.trim())].trim();
  }

  #number(name: string, text: string): number {
    const number = numberOf(this.#mapping.decimal === ',' ? text.replaceAll('.', '').replace(',', '.') : text);
    if (Number.isNaN(number))
      throw new Refused(text === '' ? 'no_data' : 'bad_value', `field ${name} is '${text}'; it must be a number`);
    return number;
  }

  #quality(field: (name: string) => string): FileReading['quality'] {
    const { quality } = this.#mapping;
    if (!quality) return 'actual';
    const text = field(quality.column);
    if (!Object.hasOwn(quality.map, text))
      throw new Refused('bad_quality', `field ${quality.column} is '${text}'; add it to quality.map of the mapping`);
    return quality.map[text];
  }

  /** UTC second of the time the row gives. */
  #instantS(field: (name: string) => string, series: string): number {
    const { time } = this.#mapping;
    const text = time.time_column ? `${field(time.column)} ${field(time.time_column)}` : field(time.column);
    const wrong = (what: string): Refused => new Refused('bad_time', `field ${time.column} is '${text}'; ${what}`);
    if (time.format === 'epoch_s' || time.format === 'epoch_ms') {
      const number = numberOf(text);
      if (Number.isNaN(number)) throw wrong('it must be epoch time');
      return time.format === 'epoch_s' ? number : number / 1000;
    }
    if (time.format === 'iso') {
      const ms = isoWithZone.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
      // Date.parse takes the 30th of February for the 2nd of March
      if (Number.isNaN(ms) || !isDayOfMonth(text)) throw wrong('it must be ISO 8601 with a zone');
      return ms / 1000;
    }
    const match = localTime.exec(text);
    if (!match) throw wrong('it must be a date and a time of day');
    const [a, b, c, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0));
    const [year, month, day] = time.order === 'mdy' ? [c, a, b] : time.order === 'dmy' ? [c, b, a] : [a, b, c];
    if (hour > 24 || minute > 59 || second > 59) throw wrong('it is no time of day');
    const wallSecond = hour * 3600 + minute * 60 + second;
    const instants = this.#clock!.instants(year, month, day, wallSecond);
    const picked = this.#repeated.pick(series, `${year}-${month}-${day}`, wallSecond, instants);
    if (picked === undefined) throw wrong(`it does not exist in ${time.zone}`);
    return picked;
  }
}

function isDayOfMonth(text: string): boolean {
  const [year, month, day] = [text.slice(0, 4), text.slice(5, 7), text.slice(8, 10)].map(Number);
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}
