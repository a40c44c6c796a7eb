/** Validation of interval data joined to the stream and to the outages. */
import fs from 'node:fs/promises';
import { FluxError, messageOf } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import { oneAtATime } from '#model/one_at_a_time.ts';
import type { RouteDeclaration } from '#model/route.ts';
import type { Claim, Ledger, SegmentSink } from '#model/stream.ts';
import { spansWithoutSupply } from '#services/outages/sql.ts';
import type { PipelineService } from '#services/pipeline/service.ts';
import type { Land } from '#services/vee/fill.ts';
import { veeRoutes } from '#services/vee/routes.ts';
import type { VeeConfig } from '#services/vee/rules.ts';
import { readVeeConfig } from '#services/vee/rules_file.ts';
import { makeVeeService, type VeeService } from '#services/vee/service.ts';
import type { Engine } from '#stores/columnar/engine.ts';
import type { Client, Pool } from '#stores/postgres/pool.ts';
import { commitReadings } from '#stream/commit.ts';
import type { Config } from './config.ts';

export async function veeConfigFor(config: Config, network: NetworkColumns): Promise<VeeConfig> {
  if (!config.veeFile) return readVeeConfig({}, network);
  const text = await fs.readFile(config.veeFile, 'utf8').catch((cause: unknown) => {
    throw new FluxError('bad_vee_config', `the file of validation rules can not be read: ${messageOf(cause)}`, {
      cause,
    });
  });
  try {
    return readVeeConfig(JSON.parse(text), network);
  } catch (cause) {
    if (cause instanceof FluxError) throw new FluxError(cause.code, `${config.veeFile}: ${cause.message}`, { cause });
    throw new FluxError('bad_vee_config', `${config.veeFile} is not JSON: ${messageOf(cause)}`, { cause });
  }
}

export interface Vee {
  service: VeeService;
  routes: RouteDeclaration[];
  /** reads the rules again: ids in them mean the new network */
  networkChanged(): Promise<void>;
}

interface VeePieces {
  pool: Pool;
  engine: Engine;
  network: () => NetworkColumns;
  sink: SegmentSink;
  ledger: Ledger<Client>;
  pipeline: Pick<PipelineService, 'caughtUp'>;
  report: (message: string, error: unknown) => void;
}

export async function openVee(config: Config, pieces: VeePieces): Promise<Vee> {
  const { pool, network } = pieces;
  let rules = await veeConfigFor(config, network());
  const areaOfFeeder = (row: number): string | null => {
    const { feeder, substation, area } = network();
    return row >= 0 && row < feeder.count ? area.id.at(substation.area[feeder.substation[row]]) : null;
  };
  const service = makeVeeService({
    ...pieces,
    dataFolder: config.dataFolder,
    config: () => rules,
    zone: config.timeZone,
    land: landing(pieces.sink, pieces.ledger),
    layersReady: pieces.pipeline.caughtUp,
    darkSpans: (fromS, toS) => spansWithoutSupply(pool, fromS, toS),
    areaOfFeeder,
  });
  const areaOfMeter = (id: string): string | null => {
    const { meter, node } = network();
    const row = meter.id.rowOf(id);
    return row < 0 ? null : areaOfFeeder(node.feeder[meter.node[row]]);
  };
  return {
    service,
    routes: veeRoutes({ service, config: () => rules, areaOfMeter }),
    networkChanged: async () => {
      rules = await veeConfigFor(config, network());
    },
  };
}

/** Lands what VEE writes as source `vee`: one commit at a time. */
function landing(sink: SegmentSink, ledger: Ledger<Client>): Land {
  let claim: Claim | undefined;
  const inTurn = oneAtATime();
  return (readings, alongside) =>
    inTurn(async () => {
      try {
        claim ??= await ledger.claim('vee', 0, 'reading');
        await commitReadings(
          sink,
          ledger,
          claim,
          {
            source: 'vee',
            partition: 0,
            offsetFrom: claim.nextOffset,
            offsetTo: claim.nextOffset + readings.count,
            receivedAtMs: Date.now(),
            readings,
            setAside: [],
          },
          { alongside, tellDuplicates: false },
        );
      } catch (error) {
        // What became of the commit is not known: the next one asks the ledger first.
        claim = undefined;
        throw error;
      }
    });
}
