import fs from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { FluxError, messageOf } from '#model/errors.ts';
import { type Evaluation, evaluate } from '#services/etr/evaluate.ts';
import type { FeatureGroup } from '#services/etr/features.ts';
import { type OutageHistory, type PastOutage, parseHistory } from '#services/etr/history.ts';
import { type EtrModel, fitModel, modelText, parseModel } from '#services/etr/model.ts';
import { traceInWords } from '#services/etr/trace.ts';
import { readConfig } from '../config.ts';
import { traceInFolder } from '../etr_trace.ts';
import { progressLine, table } from '../terminal.ts';

interface FitFlags {
  history: string[];
  model: string;
  until?: number;
  without: FeatureGroup[];
  timeZone: string;
  licence?: string;
  seed: number;
  json?: boolean;
}
interface EvaluateFlags {
  history: string[];
  model: string;
  from?: number;
  to?: number;
  recalibrate: boolean;
  json?: boolean;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

export function etrCommands(program: Command, dataOption: () => Option): void {
  const etr = program
    .command('etr')
    .description('restoration times: learn them from past outages, score them, explain them');
  etr
    .command('fit')
    .description(
      'learn restoration times from past outages; columns: outage_start, first_seen, last_seen, first_snapshot_without, left_censored, right_censored, customers_first, lat, lon, region; where given also outage_number, etr_first, etr_first_published, cause_last',
    )
    .requiredOption('--history <file...>', 'CSV or .csv.gz, one row per outage')
    .requiredOption('--model <file>', 'where the model goes, JSON')
    .option('--until <time>', 'forget what was known only later, ISO 8601', instant)
    .option('--without <groups...>', 'groups of features not to use: published, place, load, experience, clock', [])
    .option('--time-zone <zone>', 'of the hours of day', 'America/Los_Angeles')
    .option('--licence <text>', 'of the history, kept in the file')
    .option('--seed <n>', 'of the trees’ samples', Number, 1)
    .option('--json', 'one JSON document')
    .action(async (flags: FitFlags) => {
      const began = performance.now();
      const history = await readHistory(flags.history);
      const bar = progressLine();
      const model = fitModel(history.outages, {
        source: flags.history.map((file) => file.split('/').at(-1)).join(', '),
        licence: flags.licence,
        timeZone: flags.timeZone,
        without: flags.without,
        untilS: flags.until,
        seed: flags.seed,
        progress: bar.show,
      });
      bar.done();
      const text = modelText(model);
      await writeWhole(flags.model, text);
      const report = {
        model: model.id,
        file: flags.model,
        bytes: Buffer.byteLength(text),
        seconds: Number(((performance.now() - began) / 1000).toFixed(1)),
        read: history.read,
        set_aside: history.setAsideCount,
        problems: history.setAside,
        ...model.fitted,
        baseline_constant_min: model.baseline.constant_min,
        storm_day_customers: model.storm_day_customers,
      };
      if (flags.json) return say(JSON.stringify(report, null, 2));
      for (const { line, field, problem } of history.setAside.slice(0, 5))
        process.stderr.write(`line ${line}, ${field}: ${problem}; set aside\n`);
      say(
        `${model.id}: fitted on ${report.used.toLocaleString('en-US')} of ${report.read.toLocaleString('en-US')} outages (${report.set_aside} set aside, ${report.left_censored} left-censored, ${report.right_censored} right-censored), ${report.from} to ${report.to}, in ${report.seconds} s; ${report.bytes.toLocaleString('en-US')} bytes in ${flags.model}`,
      );
      say(table(model.effects.slice(0, 8).map(({ feature, share, about }) => ({ feature, share, about }))));
    });
  etr
    .command('evaluate')
    .description('score a model on later outages, each predicted at its first sight from what was known then')
    .requiredOption('--history <file...>', 'CSV or .csv.gz; rows before --from are told to the model, not scored')
    .requiredOption('--model <file>', 'a model that `flux etr fit` wrote')
    .option('--from <time>', 'first sight not before, ISO 8601', instant)
    .option('--to <time>', 'first sight before, ISO 8601', instant)
    .option('--no-recalibrate', 'do not learn from outages that end meanwhile how far the model is off')
    .option('--json', 'one JSON document')
    .action(async (flags: EvaluateFlags) => {
      const model = await readModel(flags.model);
      const { outages } = await readHistory(flags.history);
      const evaluation = evaluate(model, outages, { fromS: flags.from, toS: flags.to, recalibrate: flags.recalibrate });
      say(flags.json ? JSON.stringify(evaluation, null, 2) : inWords(evaluation));
    });
  etr
    .command('explain')
    .description(
      'what a model does with each feature: its share of the whole, and the median (minutes) along its values',
    )
    .requiredOption('--model <file>', 'a model that `flux etr fit` wrote')
    .option('--json', 'one JSON document')
    .action(async (flags: { model: string; json?: boolean }) => {
      const { effects, id, fitted } = await readModel(flags.model);
      if (flags.json) return say(JSON.stringify({ model: id, fitted, effects }, null, 2));
      say(`${id}: ${fitted.source}, ${fitted.from} to ${fitted.to}, ${fitted.used.toLocaleString('en-US')} outages\n`);
      for (const { feature, about, share, at, p50_min } of effects)
        say(
          `${feature}  ${(share * 100).toFixed(1)} %  ${about}\n  at   ${at.join('  ')}\n  min  ${p50_min.join('  ')}`,
        );
    });
  etr
    .command('trace')
    .description(
      'the restoration simulation of one open outage, step by step: who goes first, drive, assessment, repair',
    )
    .argument('<outage>', 'id of an open outage, e.g. OUT-0000017')
    .addOption(dataOption())
    .option('--runs <n>', 'runs of the simulation', Number, 200)
    .option('--mutual-aid', 'crews of idle areas help others')
    .option('--json', 'one JSON document')
    .action(async (outage: string, flags: { data?: string; runs: number; mutualAid?: boolean; json?: boolean }) => {
      const { config } = readConfig({ dataFolder: flags.data }, process.env);
      const runs = Math.max(1, Math.min(10_000, Math.floor(flags.runs) || 200));
      const trace = await traceInFolder(config, outage, { runs, mutualAid: flags.mutualAid === true });
      if (flags.json) return say(JSON.stringify(trace, null, 2));
      say(traceInWords(trace, config.timeZone));
      if (trace.crews_assumed) say('\nno crews are on file: three in every area are assumed, always on duty');
    });
}

function inWords(evaluation: Evaluation): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const { slices } = evaluation;
  return [
    `${evaluation.model}, trained to ${evaluation.trained_to}; ${evaluation.n.toLocaleString('en-US')} outages first seen ${evaluation.from} to ${evaluation.to}`,
    `left out: ${evaluation.left_censored_left_out} left-censored; ${evaluation.right_censored} lasting`,
    evaluation.seen_by_the_fit > 0
      ? `NO FAIR TEST: ${evaluation.seen_by_the_fit} of them lie in what the model was fitted on`
      : '',
    `storm days (over ${evaluation.storm_day_customers.toLocaleString('en-US')} customers newly out): ${evaluation.storm_days.join(', ') || 'none'}`,
    `P90 coverage ${percent(slices[0]?.p90_coverage ?? 0)}; without recalibration ${percent(evaluation.p90_coverage_without_recalibration)}`,
    ...slices.flatMap(({ slice, scores, p90_coverage, p90_margin_min }) => [
      `\n${slice}: P90 covers ${percent(p90_coverage)}, ${p90_margin_min.toFixed(0)} min behind the P50 on average`,
      table(scores.map((score) => ({ ...score }))),
    ]),
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function instant(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('must be ISO 8601, e.g. 2019-09-15T00:00:00Z');
  return ms / 1000;
}

async function readHistory(files: string[]): Promise<OutageHistory> {
  const all: OutageHistory = { outages: [], read: 0, setAside: [], setAsideCount: 0 };
  for (const file of files) {
    const history = parseHistory(await readText(file), file);
    all.outages.push(...history.outages);
    all.read += history.read;
    all.setAside.push(...history.setAside);
    all.setAsideCount += history.setAsideCount;
  }
  all.outages.sort((a: PastOutage, b: PastOutage) => a.firstSeenS - b.firstSeenS);
  return all;
}

async function readText(file: string): Promise<string> {
  const bytes = await fs.readFile(file).catch((cause: unknown) => {
    throw new FluxError('bad_file', `${file} can not be read: ${messageOf(cause)}`, { cause });
  });
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString('utf8');
  const whole = await promisify(gunzip)(bytes).catch((cause: unknown) => {
    throw new FluxError('bad_file', `${file} is no whole gzip file: ${messageOf(cause)}`, { cause });
  });
  return whole.toString('utf8');
}

async function readModel(file: string): Promise<EtrModel> {
  return parseModel(await readText(file), file);
}

/** All of it or nothing: an interrupted fit leaves the file that was there. */
async function writeWhole(file: string, text: string): Promise<void> {
  const beside = `${file}.${process.pid}.part`;
  try {
    await fs.writeFile(beside, text);
    await fs.rename(beside, file);
  } catch (cause) {
    await fs.rm(beside, { force: true });
    throw new FluxError('bad_file', `${file} can not be written: ${messageOf(cause)}`, { cause });
  }
}
