/**
 * Restoration times: fit and score on real history, beside the constant, the hourly median, the published estimates and
 * LightGBM on the same rows; and the restoration simulation at the size of a hurricane.
 *
 *   flux bench etr --history FILE.csv.gz [--split 2019-09-15T00:00:00Z] [--outages 2000] [--crews 200]
 *
 * Python comes from FLUX_BENCH_PYTHON or `python3`, with lightgbm and pandas from PyPI; where they are absent LightGBM is
 * skipped with the reason.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { messageOf } from '#model/errors.ts';
import { evaluate, predictHistory } from '#services/etr/evaluate.ts';
import { features, localClock, minutesOf, replay } from '#services/etr/features.ts';
import { parseHistory } from '#services/etr/history.ts';
import { fitModel, modelText } from '#services/etr/model.ts';
import { type CrewFact, type OpenJob, simulate, simulationDefaults } from '#services/etr/simulation.ts';
import { hashUnit, mix } from '#sources/territory/random.ts';
import { printReport, say } from './report/report.ts';

const { values: options } = parseArgs({
  options: {
    history: { type: 'string' },
    split: { type: 'string', default: '2019-09-15T00:00:00Z' },
    outages: { type: 'string', default: '2000' },
    crews: { type: 'string', default: '200' },
  },
});

await printReport('etr', {
  ...(options.history ? learned(options.history) : { learned: 'skipped: --history FILE.csv.gz was not given' }),
  simulation: simulated(Number(options.outages), Number(options.crews)),
});

function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return Number(((user + system) / 1e6).toFixed(2));
}

function learned(file: string) {
  say('fit');
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const { outages } = parseHistory(text, file);
  const splitS = Date.parse(options.split) / 1000;
  const timeZone = 'America/Los_Angeles';
  let model!: ReturnType<typeof fitModel>;
  const fitS = cpuSeconds(() => {
    model = fitModel(outages, { source: path.basename(file), timeZone, untilS: splitS });
  });
  say('score');
  const evaluation = evaluate(model, outages, { fromS: splitS });
  let told = 0;
  const predictS = cpuSeconds(() => {
    told = predictHistory(model, outages).length;
  });
  return {
    size: { outages: outages.length, trained: model.fitted.used, scored: evaluation.n, split: options.split },
    ours: {
      fit_cpu_s: fitS,
      model_bytes: modelText(model).length,
      predictions_per_cpu_s: Math.round(told / predictS),
      slices: evaluation.slices,
      p90_coverage_without_recalibration: evaluation.p90_coverage_without_recalibration,
    },
    opponents: [lightgbm(outages, splitS, timeZone)],
  };
}

function lightgbm(outages: ReturnType<typeof parseHistory>['outages'], splitS: number, timeZone: string) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'flux-etr-'));
  const file = path.join(folder, 'rows.csv');
  try {
    const lines = [...replay(outages, localClock(timeZone))]
      .filter(({ outage }) => !outage.leftCensored && outage.goneS !== null)
      // what ends after the split is not known at the split
      .filter(({ outage }) => outage.firstSeenS >= splitS || outage.goneS! < splitS)
      .map(({ outage, row }) =>
        [outage.firstSeenS, minutesOf(outage).middle, ...Array.from(row, (v) => (Number.isNaN(v) ? '' : v))].join(','),
      );
    writeFileSync(file, [['at_s', 'minutes', ...features.map(({ name }) => name)].join(','), ...lines].join('\n'));
    const script = path.join(import.meta.dirname, 'opponents/etr_lightgbm.py');
    const python = process.env.FLUX_BENCH_PYTHON ?? 'python3';
    return JSON.parse(
      execFileSync(python, [script, file, String(splitS)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  } catch (error) {
    return { name: 'LightGBM', skipped: messageOf(error).split('\n').at(-1) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A hurricane: outages over ten areas, crews in each, two hundred runs. */
function simulated(outageCount: number, crewCount: number) {
  say('simulate');
  const at = (i: number, k: number): number => hashUnit(i, k);
  const jobs = Array.from(
    { length: outageCount },
    (_, i): OpenJob => ({
      id: `O-${i}`,
      area: `A-${i % 10}`,
      lat: 29.4 + at(i, 1) * 0.8,
      lon: -95.8 + at(i, 2) * 0.9,
      customers: 1 + Math.floor(at(i, 3) ** 4 * 3000),
      critical: at(i, 4) < 0.02 ? 1 : 0,
      kind: ['power_transformer', 'fuse', 'recloser', 'breaker', 'service_point'][i % 5],
      promisedS: null,
      crew: null,
      stage: 'waiting',
      stageSinceS: 0,
    }),
  );
  const crews = Array.from(
    { length: crewCount },
    (_, i): CrewFact => ({
      id: `C-${i}`,
      area: `A-${i % 10}`,
      lat: 29.8,
      lon: -95.4,
      onDutyS: 0,
      offDutyS: 12 * 3600,
    }),
  );
  let customerHours = 0;
  const cpuS = cpuSeconds(() => {
    const result = simulate(jobs, crews, 0, simulationDefaults, (outage) => {
      const row = Number(outage.slice(2));
      return (run, stage) => hashUnit(mix(run, row), stage === 'assess' ? 1 : 2);
    });
    customerHours = Math.round(result.customer_minutes / 60);
  });
  return {
    outages: outageCount,
    crews: crewCount,
    runs: simulationDefaults.runs,
    cpu_s: cpuS,
    customer_hours: customerHours,
  };
}
