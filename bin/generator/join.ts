/** The generator joined to a center: its runs are processes, its meters the live network's. */
import path from 'node:path';
import { FluxError } from '#model/errors.ts';
import type { GeneratorOptions } from '#model/generator.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { AccessService } from '#services/access/service.ts';
import { type GeneratorService, makeGeneratorService } from '#services/generator/service.ts';
import { metersOf } from '#sources/generator/run_plan.ts';
import { freeBytes } from '#stores/postgres/embedded.ts';
import type { Config } from '../config.ts';
import { placeIn } from '../kafka_access.ts';
import type { Store } from '../store.ts';
import { startRun } from './process.ts';

export interface GeneratorJoint {
  config: Config;
  store: Store;
  network: () => NetworkColumns;
  access: AccessService;
  /** the center's own door */
  url: () => string;
  lagS: () => number | null;
  /** a run committed readings */
  committed: () => void;
  report: (message: string, error: unknown) => void;
}

/** Of a run to the center's own door. */
const tokenDays = 30;

export function joinGenerator(joint: GeneratorJoint): GeneratorService {
  const { config, store } = joint;
  const { dataFolder } = config;
  const sourceOf = (id: number): string => `generator-${id}`;
  const folderOf = (id: number): string => path.join(dataFolder, 'generated', String(id));
  return makeGeneratorService({
    pool: store.pool,
    dataFolder,
    metersOf: (options: GeneratorOptions) => metersOf(joint.network(), options).length,
    placeOf: (id, { target }) =>
      target === 'store'
        ? sourceOf(id)
        : target === 'files'
          ? folderOf(id)
          : target === 'kafka'
            ? (config.kafka?.readingsTopic ?? '')
            : joint.url(),
    freeBytes: () => freeBytes(dataFolder),
    lagS: joint.lagS,
    start: (job, heard) => {
      const task = async () => ({
        connection: store.connection,
        dataFolder,
        job: { id: job.id, runner: job.runner, options: job.options, position: job.position },
        source: sourceOf(job.id),
        folder: folderOf(job.id),
        ...(job.options.target === 'kafka' ? { kafka: await placeOfKafka() } : {}),
        ...(job.options.target === 'http' ? { url: joint.url(), token: await tokenOf(job.created_by) } : {}),
      });
      return startRun(task(), (news) => {
        if (news.kind === 'progress') joint.committed();
        heard(news);
      });
    },
    report: joint.report,
  });

  async function placeOfKafka() {
    if (!config.kafka)
      throw new FluxError('bad_request', 'this center knows no brokers; set FLUX_KAFKA, or deliver elsewhere');
    return placeIn(config.kafka, { compression: 'lz4' });
  }

  /** In open mode everybody is signed in, and there is no account to have a token. */
  async function tokenOf(user: string): Promise<string | undefined> {
    return config.open ? undefined : joint.access.makeToken(user, tokenDays);
  }
}
