/** The command line. Each command parses its flags here and hands over to one function. */
import { Command, CommanderError, Option } from 'commander';
import { version } from './about.ts';
import { accountCommands } from './commands/account.ts';
import { accountsCommands } from './commands/accounts.ts';
import { benchCommand } from './commands/bench.ts';
import { crewCommands } from './commands/crews.ts';
import { doctorCommand } from './commands/doctor.ts';
import { etrCommands } from './commands/etr.ts';
import { generateCommand } from './commands/generate.ts';
import { kafkaCommands } from './commands/kafka.ts';
import { layersCommands } from './commands/layers.ts';
import { networkCommands } from './commands/network.ts';
import { observationCommands } from './commands/observations.ts';
import { outagesCommands } from './commands/outages.ts';
import { publicCommands } from './commands/public.ts';
import { readingsCommands } from './commands/readings.ts';
import { reliabilityCommands } from './commands/reliability.ts';
import { startCommand } from './commands/start.ts';
import { stormCommands } from './commands/storm.ts';
import { veeCommands } from './commands/vee.ts';
import { endWith } from './terminal.ts';

const program = new Command('flux')
  .description('Flux Operations Center: grid operations for electric distribution utilities')
  .version(version)
  .showHelpAfterError('(see --help)')
  .exitOverride();

const dataOption = () => new Option('--data <folder>', 'data folder (default: ./data, or FLUX_DATA)');
for (const add of [
  startCommand,
  networkCommands,
  generateCommand,
  readingsCommands,
  observationCommands,
  layersCommands,
  kafkaCommands,
  veeCommands,
  outagesCommands,
  crewCommands,
  etrCommands,
  reliabilityCommands,
  stormCommands,
  accountsCommands,
  publicCommands,
  accountCommands,
  doctorCommand,
  benchCommand,
])
  add(program, dataOption);

try {
  await program.parseAsync();
} catch (error) {
  // commander has said it already: 0 after --help and --version, 2 after a usage error
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  endWith(error, process.argv.includes('--json'));
}
