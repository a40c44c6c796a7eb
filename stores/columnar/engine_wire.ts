/**
 * What goes between a process and its DuckDB child. Requests and answers are messages; the numbers of a request's columns
 * follow through a pipe of their own, in the order of the requests: neither side makes memory for each batch, which
 * would have its heap collected all the time.
 */

export type WireColumn = NumberColumn | TextColumn;

/** File descriptor of the child where numbers come in. */
export const numbersFd = 4;

/** The array's elements are those of the type: they are copied as they lie in memory. */
export type NumberColumn = { name: string } & (
  | { type: 'integer'; values: Int32Array }
  | { type: 'smallint'; values: Int16Array }
  | { type: 'utinyint'; values: Uint8Array }
  | { type: 'usmallint'; values: Uint16Array }
  | { type: 'double'; values: Float64Array }
);

/** Texts of few rows; null for all others. */
export interface TextColumn {
  name: string;
  type: 'varchar';
  texts: Map<number, string>;
}

/** A column of numbers in a message: so many bytes of the pipe. */
export interface ColumnHead {
  name: string;
  type: NumberColumn['type'];
  byteLength: number;
}

export type SentColumn = ColumnHead | TextColumn;

export type EngineRequest = { id: number } & (
  | { op: 'ping' }
  | { op: 'open'; path: string; memoryLimit: string; threads: number; temporaryFolder: string }
  | { op: 'query'; sql: string; values: unknown[] }
  | { op: 'script'; statements: string[] }
  | { op: 'export'; table: string; columns: SentColumn[]; rowCount: number; copy: string }
  | { op: 'load'; table: string; columns: SentColumn[]; rowCount: number; before: string[]; after: string[] }
);

export type EngineResponse = { id: number; ok: true; result: unknown } | { id: number; ok: false; message: string };
