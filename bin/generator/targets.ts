/** Where a run delivers: the one list. A new target is a line here and a word in model/generator.ts. */
import type { GeneratorOptions, GeneratorTarget } from '#model/generator.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { Piece, RunPosition } from '#sources/generator/run.ts';
import type { Client, Pool } from '#stores/postgres/pool.ts';
import { filesTarget } from './files_target.ts';
import { httpTarget } from './http_target.ts';
import type { KafkaPlace } from './kafka_target.ts';
import { storeTarget } from './store_target.ts';

export interface RunTarget {
  /** readings of a piece at most */
  pieceRows: number;
  /**
   * Delivers a piece and keeps how far the run got: `save` in the same transaction where the target has one, else after.
   * @returns bytes written or sent
   */
  take(piece: Piece, save: SavePosition): Promise<number>;
  /** @param finished everything was delivered */
  end(finished: boolean): Promise<void>;
}

/** Writes the position behind a piece; @param bytes what the piece came to; @param client to write it with */
export type SavePosition = (bytes: number, client?: Client) => Promise<void>;

export interface TargetNeeds {
  network: NetworkColumns;
  options: GeneratorOptions;
  /** where the run goes on; the beginning for a new one */
  from: RunPosition;
  /** of `files` */
  folder?: string;
  /** of `http` */
  url?: string;
  token?: string;
  /** of `kafka` */
  kafka?: KafkaPlace;
  /** of `store` */
  store?: { pool: Pool; dataFolder: string; source: string };
}

const makers: Record<GeneratorTarget, (needs: TargetNeeds) => Promise<RunTarget>> = {
  store: storeTarget,
  files: filesTarget,
  http: httpTarget,
  // a client that every other start would load in vain
  kafka: async (needs) => (await import('./kafka_target.ts')).kafkaTarget(needs),
};

/** @throws FluxError of the target, where it can not be reached or written */
export const openTarget = (needs: TargetNeeds): Promise<RunTarget> => makers[needs.options.target](needs);
