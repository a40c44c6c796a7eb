/** Recomputes every layer from parts and segments and compares cell by cell. */
import { type Engine, rowsFrom } from '#stores/columnar/engine.ts';
import { madeTables, type NewSegment, prepareCatalogue, refreshLayers } from '#stores/columnar/layers.ts';
import { adoptPart, type ManifestPart } from '#stores/columnar/sealing.ts';

export interface LayerDifference {
  table: string;
  /** rows that only the live layer has, rows that only the recomputation has */
  onlyLive: number;
  onlyRecomputed: number;
}

const dimensions = ['meter_dimension', 'place_dimension', 'local_day', 'local_quarter'];

/**
 * Recomputes in memory beside the live tables, in one go over all segments, and compares. Refreshes wait meanwhile, so
 * both stand at the same mark.
 * @param engine queries run on connections of their own; the recomputation has the main one to itself
 * @param segments all segments there are up to the live mark, @param parts all parts of the manifest
 */
export async function verifyLayers(
  engine: Engine,
  segments: NewSegment[],
  dataFolder = '',
  parts: ManifestPart[] = [],
): Promise<LayerDifference[]> {
  const { live } = rowsFrom<{ live: string }>(await engine.query('select current_database() as live'))[0];
  const beside = onMainConnection(engine);
  try {
    await engine.script(["attach ':memory:' as recomputed", 'use recomputed']);
    await prepareCatalogue(beside);
    await engine.script(
      dimensions.flatMap((table) => [`drop table ${table}`, `create view ${table} as from ${live}.main.${table}`]),
    );
    for (const part of parts) await adoptPart(beside, dataFolder, part);
    await refreshLayers(beside, segments);
    const counts = madeTables.map(
      (table) => `select '${table}' as "table",
        (select count(*) from (from ${live}.${table} except all from ${table})) as "onlyLive",
        (select count(*) from (from ${table} except all from ${live}.${table})) as "onlyRecomputed"`,
    );
    const result = await engine.script([counts.join(' union all ')]);
    return rowsFrom<LayerDifference>(result).filter((row) => row.onlyLive + row.onlyRecomputed > 0);
  } finally {
    await engine.script([`use ${live}`, 'detach database if exists recomputed']);
  }
}

/** The same engine with every query on the main connection, which `use recomputed` has turned to the copy. */
function onMainConnection(engine: Engine): Engine {
  return { ...engine, query: (sql) => engine.script([sql]) };
}
