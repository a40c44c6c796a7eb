/** Partitions of one source together: their sums, and whether each of them balances. */
import type { SourceThroughput } from '#model/api/pipeline.ts';
import type { Pipeline } from '#model/api/readings.ts';

type Source = Pipeline['sources'][number];

/** What becomes of a record, in the order of the sum. */
export const fates = ['stored', 'superseded', 'duplicate', 'set_aside', 'pending'] as const;
export type Fate = (typeof fates)[number];
export type Counts = Record<Fate | 'received', number>;

export interface PartitionRow extends Counts {
  partition: number;
  /** received less what is accounted for; 0 where it balances */
  missing: number;
  lastAt: string | null;
  perS: number | null;
  history: (number | null)[];
}

export interface SourceGroup extends Counts {
  source: string;
  kind: string;
  partitions: PartitionRow[];
  missing: number;
  /** partitions that do not balance */
  unbalanced: number;
  lastAt: string | null;
  perS: number | null;
  history: (number | null)[];
}

const accounted = (counts: Counts): number => fates.reduce((sum, fate) => sum + counts[fate], 0);

function sumOf(rows: readonly Counts[]): Counts {
  const sum: Counts = { received: 0, stored: 0, superseded: 0, duplicate: 0, set_aside: 0, pending: 0 };
  for (const row of rows) for (const name of ['received', ...fates] as const) sum[name] += row[name];
  return sum;
}

function partitionRow(source: Source, throughput: SourceThroughput | undefined): PartitionRow {
  const { partition, received, stored, superseded, duplicate, set_aside, pending, last_at } = source;
  const counts = { received, stored, superseded, duplicate, set_aside, pending };
  return {
    ...counts,
    partition,
    missing: received - accounted(counts),
    lastAt: last_at,
    perS: throughput?.per_s ?? null,
    history: throughput?.history_per_s ?? [],
  };
}

/** Sums over partitions, bucket by bucket; nothing where no partition was sampled. */
function sumHistories(rows: readonly PartitionRow[]): (number | null)[] {
  const length = Math.max(0, ...rows.map((row) => row.history.length));
  return Array.from({ length }, (_, i) => {
    const known = rows.map((row) => row.history[i]).filter((value) => typeof value === 'number');
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
  });
}

export function groupSources(pipeline: Pipeline): SourceGroup[] {
  const throughput = new Map(
    pipeline.throughput?.sources.map((entry) => [`${entry.source}/${entry.partition}`, entry]),
  );
  const groups = Map.groupBy(pipeline.sources, (source) => source.source);
  return [...groups].map(([source, members]) => {
    const partitions = members
      .map((member) => partitionRow(member, throughput.get(`${source}/${member.partition}`)))
      .sort((a, b) => a.partition - b.partition);
    const counts = sumOf(partitions);
    const newest = partitions.map((row) => row.lastAt ?? '').sort();
    const rates = partitions.flatMap((row) => (row.perS === null ? [] : [row.perS]));
    return {
      ...counts,
      source,
      kind: members[0].kind,
      partitions,
      missing: counts.received - accounted(counts),
      unbalanced: partitions.filter((row) => row.missing !== 0).length,
      lastAt: newest.at(-1) || null,
      perS: rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0),
      history: sumHistories(partitions),
    };
  });
}

export interface Conservation extends Counts {
  missing: number;
  unbalanced: number;
}

export function conservationOf(groups: readonly SourceGroup[]): Conservation {
  const counts = sumOf(groups);
  return {
    ...counts,
    missing: counts.received - accounted(counts),
    unbalanced: groups.reduce((sum, group) => sum + group.unbalanced, 0),
  };
}

/** Records a second of all sources of a kind; null before anything was sampled. */
export function rateOfKind(groups: readonly SourceGroup[], kind: 'reading' | 'event'): number | null {
  const known = groups.flatMap((group) => (group.kind === kind && group.perS !== null ? [group.perS] : []));
  return known.length === 0 && groups.some((group) => group.kind === kind)
    ? null
    : known.reduce((sum, rate) => sum + rate, 0);
}
