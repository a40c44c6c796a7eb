/** A consuming process of the tests: the real one. */

import { readConfig } from '#bin/config.ts';
import { type IngestWorker, startIngest } from '#bin/ingest.ts';

export interface ConsumeTask {
  dataFolder: string;
  environment: Record<string, string>;
}

const { dataFolder, environment } = JSON.parse(process.argv[2]) as ConsumeTask;
let worker: IngestWorker | undefined;
process.on('SIGTERM', () => void (worker?.stop() ?? Promise.resolve()).then(() => process.exit(0)));
process.on('disconnect', () => process.exit(1));
const { config } = readConfig({ dataFolder, logLevel: 'warn' }, environment);
worker = await startIngest(config);
process.stdout.write('ready\n');
