/**
 * What became of each file of readings. A content is loaded once, whoever finds it and under whatever name; how far a
 * load has come is written in the transaction of each batch, and that write is its fence: it matches only the record
 * number the writer read, so of two loaders of one file the second fails before anything of it lands.
 */
import { FluxError } from '#model/errors.ts';
import { type Client, inTransaction, type NamedQuery, oneRow, type Pool, rowsOf } from '#stores/postgres/pool.ts';

export type FileOrigin = 'folder' | 'bucket' | 'import';

export interface FoundFile {
  origin: FileOrigin;
  name: string;
  /** what a look without reading tells; another marker means: look inside */
  marker: string;
  byteCount: number;
  /** null where the file is refused unread */
  sha256: string | null;
  readAs: string;
}

export type FileBegin =
  /** load it from record `done` on */
  | { kind: 'load'; id: number; done: number }
  /** this name with this content is known */
  | { kind: 'known'; id: number; state: string }
  | { kind: 'duplicate'; id: number; of: number };

interface LoadRow {
  id: number;
  origin: FileOrigin;
  name: string;
  sha256: string | null;
  read_as: string;
  state: string;
  code: string | null;
  records: number;
}

const rowColumns = `
    load.file_load_id as id, load.origin, load.name, load.sha256, load.read_as, load.state, load.code, load.records`;
const newestOfName: NamedQuery = {
  name: 'file_load_newest_of_name',
  text: `
    select ${rowColumns} from file_load as load
    where load.origin = $1 and load.name = $2
    order by load.file_load_id desc
    limit 1`,
};
const ofContent: NamedQuery = {
  name: 'file_load_of_content',
  text: `
    select ${rowColumns} from file_load as load
    where load.sha256 = $1 and load.read_as = $2 and load.state <> 'duplicate'
    for update`,
};
const insertLoad: NamedQuery = {
  name: 'file_load_insert',
  text: `
    insert into file_load (origin, name, marker, byte_count, sha256, read_as, state, replaces, duplicate_of, finished_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, case when $7 = 'duplicate' then now() end)
    on conflict (sha256, read_as) where state <> 'duplicate' do nothing
    returning file_load_id as id`,
};
const takeUp: NamedQuery = {
  name: 'file_load_take_up',
  text: `
    update file_load as load
    set origin = $2, name = $3, marker = $4, state = 'loading', code = null, reason = null, finished_at = null
    where load.file_load_id = $1`,
};
const setMarker: NamedQuery = {
  name: 'file_load_marker',
  text: 'update file_load as load set marker = $2 where load.file_load_id = $1',
};

/** Code of a load whose file went away before its end: it goes on when the content comes back. */
export const vanishedCode = 'vanished';

/** Says what to do with a file whose content is known by its checksum, and records it. */
export function beginFileLoad(pool: Pool, file: FoundFile): Promise<FileBegin> {
  return inTransaction(pool, async (client): Promise<FileBegin> => {
    const before = await oneRow<LoadRow>(client, newestOfName, [file.origin, file.name]);
    const insert = async (state: string, duplicateOf: number | null): Promise<number | undefined> => {
      const { origin, name, marker, byteCount, sha256, readAs } = file;
      const values = [origin, name, marker, byteCount, sha256, readAs, state, before?.id ?? null, duplicateOf];
      return (await oneRow<{ id: number }>(client, insertLoad, values))?.id;
    };
    const id = await insert('loading', null);
    if (id !== undefined) return { kind: 'load', id, done: 0 };
    const same = (await oneRow<LoadRow>(client, ofContent, [file.sha256, file.readAs]))!;
    if (same.state === 'loading' || same.code === vanishedCode) {
      await rowsOf(client, takeUp, [same.id, file.origin, file.name, file.marker]);
      return { kind: 'load', id: same.id, done: same.records };
    }
    // Touched, or copied back: the name has this content already.
    if (before && before.sha256 === file.sha256 && before.read_as === file.readAs) {
      await rowsOf(client, setMarker, [before.id, file.marker]);
      return { kind: 'known', id: before.id, state: before.state };
    }
    return { kind: 'duplicate', id: (await insert('duplicate', same.id))!, of: same.id };
  });
}

const advanceLoad: NamedQuery = {
  name: 'file_load_advance',
  text: `
    update file_load as load
    set records = load.records + $3 + $4, accepted = load.accepted + $3, set_aside = load.set_aside + $4
    where load.file_load_id = $1 and load.records = $2 and load.state = 'loading'`,
};
/**
 * How far a load has come, within the transaction of the batch.
 * @param from record number the batch begins at
 * @throws FluxError `fenced` where another process loads this file
 */
export async function advanceFileLoad(
  client: Client,
  id: number,
  from: number,
  accepted: number,
  setAside: number,
): Promise<void> {
  const { rowCount } = await client.query({ ...advanceLoad, values: [id, from, accepted, setAside] });
  if (rowCount !== 1)
    throw new FluxError('fenced', `another process loads file ${id} and is past record ${from}; it goes on there`);
}

const finishLoad: NamedQuery = {
  name: 'file_load_finish',
  text: `
    update file_load as load set state = $2, code = $3, reason = $4, finished_at = now()
    where load.file_load_id = $1 and load.state = 'loading'`,
};
/** All records of the file are durable. */
export const finishFileLoad = (pool: Pool, id: number) => rowsOf(pool, finishLoad, [id, 'loaded', null, null]);
/** The file as a whole can not be read, or not to its end. */
export const setFileAside = (pool: Pool, id: number, code: string, reason: string) =>
  rowsOf(pool, finishLoad, [id, 'set_aside', code, reason.replaceAll('\u0000', '\\u0000')]);

const newestOfEachName: NamedQuery = {
  name: 'file_load_known',
  text: `
    with newest as (
      select distinct on (load.name) load.file_load_id as id, load.name, load.marker, load.state, load.code
      from file_load as load
      where load.origin = $1
      order by load.name, load.file_load_id desc
    )
    select newest.id, newest.name, newest.marker, newest.state
    from newest
    where newest.code is distinct from '${vanishedCode}'`,
};
export interface KnownFile {
  id: number;
  name: string;
  marker: string;
  state: string;
}
/** The newest load of each name of an origin; what vanished is as if it had never been seen. */
export const knownFiles = (pool: Pool, origin: FileOrigin) => rowsOf<KnownFile>(pool, newestOfEachName, [origin]);
