import { createReadStream } from 'node:fs';
import fs from 'node:fs/promises';
import type { Command, Option } from 'commander';
import { FluxError } from '#model/errors.ts';
import { readRoster, rosterColumns } from '#services/crews/roster_file.ts';
import { shiftsAround, writeShifts } from '#services/crews/shifts.ts';
import { allCrews, appendLog, crewById, keepCrew } from '#services/crews/sql.ts';
import { toCrew } from '#services/crews/view.ts';
import { fieldsOf, linesOf } from '#sources/files/lines.ts';
import { networkState } from '#stores/postgres/network_tables.ts';
import { inTransaction, type Pool } from '#stores/postgres/pool.ts';
import { readConfig } from '../config.ts';
import { noNetwork } from '../stopped_center.ts';
import { openStore } from '../store.ts';
import { table } from '../terminal.ts';

interface Flags {
  data?: string;
  dryRun?: boolean;
  json?: boolean;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

export function crewCommands(program: Command, dataOption: () => Option): void {
  const crews = program.command('crews').description('field crews: import, list');
  crews
    .command('import')
    .description(
      `load crews from a CSV file with the columns ${rosterColumns.join(', ')}; shifts like "Mon-Fri 07:00-19:00 America/Chicago; Sat 22:00-06:00 America/Chicago". Known crews keep status, position and jobs; works beside a running center`,
    )
    .argument('<file>', 'CSV file')
    .option('--dry-run', 'read and report, change nothing')
    .addOption(dataOption())
    .option('--json', 'one JSON document')
    .action(importCrews);
  crews
    .command('list')
    .description('crews with status, jobs and shift')
    .addOption(dataOption())
    .option('--json', 'one JSON document')
    .action(listCrews);
}

async function onStore<T>(flags: Flags, work: (pool: Pool) => Promise<T>): Promise<T> {
  const { config } = readConfig({ dataFolder: flags.data }, process.env);
  const store = await openStore(config, 'flux crews');
  try {
    if (!(await networkState(store.pool))) throw noNetwork();
    return await work(store.pool);
  } finally {
    await store.leave();
  }
}

async function linesWithFields(file: string) {
  const stat = await fs.stat(file).catch(() => undefined);
  if (!stat?.isFile()) throw new FluxError('no_such_file', `${file} is no file that can be read; check the path`);
  const lines: { line: number; fields: string[] }[] = [];
  for await (const { first, texts } of linesOf({ name: file, open: () => createReadStream(file) }))
    texts.forEach((text, i) => {
      if (text.trim() !== '') lines.push({ line: first + i, fields: fieldsOf(text) });
    });
  return lines;
}

async function importCrews(file: string, flags: Flags): Promise<void> {
  const lines = await linesWithFields(file);
  const report = await onStore(flags, async (pool) => {
    const { rows } = await pool.query<{ id: string }>('select area.id from area');
    const areas = new Set(rows.map((row) => row.id));
    const { crews, refused } = readRoster(lines, (id) => areas.has(id));
    const counts = { added: 0, changed: 0, same: 0 };
    const at = new Date();
    if (!flags.dryRun)
      await inTransaction(pool, async (client) => {
        for (const crew of crews) {
          const inShift = shiftsAround(crew.shifts, at.getTime()).current !== null;
          const outcome = await keepCrew(client, crew, at, inShift);
          counts[outcome]++;
          if (outcome === 'same') continue;
          const { status } = (await crewById(client, crew.crew_id))!;
          await appendLog(client, crew.crew_id, {
            at,
            actor: 'import',
            verb: outcome === 'added' ? 'added' : 'changed',
            from_status: null,
            to_status: status,
            outage_id: null,
            reason: null,
          });
        }
      });
    return {
      read: lines.length - 1,
      accepted: crews.length,
      ...counts,
      refused: refused.length,
      refused_rows: refused,
    };
  });
  if (flags.json) say(JSON.stringify(report, null, 2));
  else {
    const { refused_rows: refused, ...facts } = report;
    for (const [name, value] of Object.entries(facts)) say(`${name.padEnd(12)}${value}`);
    for (const { line, field, reason } of refused) say(`${file}:${line}: ${field}: ${reason}`);
  }
  // rows that were left out are the sender's to mend: a script must notice
  if (report.refused > 0) process.exitCode = 1;
}

async function listCrews(flags: Flags): Promise<void> {
  const nowMs = Date.now();
  const crews = (await onStore(flags, allCrews)).map((row) => toCrew(row, shiftsAround(row.shifts, nowMs)));
  if (flags.json) return say(JSON.stringify(crews, null, 2));
  say(
    table(
      crews.map((crew) => ({
        id: crew.id,
        name: crew.name,
        kind: crew.kind,
        area: crew.area_id,
        size: crew.size,
        status: crew.status,
        jobs: crew.jobs.map((job) => job.outage_id).join(' '),
        shifts: writeShifts(crew.shifts),
      })),
    ),
  );
}
