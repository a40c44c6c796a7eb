import type { Command, Option } from 'commander';
import { rulesAsSet } from '#services/vee/routes.ts';
import { defaultVeeConfig } from '#services/vee/rules.ts';
import { scoreFlags } from '#services/vee/score.ts';
import type { VeeService } from '#services/vee/service.ts';
import { makeLedger } from '#stores/postgres/ledger.ts';
import { networkState } from '#stores/postgres/network_tables.ts';
import { type Config, readConfig } from '../config.ts';
import { noNetwork, onStoppedCenter, reportToTerminal } from '../stopped_center.ts';
import { openStore } from '../store.ts';
import { table } from '../terminal.ts';
import { loadOrCreateNetwork } from '../territory.ts';
import { openVee, veeConfigFor } from '../vee.ts';

interface Flags {
  data?: string;
  from: string;
  to?: string;
  json?: boolean;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

export function veeCommands(program: Command, dataOption: () => Option): void {
  const vee = program.command('vee').description('validation, estimation and editing of interval data');
  vee
    .command('run')
    .description('judge local days; in a running center POST /api/vee/runs does the same')
    .addOption(dataOption())
    .requiredOption('--from <day>', 'first day, e.g. 2026-07-04')
    .option('--to <day>', 'last day (default: the first)')
    .option('--json', 'one JSON document')
    .action(async (flags: Flags) => {
      const { config } = readConfig({ dataFolder: flags.data }, process.env);
      const runs = await withVee(config, (service) => service.run(flags.from, flags.to ?? flags.from));
      say(flags.json ? JSON.stringify(runs, null, 2) : table(runs.map((run) => ({ ...run }))));
    });
  vee
    .command('rules')
    .description('the validation rules with their thresholds, as FLUX_VEE (a JSON file) sets them, and their defaults')
    .addOption(dataOption())
    .option('--json', 'one JSON document')
    .action(async (flags: Flags) => {
      const { config } = readConfig({ dataFolder: flags.data }, process.env);
      // Ids in a file can only be checked against a network; without a file none is needed.
      const rules = rulesAsSet(config.veeFile ? await configuredRules(config) : defaultVeeConfig);
      if (flags.json) say(JSON.stringify(rules, null, 2));
      else
        for (const { rule, title, about, on, severity, thresholds } of rules)
          say(
            `${rule}  (${on ? 'on' : 'off'}, ${severity})\n  ${title}: ${about}\n${thresholds
              .map(
                (t) =>
                  `    ${t.name} = ${t.value} ${t.unit}  [${t.least} to ${t.most}, default ${t.default}]  ${t.about}`,
              )
              .join('\n')}\n`,
          );
    });
  vee
    .command('score')
    .description('score the rules on an hourly series with labelled flags, beside two plain opponents')
    .argument('<file>', 'CSV (or .csv.gz): date_time, raw demand (MW), category, …')
    .option('--json', 'one JSON document')
    .action(async (file: string, flags: Flags) => {
      const score = await scoreFlags(file);
      if (flags.json) return say(JSON.stringify(score, null, 2));
      say(`${score.said}\n`);
      say(table(score.methods.map((method) => ({ ...method }))));
      say(`\nper rule, on the second half\n${table(score.rules.map((rule) => ({ ...rule })))}`);
      say(`\nfound per kind of flag, on the second half\n${table(score.categories.map((kind) => ({ ...kind })))}`);
    });
}

async function configuredRules(config: Config) {
  const store = await openStore(config, 'flux vee');
  try {
    if (!(await networkState(store.pool))) throw noNetwork();
    const { network } = await loadOrCreateNetwork(store.pool, config, () => undefined);
    return await veeConfigFor(config, network);
  } finally {
    await store.leave();
  }
}

function withVee<T>(config: Config, work: (service: VeeService) => Promise<T>): Promise<T> {
  return onStoppedCenter(
    config,
    { applicationName: 'flux vee', askInstead: 'POST /api/vee/runs' },
    async ({ pool, network, engine, sink, pipeline }) => {
      await pipeline.caughtUp();
      const vee = await openVee(config, {
        pool,
        engine,
        network: () => network,
        sink,
        ledger: makeLedger(pool),
        pipeline,
        report: reportToTerminal,
      });
      return work(vee.service);
    },
  );
}
