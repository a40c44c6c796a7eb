/** Outage thresholds of a center: the defaults, or the utility's file; the simulation's newcomer does not wait 45 s. */
import fs from 'node:fs/promises';
import { FluxError, messageOf } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { OutageThresholds } from '#services/outages/thresholds.ts';
import { readThresholds } from '#services/outages/thresholds_file.ts';
import type { Config } from './config.ts';

/** Momentary interruptions of the simulation are shorter than this. */
const simulatedHoldS = 15;

export async function thresholdsFor(config: Config, network: NetworkColumns): Promise<OutageThresholds> {
  const areaRow = (id: string): number => network.area.id.rowOf(id);
  if (!config.thresholdsFile) {
    const hold = config.simulation ? { holdWindowS: simulatedHoldS } : {};
    return readThresholds({ blue_sky: hold, storm: hold }, areaRow);
  }
  const text = await fs.readFile(config.thresholdsFile, 'utf8').catch((cause: unknown) => {
    throw new FluxError('bad_thresholds', `the thresholds file can not be read: ${messageOf(cause)}`, { cause });
  });
  try {
    return readThresholds(JSON.parse(text), areaRow);
  } catch (cause) {
    if (cause instanceof FluxError) throw cause;
    throw new FluxError('bad_thresholds', `${config.thresholdsFile} is not JSON: ${messageOf(cause)}`, { cause });
  }
}
