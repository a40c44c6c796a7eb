/** How commands speak: answers on stdout, progress and errors on stderr, exit status 0, 1 (failed) or 2 (bad usage). */
import { FluxError, messageOf } from '#model/errors.ts';

/** One line that is written over itself on a terminal; plain lines where stderr is none. */
export function progressLine(): { show: (share: number, what: string) => void; done: () => void } {
  const isTerminal = process.stderr.isTTY === true;
  let last = '';
  let open = false;
  return {
    show: (share, what) => {
      if (isTerminal) {
        const filled = Math.round(share * 24);
        process.stderr.write(
          `\r\x1b[2K  ${'█'.repeat(filled)}${'░'.repeat(24 - filled)} ${String(Math.round(share * 100)).padStart(3)} %  ${what.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 38))}`,
        );
        open = true;
      } else if (what !== last) process.stderr.write(`${String(Math.round(share * 100)).padStart(3)} % ${what}\n`);
      last = what;
    },
    done: () => {
      if (open) process.stderr.write('\r\x1b[2K');
      open = false;
    },
  };
}

/** Says what went wrong and ends with the right status; the stack only where it is our fault. */
export function endWith(error: unknown, json: boolean): never {
  const code = error instanceof FluxError ? error.code : 'internal';
  if (json) process.stdout.write(`${JSON.stringify({ error: { code, message: messageOf(error) } })}\n`);
  process.stderr.write(`flux: ${messageOf(error)}\n`);
  if (!(error instanceof FluxError) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exit(code === 'bad_usage' ? 2 : 1);
}

/** Columns of text, right-aligned where they are numbers. */
export function table(rows: Record<string, unknown>[]): string {
  if (rows.length === 0) return '';
  const names = Object.keys(rows[0]);
  const text = (value: unknown): string =>
    typeof value === 'number'
      ? value.toLocaleString('en-US')
      : value === null || value === undefined
        ? '-'
        : String(value);
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => text(row[name]).length)));
  const line = (cells: string[], numeric: boolean[]): string =>
    cells
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  const numeric = names.map((name) => rows.every((row) => typeof row[name] === 'number' || row[name] === null));
  return [
    line(names, numeric),
    ...rows.map((row) =>
      line(
        names.map((name) => text(row[name])),
        numeric,
      ),
    ),
  ].join('\n');
}
