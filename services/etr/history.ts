/**
 * Outages of the past as a file tells them: one row per outage, seen first and last in snapshots some minutes apart. The
 * moment of restoration is known as an interval: after `lastSeenS`, not after `goneS`.
 */
import { FluxError } from '#model/errors.ts';

export interface PastOutage {
  /** rises with each outage the utility opens; null where unknown */
  number: number | null;
  /** UTC epoch seconds of the reported start; `firstSeenS` where the file has none that can be true */
  startS: number;
  firstSeenS: number;
  lastSeenS: number;
  /** first snapshot without it; null while it lasts (right-censored) */
  goneS: number | null;
  /** present in the first snapshot there is: nobody knows when it could have been seen first */
  leftCensored: boolean;
  /** customers out when first seen */
  customers: number;
  /** the utility's own first estimate, and when it was published */
  publishedEtrS: number | null;
  publishedAtS: number | null;
  /** last known cause; never an input of a prediction at first sight */
  cause: string | null;
  lat: number;
  lon: number;
  /** town, district or area */
  region: string;
}

export interface HistoryProblem {
  /** 1 = the heading */
  line: number;
  field: string;
  problem: string;
}

export interface OutageHistory {
  /** in order of first sight */
  outages: PastOutage[];
  read: number;
  /** rows that can not be used, with the reason; at most 100 are kept, `setAsideCount` counts all */
  setAside: HistoryProblem[];
  setAsideCount: number;
}

const needed = [
  'outage_start',
  'first_seen',
  'last_seen',
  'first_snapshot_without',
  'left_censored',
  'right_censored',
  'customers_first',
  'lat',
  'lon',
  'region',
] as const;

/** A start so long before the first sight is a clock that was never set (1970), not an outage. */
const longestUnseenS = 30 * 86_400;

/**
 * Reads the columns of `pge_events_*` (docs: `flux etr fit --help`); more columns are passed over.
 * @throws FluxError `bad_file` where the heading lacks a column or no row can be used
 */
export function parseHistory(text: string, file: string): OutageHistory {
  const lines = text.split(/\r?\n/);
  const heading = cells(lines[0] ?? '');
  const at = new Map(heading.map((name, i) => [name.trim(), i]));
  const missing = needed.filter((name) => !at.has(name));
  if (missing.length > 0)
    throw new FluxError(
      'bad_file',
      `${file}, line 1: no column ${missing.join(', ')}; the heading must name ${needed.join(', ')}`,
    );
  const history: OutageHistory = { outages: [], read: 0, setAside: [], setAsideCount: 0 };
  for (let i = 1; i < lines.length; i++) {
    if (lines[i] === '') continue;
    history.read++;
    const row = cells(lines[i]);
    const outage = readRow((name) => (at.has(name) ? (row[at.get(name)!] ?? '').trim() : ''));
    if ('problem' in outage) {
      history.setAsideCount++;
      if (history.setAside.length < 100) history.setAside.push({ line: i + 1, ...outage });
    } else history.outages.push(outage);
  }
  if (history.outages.length === 0)
    throw new FluxError(
      'bad_file',
      `${file}: none of ${history.read} rows can be used${history.setAside[0] ? `; line ${history.setAside[0].line}, ${history.setAside[0].field}: ${history.setAside[0].problem}` : ''}`,
    );
  history.outages.sort((a, b) => a.firstSeenS - b.firstSeenS || a.startS - b.startS);
  return history;
}

function readRow(cell: (name: string) => string): PastOutage | { field: string; problem: string } {
  const seconds = (name: string): number | null => (cell(name) === '' ? null : Date.parse(cell(name)) / 1000);
  const wrong = (field: string, problem: string) => ({ field, problem: `${problem} (is "${cell(field)}")` });
  for (const field of ['outage_start', 'first_seen', 'last_seen', 'first_snapshot_without', 'etr_first'] as const)
    if (Number.isNaN(seconds(field))) return wrong(field, 'must be ISO 8601, e.g. 2019-08-01T00:00:32Z');
  const firstSeenS = seconds('first_seen');
  const lastSeenS = seconds('last_seen');
  if (firstSeenS === null) return wrong('first_seen', 'is missing');
  if (lastSeenS === null || lastSeenS < firstSeenS) return wrong('last_seen', 'must not be before first_seen');
  const isOpen = cell('right_censored') === '1';
  const goneS = isOpen ? null : seconds('first_snapshot_without');
  if (!isOpen && (goneS === null || goneS <= lastSeenS))
    return wrong('first_snapshot_without', 'must be after last_seen, or right_censored must be 1');
  const customers = Number(cell('customers_first') || Number.NaN);
  if (!(customers >= 0)) return wrong('customers_first', 'must be a number that is not negative');
  const [lat, lon] = [Number(cell('lat') || Number.NaN), Number(cell('lon') || Number.NaN)];
  if (!(Math.abs(lat) <= 90)) return wrong('lat', 'must be degrees from -90 to 90');
  if (!(Math.abs(lon) <= 180)) return wrong('lon', 'must be degrees from -180 to 180');
  const startS = seconds('outage_start');
  const number = Number(cell('outage_number') || Number.NaN);
  return {
    number: Number.isFinite(number) ? number : null,
    startS: startS === null || firstSeenS - startS > longestUnseenS ? firstSeenS : startS,
    firstSeenS,
    lastSeenS,
    goneS,
    leftCensored: cell('left_censored') === '1',
    customers,
    publishedEtrS: seconds('etr_first'),
    publishedAtS: seconds('etr_first_published'),
    cause: cell('cause_last') || null,
    lat,
    lon,
    region: cell('region'),
  };
}

/** The cells of one CSV line; a quoted cell may hold commas and doubled quotes, not line ends. */
function cells(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  const found: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (quoted && c === '"' && line[i + 1] === '"') cell += line[++i];
    else if (c === '"') quoted = !quoted;
    else if (c === ',' && !quoted) {
      found.push(cell);
      cell = '';
    } else cell += c;
  }
  return [...found, cell];
}

/** The history as it stood at a moment: later outages are unknown, those open then have no end yet. */
export function asOf(outages: readonly PastOutage[], atS: number): PastOutage[] {
  return outages
    .filter((outage) => outage.firstSeenS <= atS)
    .map((outage) =>
      outage.goneS !== null && outage.goneS <= atS
        ? outage
        : { ...outage, lastSeenS: Math.min(outage.lastSeenS, atS), goneS: null },
    );
}
