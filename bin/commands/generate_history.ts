/**
 * `flux generate --to history`: history in bulk into the data folder of a center that is stopped, a part a day and block of
 * meters, instead of batch after batch.
 */
import { FluxError } from '#model/errors.ts';
import { storeObservations } from '#services/pipeline/sql.ts';
import { lmpUsdPerMwh } from '#sources/generator/price.ts';
import { temperatureC } from '#sources/generator/weather.ts';
import { makeLedger } from '#stores/postgres/ledger.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { type BackfillOutcome, backfill } from '../backfill.ts';
import { readConfig, scaleFrom } from '../config.ts';
import { onStoppedCenter } from '../stopped_center.ts';
import { progressLine } from '../terminal.ts';

export interface HistoryFlags {
  meters?: string;
  days?: string;
  start?: string;
  seed: string;
  data?: string;
  loss: string;
  duplicates: string;
  disorder: string;
  lateness: string;
  skew: string;
  mix?: string;
  weather: string;
  within?: string;
  live?: boolean;
}

/** Parts are whole days of whole blocks of meters: what disturbs a delivery has no place there. */
function refuseFaults(flags: HistoryFlags): void {
  for (const name of ['loss', 'duplicates', 'disorder', 'lateness', 'skew'] as const)
    if (Number(flags[name]) !== 0)
      throw new FluxError('bad_usage', `--${name} has no meaning with --to history; use --to store`);
  if (flags.mix !== undefined || flags.weather !== 'normal' || flags.within !== undefined || flags.live)
    throw new FluxError(
      'bad_usage',
      '--mix, --weather, --within and --live have no meaning with --to history; use --to store',
    );
}

/**
 * Fills the history of the center's own network: its meters, whatever `--meters` says, unless there is no network yet.
 * The same call goes on where it was stopped. @throws FluxError `bad_usage`, `already_running`
 */
export async function generateHistory(
  flags: HistoryFlags,
): Promise<BackfillOutcome & { seconds: number; readings_per_s: number }> {
  refuseFaults(flags);
  const startMs = Date.parse(flags.start ?? '2026-01-01T00:00:00Z');
  const days = Number(flags.days);
  if (!Number.isInteger(days) || days < 1 || days > 3660)
    throw new FluxError(
      'bad_usage',
      `--days must be a whole number from 1 to 3660 with --to history, not ${flags.days}`,
    );
  if (Number.isNaN(startMs) || startMs % 86_400_000 !== 0)
    throw new FluxError('bad_usage', `--start must be midnight UTC with --to history, not ${flags.start}`);
  const seed = Number(flags.seed);
  const { meters } = flags;
  const scale =
    meters === undefined ? undefined : scaleFrom(meters === 'poc' || meters === 'demo' ? meters : Number(meters));
  const { config } = readConfig({ dataFolder: flags.data, scale }, process.env);
  const progress = progressLine();
  try {
    return await onStoppedCenter(
      config,
      { applicationName: 'flux generate', askInstead: 'the page Generator makes runs there', mayCreate: true },
      async ({ pool, network, writer, sink, pipeline }) => {
        const beganMs = performance.now();
        await observe(pool, startMs / 1000, days, seed);
        const outcome = await backfill({
          pool,
          ledger: makeLedger(pool),
          sink,
          engine: writer,
          dataFolder: config.dataFolder,
          network,
          seed,
          startS: startMs / 1000,
          days,
          source: `backfill-${new Date(startMs).toISOString().slice(0, 10)}-s${seed}`,
          progress: (share, readings) => progress.show(share, `${readings.toLocaleString('en-US')} readings`),
        });
        progress.show(1, 'bringing the layers forward');
        await pipeline.caughtUp();
        const seconds = (performance.now() - beganMs) / 1000;
        return {
          ...outcome,
          seconds: Math.round(seconds * 100) / 100,
          readings_per_s: Math.round(outcome.readings / seconds),
        };
      },
    );
  } finally {
    progress.done();
  }
}

/** Weather and price of every interval, from the model the loads follow. */
async function observe(pool: Pool, startS: number, days: number, seed: number): Promise<void> {
  for (let day = 0; day < days; day++) {
    const at = Array.from({ length: 96 }, (_, i) => startS + day * 86_400 + i * 900);
    await storeObservations(
      pool,
      'generated',
      at,
      at.map((time) => temperatureC(time, seed)),
      at.map((time) => lmpUsdPerMwh(time, seed)),
    );
  }
}
