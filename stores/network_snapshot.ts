/**
 * The network as one file of columns beside the database: 600,000 meters load in a fraction of a second. It is a cache
 * of the network tables, known by version and checksum; a missing or damaged file is written again from the tables.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { type Column, type ColumnBundle, decodeColumns, encodeColumns } from '#model/columns.ts';
import { IdColumn } from '#model/id_column.ts';
import type { NetworkColumns } from '#model/network.ts';

const groups = ['area', 'substation', 'feeder', 'node', 'edge', 'vertex', 'meter'] as const;

/** Every column of the network by name, ids as bytes and offsets, names of small tables in the header. */
export function bundleOf(network: NetworkColumns): ColumnBundle {
  const columns: Record<string, Column> = {};
  const names: Record<string, string[]> = {};
  const counts: Record<string, number> = {};
  for (const group of groups) {
    const table = network[group] as unknown as Record<string, unknown>;
    counts[group] = network[group].count;
    for (const [field, value] of Object.entries(table)) {
      if (value instanceof IdColumn) {
        columns[`${group}.${field}.bytes`] = value.bytes;
        columns[`${group}.${field}.offsets`] = value.offsets;
      } else if (field === 'name') names[group] = value as string[];
      else if (field !== 'count') columns[`${group}.${field}`] = value as Column;
    }
  }
  return { meta: { name: network.name, names, counts }, columns };
}

export function networkOf(bundle: ColumnBundle): NetworkColumns {
  const { name, names, counts } = bundle.meta as {
    name: string;
    names: Record<string, string[]>;
    counts: Record<string, number>;
  };
  const network: Record<string, unknown> = { name };
  for (const group of groups) {
    const table: Record<string, unknown> = { count: counts[group] };
    if (names[group]) table.name = names[group];
    for (const [key, column] of Object.entries(bundle.columns)) {
      const [of, field, part] = key.split('.');
      if (of !== group) continue;
      if (part === 'bytes')
        table[field] = new IdColumn(column as Uint8Array, bundle.columns[`${group}.${field}.offsets`] as Uint32Array);
      else if (part !== 'offsets') table[field] = column;
    }
    network[group] = table;
  }
  return network as unknown as NetworkColumns;
}

/** @returns sha256 of the columns: equal networks give equal values. */
export function networkSha256(network: NetworkColumns): string {
  return createHash('sha256')
    .update(encodeColumns(bundleOf(network)))
    .digest('hex');
}

const snapshotPath = (dataFolder: string): string => path.join(dataFolder, 'network.columns');

/** @returns sha256 of the written bytes */
export async function writeSnapshot(dataFolder: string, network: NetworkColumns): Promise<string> {
  const bytes = encodeColumns(bundleOf(network));
  const file = snapshotPath(dataFolder);
  const handle = await fs.open(`${file}.tmp`, 'w');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await fs.rename(`${file}.tmp`, file);
  return createHash('sha256').update(bytes).digest('hex');
}

/** The network of the file, or undefined where it is missing or not the one with this checksum. */
export async function readSnapshot(dataFolder: string, sha256: string): Promise<NetworkColumns | undefined> {
  const bytes = await fs.readFile(snapshotPath(dataFolder)).catch(() => undefined);
  if (!bytes || createHash('sha256').update(bytes).digest('hex') !== sha256) return undefined;
  // Large reads own their buffer; small ones may sit in Node's pool at an odd offset.
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  return networkOf(decodeColumns(aligned.buffer, aligned.byteOffset, aligned.byteLength));
}
