/** Files of readings: what became of each, newest first. */
import { Type } from 'typebox';
import { FileLoad } from '#model/api/files.ts';
import type { RouteDeclaration } from '#model/route.ts';
import { type NamedQuery, type Pool, rowsOf } from '#stores/postgres/pool.ts';

interface FileLoadRow extends Omit<FileLoad, 'first_seen' | 'finished_at'> {
  first_seen: Date;
  finished_at: Date | null;
}

const fileLoadsNewest: NamedQuery = {
  name: 'file_load_newest',
  text: `
    select load.file_load_id as id, load.origin, load.name, load.byte_count, load.sha256, load.state, load.code, load.reason,
           load.replaces, load.duplicate_of, load.records, load.accepted, load.set_aside, load.first_seen, load.finished_at
    from file_load as load
    where $1::bigint is null or load.file_load_id < $1
    order by load.file_load_id desc
    limit $2`,
};
/** Home: operational store. Loads of files, newest first, paged by id. */
export async function newestFileLoads(pool: Pool, beforeId: number | null, limit: number): Promise<FileLoad[]> {
  const rows = await rowsOf<FileLoadRow>(pool, fileLoadsNewest, [beforeId, limit]);
  return rows.map((row) => ({
    ...row,
    first_seen: row.first_seen.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  }));
}

export function fileRoutes(pool: Pool): RouteDeclaration[] {
  return [
    {
      method: 'GET',
      path: '/api/pipeline/files',
      summary: 'files of readings with their state and, where refused, the reason, newest first',
      role: 'viewer',
      scope: { kind: 'territory' },
      query: Type.Object({
        before: Type.Optional(Type.Integer()),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
      }),
      response: Type.Array(FileLoad),
      handle: ({ query }) =>
        newestFileLoads(pool, query.before === undefined ? null : Number(query.before), Number(query.limit ?? 50)),
    },
  ];
}
