import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { FluxError } from '#model/errors.ts';

const benchFolder = path.join(path.dirname(path.dirname(import.meta.dirname)), 'bench');

/** Benchmarks are programs of their own, each beside its opponents; `flux bench` finds and runs one. */
export function benchCommand(program: Command): void {
  program
    .command('bench')
    .description('run a benchmark with its opponents; prints one JSON document')
    .argument('[name]', 'which; none = list them')
    .argument('[options...]', 'its own options')
    .allowUnknownOption()
    .action(async (name: string | undefined, options: string[]) => {
      const known = readdirSync(benchFolder)
        .filter((file) => file.endsWith('.bench.ts'))
        .map((file) => file.slice(0, -'.bench.ts'.length));
      if (!name) {
        process.stdout.write(`${known.join('\n')}\n`);
        return;
      }
      if (!known.includes(name))
        throw new FluxError('bad_usage', `there is no benchmark ${name}; there are: ${known.join(', ')}`);
      const child = spawn(process.execPath, [path.join(benchFolder, `${name}.bench.ts`), ...options], {
        stdio: 'inherit',
      });
      process.exitCode = await new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
    });
}
