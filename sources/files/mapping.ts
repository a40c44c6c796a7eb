/** How a foreign CSV says what we need: a JSON file beside the import. The schema is the source, its type derived. */
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { FluxError, messageOf } from '#model/errors.ts';
import { readingQualities } from '#model/reading.ts';

const Column = Type.Object({ column: Type.String({ minLength: 1 }) }, { additionalProperties: false });

export const Mapping = Type.Object(
  {
    /** our meter ids by the file's own ids; for every format */
    meters: Type.Optional(Type.Record(Type.String(), Type.String())),
    delimiter: Type.Optional(Type.String({ minLength: 1, maxLength: 1 })),
    /** how fractions are written */
    decimal: Type.Optional(Type.Enum(['.', ','])),
    /** lines before the header */
    skip_lines: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
    /** left out where --meter says it */
    meter: Type.Optional(Column),
    time: Type.Optional(
      Type.Object(
        {
          column: Type.String({ minLength: 1 }),
          /** a second column, where day and time of day stand apart */
          time_column: Type.Optional(Type.String({ minLength: 1 })),
          /** iso: with a zone; local: wall clock of `zone`; epoch seconds or milliseconds */
          format: Type.Enum(['iso', 'local', 'epoch_s', 'epoch_ms']),
          /** IANA name, for local */
          zone: Type.Optional(Type.String()),
          /** order of year, month and day, for local */
          order: Type.Optional(Type.Enum(['ymd', 'mdy', 'dmy'])),
          /** what the time marks of its interval */
          marks: Type.Enum(['beginning', 'ending']),
        },
        { additionalProperties: false },
      ),
    ),
    interval_minutes: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 60 }), Column])),
    energy: Type.Optional(
      Type.Object(
        { column: Type.String({ minLength: 1 }), unit: Type.Enum(['Wh', 'kWh', 'MWh']) },
        { additionalProperties: false },
      ),
    ),
    /** generation of the same interval and unit in a column of its own: the reading is energy minus this */
    generation: Type.Optional(Column),
    /** V */
    voltage: Type.Optional(Column),
    quality: Type.Optional(
      Type.Object(
        {
          column: Type.String({ minLength: 1 }),
          map: Type.Record(Type.String(), Type.Enum([...readingQualities])),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type Mapping = Static<typeof Mapping>;

/** A mapping that says all that a CSV needs. */
export type CsvMapping = Mapping & Required<Pick<Mapping, 'time' | 'interval_minutes' | 'energy'>>;

/** @throws FluxError `bad_mapping` naming every wrong field */
export function readMapping(text: string): Mapping {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FluxError('bad_mapping', `the mapping file is not JSON: ${messageOf(cause)}`, { cause });
  }
  if (!Value.Check(Mapping, value)) {
    const problems = [...Value.Errors(Mapping, value)].slice(0, 10);
    throw new FluxError(
      'bad_mapping',
      `the mapping file is wrong: ${problems.map((p) => `${p.instancePath.replaceAll('/', '.').slice(1) || 'it'} ${p.message}`).join('; ')}`,
    );
  }
  return value;
}

/** @throws FluxError `bad_mapping` where a CSV could not be read with it */
export function csvMapping(mapping: Mapping): CsvMapping {
  const missing = (['time', 'interval_minutes', 'energy'] as const).filter((name) => mapping[name] === undefined);
  if (missing.length > 0)
    throw new FluxError('bad_mapping', `the mapping file must say ${missing.join(', ')} to read a CSV`);
  if (mapping.time?.format === 'local' && mapping.time.zone === undefined)
    throw new FluxError('bad_mapping', 'time.zone must name the zone of local times, e.g. America/Chicago');
  if (mapping.decimal === ',' && (mapping.delimiter ?? ',') === ',')
    throw new FluxError('bad_mapping', 'a decimal comma needs another delimiter, e.g. ";"');
  return mapping as CsvMapping;
}
