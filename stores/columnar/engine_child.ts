/**
 * The child process that owns one DuckDB instance. It answers one request per message and holds no other state: the
 * parent may kill it at any moment (a query has no other hard deadline) and start a new one.
 */
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  SMALLINT,
  USMALLINT,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import {
  type ColumnHead,
  type EngineRequest,
  type EngineResponse,
  numbersFd,
  type SentColumn,
  type WireColumn,
} from '#stores/columnar/engine_wire.ts';

let instance: DuckDBInstance | undefined;
/** `main` runs statements one after another (layer refresh, segments); queries get a connection each. */
let main: DuckDBConnection | undefined;
let mainQueue: Promise<unknown> = Promise.resolve();

const duckTypes: Record<WireColumn['type'], DuckDBType> = {
  integer: INTEGER,
  smallint: SMALLINT,
  utinyint: UTINYINT,
  usmallint: USMALLINT,
  double: DOUBLE,
  varchar: VARCHAR,
};

/** The engine of a center that was killed has the file for as long as it takes to notice, which a busy machine draws out. */
const lockedForMs = 15_000;
const lockedAgainMs = 50;

async function open(request: Extract<EngineRequest, { op: 'open' }>): Promise<void> {
  const create = () =>
    DuckDBInstance.create(request.path, {
      memory_limit: request.memoryLimit,
      threads: String(request.threads),
      preserve_insertion_order: 'false',
      temp_directory: request.temporaryFolder,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
  for (const untilMs = performance.now() + lockedForMs; !instance; )
    try {
      instance = await create();
    } catch (error) {
      if (!/could not set lock/i.test(String(error)) || performance.now() > untilMs) throw error;
      await sleep(lockedAgainMs);
    }
  main = await instance.connect();
  await main.run("set timezone = 'UTC'");
  // Footers of the history's parts are read once: a year of a meter is 365 of them.
  await main.run('set global parquet_metadata_cache = true');
}

function columnsOf(names: string[], columns: readonly (readonly unknown[])[]): Record<string, unknown[]> {
  const out: Record<string, unknown[]> = {};
  names.forEach((name, i) => {
    out[name] = (columns[i] ?? []).map((value) => (typeof value === 'bigint' ? Number(value) : value));
  });
  return out;
}

async function query(connection: DuckDBConnection, sql: string, values: unknown[]): Promise<Record<string, unknown[]>> {
  const reader = await connection.runAndReadAll(sql, values as DuckDBValue[]);
  return columnsOf(reader.deduplicatedColumnNames(), reader.getColumnsJS());
}

/** Numbers of a request lie here until they are in a table; what a large one needs besides goes with it. */
let room = new ArrayBuffer(0);
const keptRoomBytes = 16 * 1024 * 1024;
/** Every column begins where the widest number may. */
const placed = (byteLength: number): number => Math.ceil(byteLength / 8) * 8;

const arrayOf = {
  integer: Int32Array,
  smallint: Int16Array,
  utinyint: Uint8Array,
  usmallint: Uint16Array,
  double: Float64Array,
} satisfies Record<ColumnHead['type'], unknown>;

/** The columns of a request with their numbers. */
function received(columns: SentColumn[]): WireColumn[] {
  const bytes = columns.reduce((sum, column) => sum + ('byteLength' in column ? placed(column.byteLength) : 0), 0);
  let memory = room;
  if (memory.byteLength < bytes) {
    memory = new ArrayBuffer(bytes);
    if (bytes <= keptRoomBytes) room = memory;
  }
  let end = 0;
  return columns.map((column) => {
    if (!('byteLength' in column)) return column;
    const { name, type, at, byteLength } = column;
    const from = end;
    end += placed(byteLength);
    for (let done = 0; done < byteLength; ) {
      const count = fs.readSync(numbersFd, new Uint8Array(memory, from + done, byteLength - done), {
        position: at + done,
      });
      if (count === 0) throw new Error('the numbers of a request are not there');
      done += count;
    }
    const Numbers = arrayOf[type];
    return { name, type, values: new Numbers(memory, from, byteLength / Numbers.BYTES_PER_ELEMENT) } as WireColumn;
  });
}

const chunkRows = 2048;

/** Fills a table from typed arrays, chunk by chunk (about 9 M rows/s; row objects reach 0.06 M). */
async function append(
  connection: DuckDBConnection,
  table: string,
  columns: WireColumn[],
  rowCount: number,
): Promise<void> {
  const types = columns.map((column) => duckTypes[column.type]);
  const appender = await connection.createAppender(table);
  for (let start = 0; start < rowCount; start += chunkRows) {
    const rows = Math.min(chunkRows, rowCount - start);
    const chunk = DuckDBDataChunk.create(types, rows);
    for (const [c, column] of columns.entries()) fill(chunk, c, column, start, rows);
    appender.appendDataChunk(chunk);
  }
  appender.flushSync();
  appender.closeSync();
}

/** Numbers go as they lie in memory; a value at a time costs five times as much. */
function fill(chunk: DuckDBDataChunk, c: number, column: WireColumn, start: number, rows: number): void {
  if (column.type === 'varchar') {
    chunk.setColumnValues(
      c,
      Array.from({ length: rows }, (_, i) => column.texts.get(start + i) ?? null),
    );
    return;
  }
  const part = column.values.subarray(start, start + rows);
  const vector = duckdb.data_chunk_get_vector(chunk.chunk, c);
  duckdb.copy_data_to_vector(vector, 0, part.buffer as ArrayBuffer, part.byteOffset, part.byteLength);
}

/** Runs one after another on the main connection. */
function inTurn<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const turn = mainQueue.then(() => work(main!));
  mainQueue = turn.catch(() => undefined);
  return turn;
}

async function answer(request: EngineRequest): Promise<unknown> {
  switch (request.op) {
    case 'ping':
      return undefined;
    case 'open':
      return open(request);
    case 'query': {
      const connection = await instance!.connect();
      try {
        return await query(connection, request.sql, request.values);
      } finally {
        connection.closeSync();
      }
    }
    case 'script':
      return inTurn(async (connection) => {
        let last: Record<string, unknown[]> = {};
        try {
          for (const statement of request.statements) last = await query(connection, statement, []);
        } catch (error) {
          await connection.run('rollback').catch(() => undefined);
          throw error;
        }
        return last;
      });
    case 'export':
      return inTurn(async (connection) => {
        const columns = received(request.columns);
        await connection.run(
          `create or replace temp table ${request.table} (${request.columns.map((column) => `${column.name} ${column.type}`).join(', ')})`,
        );
        await append(connection, request.table, columns, request.rowCount);
        const result = await query(connection, request.copy, []);
        await connection.run(`drop table ${request.table}`);
        return result;
      });
    case 'load':
      return inTurn(async (connection) => {
        const columns = received(request.columns);
        for (const statement of request.before) await connection.run(statement);
        await append(connection, request.table, columns, request.rowCount);
        for (const statement of request.after) await connection.run(statement);
      });
  }
}

process.on('message', (request: EngineRequest) => {
  answer(request).then(
    (result) => reply({ id: request.id, ok: true, result }),
    (error: Error) => reply({ id: request.id, ok: false, message: error.message }),
  );
});

function reply(response: EngineResponse): void {
  if (process.connected) process.send!(response);
}

// The parent is gone: nothing to serve. DuckDB's write-ahead log keeps what was committed.
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => undefined);
