/**
 * Avro in Confluent's wire format: a zero byte, the schema's id (4 bytes), the record. A writer's schema is resolved
 * against ours: fields it leaves out get their defaults, fields it has beyond ours are kept with the message, and a
 * field of another type sets its records aside.
 */
import avro from 'avsc';
import { messageOf } from '#model/errors.ts';
import { Refused } from '#sources/records/rules.ts';
import type { SchemaRegistry } from './schema_registry.ts';

/** What a reading is in Avro. A time is UTC epoch milliseconds, or ISO 8601 with a zone as in JSON. */
export const readingSchema = {
  type: 'record',
  name: 'MeterReading',
  namespace: 'flux',
  fields: [
    { name: 'meter_id', type: 'string' },
    { name: 'reading_time', type: ['long', 'string'] },
    { name: 'interval_minutes', type: 'int', default: 15 },
    { name: 'kwh', type: 'double' },
    { name: 'voltage', type: ['null', 'double'], default: null },
    { name: 'quality', type: 'string', default: 'actual' },
    { name: 'source_seq', type: ['null', 'long'], default: null },
  ],
} as const satisfies avro.Schema;

export const wireHeadBytes = 5;

type AvroRecord = { [field: string]: unknown };

/** How records of one writer's schema are read. */
interface Reading {
  /** @throws Refused where the bytes are no record of the schema */
  read(bytes: Buffer): AvroRecord;
  /** the bytes are laid out as by our own schema */
  isOwn: boolean;
  /** it says more than our schema has: the whole record is kept beside the columns */
  keepsContent: boolean;
}

/** A schema that has not been asked for yet: load it, then decode again. */
export class SchemaMissing extends Error {
  readonly id: number;
  constructor(id: number) {
    super(`schema ${id} is not loaded`);
    this.id = id;
  }
}

export interface AvroReader {
  /** Whether records of this schema are laid out as by our own; false also where it is not loaded. */
  isOwn(id: number): boolean;
  /** @throws Refused; SchemaMissing where `load` comes first */
  read(bytes: Buffer): { record: AvroRecord; keepsContent: boolean };
  /** @throws FluxError `schema_registry` */
  load(id: number): Promise<void>;
}

const unknownForMs = 30_000;

export function makeAvroReader(registry: SchemaRegistry | undefined): AvroReader {
  const schemas = new Map<number, Reading | { refusal: Refused; untilMs: number }>();
  return {
    isOwn: (id) => {
      const schema = schemas.get(id);
      return schema !== undefined && 'read' in schema && schema.isOwn;
    },
    read: (bytes) => {
      if (bytes.length < wireHeadBytes) throw new Refused('bad_avro', 'an Avro message is shorter than its head');
      const id = bytes.readInt32BE(1);
      const schema = schemas.get(id);
      if (!schema || ('refusal' in schema && schema.untilMs < Date.now())) throw new SchemaMissing(id);
      if ('refusal' in schema) throw schema.refusal;
      return { record: schema.read(bytes.subarray(wireHeadBytes)), keepsContent: schema.keepsContent };
    },
    load: async (id) => {
      const text = await registry?.schemaOf(id);
      schemas.set(
        id,
        text === undefined
          ? { refusal: unknownSchema(id, registry), untilMs: Date.now() + unknownForMs }
          : readingBy(text, id),
      );
    },
  };
}

function unknownSchema(id: number, registry: SchemaRegistry | undefined): Refused {
  return new Refused(
    'unknown_schema',
    registry
      ? `the schema registry has no schema ${id}; register it, then send again`
      : `an Avro message of schema ${id}, but there is no FLUX_SCHEMA_REGISTRY to ask`,
  );
}

const readerType = avro.Type.forSchema(readingSchema, { wrapUnions: 'never' });

function readingBy(text: string, id: number): Reading | { refusal: Refused; untilMs: number } {
  try {
    // records resolve by name; what a head-end calls its own is its own matter
    const schema = { ...(JSON.parse(text) as object), name: readingSchema.name, namespace: readingSchema.namespace };
    const writer = avro.Type.forSchema(schema as avro.Schema, { wrapUnions: 'auto', noAnonymousTypes: false });
    // throws where a field of ours has a type that can not become ours
    const resolver = readerType.createResolver(writer);
    const fields = (writer as avro.types.RecordType).fields ?? [];
    const keepsContent = fields.some((field) => !readingSchema.fields.some((own) => own.name === field.name));
    return {
      isOwn: layoutOf((schema as { fields?: unknown[] }).fields) === layoutOf([...readingSchema.fields]),
      keepsContent,
      read: (bytes) => {
        try {
          const record = readerType.fromBuffer(bytes, resolver) as AvroRecord;
          const beyond = keepsContent ? (writer.fromBuffer(bytes) as AvroRecord) : undefined;
          return plain({ ...beyond, ...record });
        } catch (cause) {
          throw new Refused('bad_avro', `not a record of schema ${id}: ${messageOf(cause)}`);
        }
      },
    };
  } catch (cause) {
    const reason = `schema ${id} does not resolve to a reading: ${messageOf(cause)}; give the field its former type again, or a new name`;
    return { refusal: new Refused('schema_drift', reason), untilMs: Number.POSITIVE_INFINITY };
  }
}

/** What the bytes of a record depend on: its fields' types in their order (defaults and documentation aside). */
function layoutOf(fields: unknown[] | undefined): string {
  return JSON.stringify(
    (fields as { name: string; type: unknown }[] | undefined)?.map(({ name, type }) => [name, type]),
  );
}

/** A time as a number is a time, not a text. */
function plain(record: AvroRecord): AvroRecord {
  return typeof record.reading_time === 'number' ? { ...record, reading_time: new Date(record.reading_time) } : record;
}
