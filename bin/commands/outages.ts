import type { Command, Option } from 'commander';
import { verifyLog } from '#services/outages/log_sql.ts';
import { readConfig } from '../config.ts';
import { openStore } from '../store.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

export function outagesCommands(program: Command, dataOption: () => Option): void {
  const outages = program.command('outages').description('the record of outages');
  outages
    .command('verify-log')
    .description('check that no entry of the outage log was changed, removed or put in; exit status 1 where one was')
    .addOption(dataOption())
    .option('--json', 'one JSON document')
    .action(async (flags: { data?: string; json?: boolean }) => {
      const { config } = readConfig({ dataFolder: flags.data }, process.env);
      const store = await openStore(config, 'flux outages');
      try {
        const verdict = await verifyLog(store.pool);
        if (flags.json) say(JSON.stringify(verdict, null, 2));
        else if (verdict.broken === null)
          say(`whole: ${verdict.entries.toLocaleString('en-US')} entries, head ${verdict.head || '(none)'}`);
        else {
          const { log_id, outage_id, why } = verdict.broken;
          const where = log_id > 0 ? `at entry ${log_id} (${outage_id})` : 'at its end';
          say(`broken ${where}: ${why}\n${verdict.entries.toLocaleString('en-US')} entries before it are whole`);
        }
        if (verdict.broken !== null) process.exitCode = 1;
      } finally {
        await store.leave();
      }
    });
}
