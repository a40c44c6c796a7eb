/** What the README says of outages, crews, restoration times, reliability and the public face, run on a real center. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { Crew } from '#model/api/crews.ts';
import type { Outage } from '#model/api/outages.ts';
import { ended, flux, launchCommand, type RunningCenter, until } from '../running_center.ts';
import { edgesOf, postEvents } from '../scene.ts';

export interface ReadmeScene {
  center: () => RunningCenter;
  folder: () => string;
}
type Handler = [RegExp, (command: string) => Promise<unknown>];

const day = 86_400_000;
const minute = 60_000;
const iso = (ms: number): string => new Date(ms).toISOString();

/** A summer of 900 outages: bigger ones last longer, nights, too. */
function pastOutages(firstMs: number): string {
  const rows = [
    'outage_number,outage_start,first_seen,last_seen,first_snapshot_without,left_censored,right_censored,customers_first,lat,lon,region',
  ];
  for (let i = 0; i < 900; i++) {
    const start = firstMs + i * 97 * minute;
    const seen = start + 8 * minute;
    const end = start + (60 + ((i * 37) % 120) + (i % 7) * 15) * minute;
    const customers = 1 + ((i * i) % 190);
    const place = `29.${700 + (i % 90)},-95.${300 + (i % 70)}`;
    rows.push(
      `${i},${iso(start)},${iso(seen)},${iso(end)},${iso(end + 10 * minute)},0,0,${customers},${place},R${i % 4}`,
    );
  }
  return `${rows.join('\n')}\n`;
}

function pastDays(): string {
  const rows = Array.from({ length: 400 }, (_, i) => {
    const at = iso(Date.UTC(2025, 0, 1) + i * day).slice(0, 10);
    return `${at},${1000 + ((i * 7919) % 90_000)}`;
  });
  return `date,customer_minutes\n${rows.join('\n')}\n`;
}

export function outageHandlers(scene: ReadmeScene): Handler[] {
  const data = (): string[] => ['--data', scene.center().folder];
  const argsOf = (command: string): string[] => command.replace(/^.*npx flux /, '').split(' ');
  const file = (name: string): string => path.join(scene.folder(), name);

  async function succeeds(command: string, more: string[] = []): Promise<string> {
    const { status, stdout, stderr } = await flux([...argsOf(command), ...more]);
    assert.equal(status, 0, stderr);
    return stdout;
  }
  /** The command with a file of that content in the place of the reader's. */
  async function withFile(command: string, name: string, content: string, more: string[] = data()): Promise<string> {
    await fs.writeFile(file(name), content);
    return succeeds(command.replace(name, file(name)), more);
  }
  const withModel = (command: string): string => command.replace('data/etr-model.json', file('etr-model.json'));

  /** An outage of its own: what the command asks about is there. */
  async function tracesAnOutage(command: string): Promise<void> {
    const center = scene.center();
    const open = async (): Promise<Outage[]> =>
      (await center.call<Outage[]>('GET', '/api/outages')).body.filter((outage) => outage.customers_out > 0);
    if ((await open()).length === 0) {
      const [transformer] = (await edgesOf(center, 'power_transformer')).filter((edge) => edge.meters.length > 2);
      await postEvents(center, 'last_gasp', transformer.meters, Date.now() - 2 * minute);
    }
    const [{ id }] = await until('an outage', async () => {
      const found = await open();
      return found.length > 0 && found;
    });
    assert.match(await succeeds(command.replace('OUT-0000001', id), data()), new RegExp(id));
  }

  async function servesPublicPages(command: string): Promise<void> {
    const folder = path.join(scene.center().folder, 'public');
    await until('the pages are written', () => fs.stat(path.join(folder, 'index.html')).catch(() => false));
    const { child, said } = launchCommand([...argsOf(command.replace('data/public', folder)), '--port', '0']);
    const url = await until('it serves', () => /https?:\/\/\S+/.exec(said())?.[0]);
    const page = await fetch(new URL('/public/', url));
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<svg/);
    child.kill('SIGTERM');
    await ended(child);
  }

  return [
    [/^npx flux outages verify-log$/, (command) => succeeds(command, data())],
    [
      /^npx flux crews import /,
      async (command) => {
        const [{ area_id }] = (await scene.center().call<Crew[]>('GET', '/api/crews')).body;
        const rows = `id,name,kind,size,area,base_lon,base_lat,shifts\nMA-1,Mutual aid,line,4,${area_id},-95.4,29.7,\n`;
        await withFile(command, 'crews.csv', rows);
      },
    ],
    [/^npx flux crews list$/, async (command) => assert.match(await succeeds(command, data()), /troubleman/)],
    [/^npx flux etr trace /, tracesAnOutage],
    [/^npx flux storm run /, async (command) => assert.match(await succeeds(command), /STORM DRILL {2}seed 7/)],
    [
      /^npx flux etr fit /,
      (command) => withFile(withModel(command), 'past.csv', pastOutages(Date.UTC(2025, 4, 1)), []),
    ],
    [
      /^npx flux etr evaluate /,
      (command) => withFile(withModel(command), 'later.csv', pastOutages(Date.UTC(2025, 7, 1)), []),
    ],
    [/^npx flux etr explain /, (command) => succeeds(withModel(command))],
    [/^npx flux reliability --by feeder$/, (command) => succeeds(command, data())],
    [
      /^npx flux reliability med /,
      async (command) => assert.match(await withFile(command, 'days.csv', pastDays(), []), /T_MED/),
    ],
    [
      /^npx flux reliability import /,
      (command) =>
        withFile(
          command,
          'interruptions.csv',
          'start,end,customers,cause\n2025-02-01T10:00:00Z,2025-02-01T11:30:00Z,120,tree\n',
        ),
    ],
    [
      /^npx flux reliability pack /,
      async (command) => {
        await succeeds(command.replace('--out report', `--out ${file('report')}`), data());
        assert.ok((await fs.readdir(file('report'))).some((name) => name.endsWith('.pdf')));
      },
    ],
    [
      /^npx flux accounts import /,
      (command) =>
        withFile(command, 'accounts.csv', 'account_id,meter_id,address\n77-001,MTR-0000001,500 Bayou Blvd\n'),
    ],
    [/^npx flux public serve /, servesPublicPages],
  ];
}
