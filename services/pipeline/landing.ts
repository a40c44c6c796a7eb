/** Messages as they came, found again by topic, partition and offset. */
import type { NetworkColumns } from '#model/network.ts';
import type { Engine } from '#stores/columnar/engine.ts';
import { type LandingRow, landingRows } from '#stores/columnar/landing.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { landedSegments, topicLives } from './sql.ts';

export interface LandingNeeds {
  pool: Pool;
  engine: Engine;
  dataFolder: string;
  network: () => NetworkColumns;
}

/** Rows of a partition from an offset of Kafka on; of a recreated topic, of its present life. */
export async function landing(
  needs: LandingNeeds,
  asked: { topic: string; partition: number; offset: number; limit: number },
): Promise<LandingRow[]> {
  const { topic, partition } = asked;
  const lives = await topicLives(needs.pool, topic, partition);
  const base = lives.at(-1)?.base_offset ?? 0;
  const offsetFrom = base + asked.offset;
  const segments = await landedSegments(needs.pool, `kafka.${topic}`, partition, offsetFrom, asked.limit);
  const { meter } = needs.network();
  return landingRows(
    needs.engine,
    needs.dataFolder,
    { topic, partition, paths: segments.map((segment) => segment.path), offsetFrom, limit: asked.limit },
    {
      meterIdAt: (row) => meter.id.at(row),
      kafkaOffset: (offset) => offset - (lives.findLast((life) => life.base_offset <= offset)?.base_offset ?? 0),
    },
  );
}
