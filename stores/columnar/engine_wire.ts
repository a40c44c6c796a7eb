/** What goes between a process and its DuckDB child: messages, and a file that both have open for the numbers of columns. */

export type WireColumn = NumberColumn | TextColumn;

/** The file of the numbers, in the child. */
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

/** A column of numbers in a message: so many bytes of the file, from a position on. */
export interface ColumnHead {
  name: string;
  type: NumberColumn['type'];
  at: number;
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
