/** Numbered, immutable, forward-only migrations; one center at a time, each in its own transaction. */
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { FluxError } from '#model/errors.ts';
import { inTransaction, type Pool } from '#stores/postgres/pool.ts';

const migrationsFolder = path.join(import.meta.dirname, 'migrations');
const spatialViews = path.join(import.meta.dirname, 'definitions', 'postgis.sql');

/**
 * Where PostGIS is there (or can be made: it has to be installed on the server, and the role allowed), views with real
 * geometry. @returns whether they are there
 */
export async function defineSpatialViews(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ installed: string | null }>(
    "select installed_version as installed from pg_available_extensions where name = 'postgis'",
  );
  if (rows.length === 0) return false;
  const sql = await fs.readFile(spatialViews, 'utf8');
  return inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [migrationLock]);
    if (!rows[0].installed) await client.query('create extension if not exists postgis');
    await client.query(sql);
    return true;
  }).catch((error: { code?: string }) => {
    // insufficient_privilege: the views are a courtesy, a start does not depend on them
    if (error.code === '42501') return false;
    throw error;
  });
}

/** any constant will do: it only has to be ours */
const migrationLock = 7_266_001;

/**
 * Brings the schema up to date.
 * @returns the names of the migrations that ran
 * @throws FluxError `migration_changed` where an applied file was edited, `schema_too_new` where the database knows a later one
 */
export async function migrate(pool: Pool, folder = migrationsFolder): Promise<string[]> {
  const files = (await fs.readdir(folder)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort();
  const migrations = await Promise.all(
    files.map(async (name) => {
      const sql = await fs.readFile(path.join(folder, name), 'utf8');
      return { name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
    }),
  );
  return inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [migrationLock]);
    await client.query(`create table if not exists schema_migration (
      name text primary key, sha256 text not null, applied_at timestamptz not null default now())`);
    const { rows } = await client.query<{ name: string; sha256: string }>('select name, sha256 from schema_migration');
    const applied = new Map(rows.map((row) => [row.name, row.sha256]));
    for (const name of applied.keys()) {
      if (!files.includes(name)) {
        throw new FluxError(
          'schema_too_new',
          `the database has migration ${name}, which this version does not know; start the newer version, or restore a backup made with this one`,
        );
      }
    }
    const ran: string[] = [];
    // A migration may change what the spatial views show; they are made again after it.
    if (migrations.some(({ name }) => !applied.has(name))) {
      await client.query(
        'drop view if exists substation_geometry, equipment_geometry, meter_geometry, outage_geometry',
      );
    }
    for (const { name, sql, sha256 } of migrations) {
      const before = applied.get(name);
      if (before === sha256) continue;
      if (before)
        throw new FluxError(
          'migration_changed',
          `migration ${name} was edited after it had been applied; migrations are immutable: add a new one`,
        );
      await client.query(sql);
      await client.query('insert into schema_migration (name, sha256) values ($1, $2)', [name, sha256]);
      ran.push(name);
    }
    return ran;
  });
}
