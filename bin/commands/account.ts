import type { Command, Option } from 'commander';
import { type Role, roles } from '#model/api/common.ts';
import { FluxError } from '#model/errors.ts';
import { makeAccessService } from '#services/access/service.ts';
import { readConfig } from '../config.ts';
import { openStore } from '../store.ts';

/** Accounts are made on the machine itself: who may read the data folder may make them. */
export function accountCommands(program: Command, dataOption: () => Option): void {
  program
    .command('account')
    .description('make a local account; prints its first password once')
    .argument('<user>', 'user name')
    .requiredOption('--role <role>', roles.join(', '))
    .option('--areas <ids>', 'areas of responsibility, comma separated (default: the whole territory)')
    .addOption(dataOption())
    .action((user: string, flags: { role: string; areas?: string; data?: string }) => {
      const account = { user, role: roleFrom(flags.role), areas: flags.areas?.split(',') ?? null };
      return withAccess(flags.data, async (access) => {
        process.stdout.write(`${await access.createAccount(account)}\n`);
      });
    });
  program
    .command('sign-in')
    .description('a new one-time sign-in link; works for an hour')
    .option('--user <user>', 'user name', 'admin')
    .option('--url <address>', 'where the center is', 'http://localhost:8080')
    .addOption(dataOption())
    .action((flags: { user: string; url: string; data?: string }) =>
      withAccess(flags.data, async (access) =>
        process.stdout.write(`${flags.url}/#signin=${await access.makeSignInLink(flags.user)}\n`),
      ),
    );
  program
    .command('token')
    .description('a token for a program that sends readings or asks the API')
    .option('--user <user>', 'user name', 'admin')
    .option('--days <number>', 'days it lives', '365')
    .addOption(dataOption())
    .action((flags: { user: string; days: string; data?: string }) =>
      withAccess(flags.data, async (access) =>
        process.stdout.write(`${await access.makeToken(flags.user, Number(flags.days))}\n`),
      ),
    );
}

function roleFrom(text: string): Role {
  const role = roles.find((known) => known === text);
  if (!role) throw new FluxError('bad_usage', `--role must be one of ${roles.join(', ')}, not ${text}`);
  return role;
}

async function withAccess(
  data: string | undefined,
  work: (access: ReturnType<typeof makeAccessService>) => Promise<unknown>,
): Promise<void> {
  const { config } = readConfig({ dataFolder: data }, process.env);
  const store = await openStore(config, 'flux account');
  try {
    await work(makeAccessService(store.pool, { timeZone: config.timeZone }));
  } catch (error) {
    if ((error as { code?: string }).code === '23503')
      throw new FluxError('unknown_account', 'there is no such account; `flux account NAME --role ROLE` makes one');
    throw error;
  } finally {
    await store.leave();
  }
}
