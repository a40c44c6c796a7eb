/**
 * A bundle of named typed arrays in one buffer: the form of the network snapshot on disk and of the map on the wire.
 *
 * Layout: 'FLUXCOL1' · uint32 header length · UTF-8 JSON header · padding to 8 · the arrays, each padded to 8 bytes,
 * little-endian. Reading makes views, no copies.
 */

const arrayTypes = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;
type ArrayType = keyof typeof arrayTypes;
export type Column =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

export interface ColumnBundle {
  /** JSON-serialisable facts about the whole bundle */
  meta: Record<string, unknown>;
  columns: Record<string, Column>;
}

interface HeaderEntry {
  name: string;
  type: ArrayType;
  offset: number;
  length: number;
}

const magic = 'FLUXCOL1';
const pad8 = (n: number): number => (n + 7) & ~7;

function typeOf(column: Column): ArrayType {
  for (const type of Object.keys(arrayTypes) as ArrayType[]) if (column instanceof arrayTypes[type]) return type;
  throw new TypeError('a column must be a typed array of 8, 16 or 32 bit integers or floats');
}

export function encodeColumns(bundle: ColumnBundle): Uint8Array<ArrayBuffer> {
  const entries: HeaderEntry[] = [];
  let dataLength = 0;
  for (const [name, column] of Object.entries(bundle.columns)) {
    entries.push({ name, type: typeOf(column), offset: dataLength, length: column.length });
    dataLength += pad8(column.byteLength);
  }
  const header = new TextEncoder().encode(JSON.stringify({ meta: bundle.meta, columns: entries }));
  const dataStart = pad8(12 + header.length);
  const out = new Uint8Array(dataStart + dataLength);
  out.set(new TextEncoder().encode(magic), 0);
  new DataView(out.buffer).setUint32(8, header.length, true);
  out.set(header, 12);
  for (const entry of entries) {
    const column = bundle.columns[entry.name];
    out.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), dataStart + entry.offset);
  }
  return out;
}

/** @throws Error where the buffer is not a whole bundle (wrong magic, cut short). */
export function decodeColumns(
  buffer: ArrayBufferLike,
  byteOffset = 0,
  byteLength = buffer.byteLength - byteOffset,
): ColumnBundle {
  if (byteOffset % 8 !== 0) throw new Error('a column bundle must start at a multiple of 8 bytes');
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  if (byteLength < 12 || new TextDecoder().decode(bytes.subarray(0, 8)) !== magic)
    throw new Error('not a column bundle');
  const headerLength = new DataView(buffer, byteOffset).getUint32(8, true);
  if (12 + headerLength > byteLength) throw new Error('column bundle is cut short in its header');
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + headerLength))) as {
    meta: Record<string, unknown>;
    columns: HeaderEntry[];
  };
  const dataStart = byteOffset + pad8(12 + headerLength);
  const columns: Record<string, Column> = {};
  for (const { name, type, offset, length } of header.columns) {
    const Type = arrayTypes[type];
    if (dataStart + offset + length * Type.BYTES_PER_ELEMENT > byteOffset + byteLength) {
      throw new Error(`column bundle is cut short in column ${name}`);
    }
    columns[name] = new Type(buffer as ArrayBuffer, dataStart + offset, length);
  }
  return { meta: header.meta, columns };
}
