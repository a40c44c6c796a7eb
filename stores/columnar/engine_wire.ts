/** Messages between a process and its DuckDB child (structured clone: typed arrays travel as they are). */

export type WireColumn = NumberColumn | TextColumn;

export interface NumberColumn {
  name: string;
  type: 'integer' | 'bigint' | 'smallint' | 'utinyint' | 'usmallint' | 'double';
  values: Int32Array | Float64Array | Uint8Array | Uint16Array | Int16Array | Float32Array;
}

/** Texts of few rows; null for all others. */
export interface TextColumn {
  name: string;
  type: 'varchar';
  texts: Map<number, string>;
}

export type EngineRequest = { id: number } & (
  | { op: 'ping' }
  | { op: 'open'; path: string; memoryLimit: string; threads: number; temporaryFolder: string }
  | { op: 'query'; sql: string; values: unknown[] }
  | { op: 'script'; statements: string[] }
  | { op: 'export'; table: string; columns: WireColumn[]; rowCount: number; copy: string }
  | { op: 'load'; table: string; columns: WireColumn[]; rowCount: number; before: string[]; after: string[] }
);

export type EngineResponse = { id: number; ok: true; result: unknown } | { id: number; ok: false; message: string };
