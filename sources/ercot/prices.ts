/**
 * ERCOT settlement point prices, both published layouts. Hours are hours ending 1 to 24 of Central time with four
 * intervals; the repeated hour of autumn has its flag set, the day of spring lacks hour 3. Prices come out by interval
 * START in UTC. A load zone is published under several types (LZ, LZEW): the key of a price includes the type.
 */
import { FluxError } from '#model/errors.ts';
import { fieldsOf, linesOf, numberOf } from '#sources/files/lines.ts';
import { makeLocalClock } from '#sources/files/local_clock.ts';
import type { FileInput } from '#sources/files/piece.ts';

export interface Price {
  settlementPoint: string;
  /** RN, HB, LZ, LZEW, ... */
  type: string;
  /** UTC epoch seconds */
  intervalStartS: number;
  usdPerMwh: number;
}

/** A line that gives no value. */
export interface RefusedLine {
  line: number;
  code: string;
  reason: string;
}

export interface PricePiece {
  prices: Price[];
  refused: RefusedLine[];
}

const zone = 'America/Chicago';
const names = {
  date: ['DeliveryDate', 'Delivery Date'],
  hour: ['DeliveryHour', 'Delivery Hour'],
  interval: ['DeliveryInterval', 'Delivery Interval'],
  repeated: ['DSTFlag', 'Repeated Hour Flag'],
  point: ['SettlementPointName', 'Settlement Point Name'],
  type: ['SettlementPointType', 'Settlement Point Type'],
  price: ['SettlementPointPrice', 'Settlement Point Price'],
} as const;
type Columns = Record<keyof typeof names, number>;

/** ERCOT's offer cap was 9,000 USD/MWh, with adders above it in February 2021; beyond this is damage */
const maxUsdPerMwh = 20_000;

/** @throws FluxError `bad_header`, `empty_file` */
export async function* readErcotPrices(input: FileInput): AsyncGenerator<PricePiece> {
  const clock = makeLocalClock(zone);
  let columns: Columns | undefined;
  let width = 0;
  for await (const { first, texts } of linesOf(input)) {
    const piece: PricePiece = { prices: [], refused: [] };
    for (let i = 0; i < texts.length; i++) {
      if (texts[i].trim() === '') continue;
      const fields = fieldsOf(texts[i]).map((field) => field.trim());
      if (!columns) {
        columns = columnsOf(fields);
        width = fields.length;
        continue;
      }
      const price = fields.length === width ? priceOf(fields, columns, clock) : wrongWidth(fields.length, width);
      if ('code' in price) piece.refused.push({ line: first + i, ...price });
      else piece.prices.push(price);
    }
    yield piece;
  }
  if (!columns) throw new FluxError('empty_file', 'the file is empty');
}

function columnsOf(header: string[]): Columns {
  const at = Object.fromEntries(
    Object.entries(names).map(([key, known]) => [key, header.findIndex((name) => known.includes(name as never))]),
  ) as Columns;
  const missing = Object.entries(at).filter(([, column]) => column < 0);
  if (missing.length > 0)
    throw new FluxError(
      'bad_header',
      `line 1 has no column ${missing.map(([key]) => names[key as keyof Columns].join(' or ')).join(', ')}; this is not an ERCOT settlement point price report`,
    );
  return at;
}

type Problem = Omit<RefusedLine, 'line'>;

const wrongWidth = (found: number, expected: number): Problem => ({
  code: 'wrong_field_count',
  reason: `${found} fields where the header has ${expected}`,
});

function priceOf(fields: string[], at: Columns, clock: ReturnType<typeof makeLocalClock>): Price | Problem {
  const date = /^(\d\d?)\/(\d\d?)\/(\d{4})$/.exec(fields[at.date]);
  // "01:00" in some reports, "1" in most
  const hour = numberOf(fields[at.hour].replace(/:00$/, ''));
  const interval = numberOf(fields[at.interval]);
  if (!date) return { code: 'bad_time', reason: `delivery date '${fields[at.date]}' must be MM/DD/YYYY` };
  if (!Number.isInteger(hour) || hour < 1 || hour > 24)
    return { code: 'bad_time', reason: `delivery hour '${fields[at.hour]}' must be an hour ending, 1 to 24` };
  if (!Number.isInteger(interval) || interval < 1 || interval > 4)
    return { code: 'bad_time', reason: `delivery interval '${fields[at.interval]}' must be 1 to 4` };
  const flag = fields[at.repeated].toUpperCase();
  if (flag !== 'Y' && flag !== 'N') return { code: 'bad_flag', reason: `repeated hour flag '${flag}' must be Y or N` };
  const [month, day, year] = date.slice(1).map(Number);
  const instants = clock.instants(year, month, day, (hour - 1) * 3600 + (interval - 1) * 900);
  if (instants.length === 0)
    return { code: 'bad_time', reason: `hour ending ${hour} of ${date[0]} does not exist in ${zone}` };
  if (flag === 'Y' && instants.length < 2)
    return { code: 'bad_flag', reason: `hour ending ${hour} of ${date[0]} is not repeated, but flagged so` };
  const usdPerMwh = numberOf(fields[at.price]);
  if (!(Math.abs(usdPerMwh) <= maxUsdPerMwh))
    return { code: 'bad_price', reason: `price '${fields[at.price]}' must be a number within ${maxUsdPerMwh} USD/MWh` };
  const [settlementPoint, type] = [fields[at.point], fields[at.type]];
  if (settlementPoint === '' || type === '')
    return { code: 'bad_settlement_point', reason: 'settlement point and its type must not be empty' };
  return { settlementPoint, type, intervalStartS: instants[flag === 'Y' ? 1 : 0], usdPerMwh };
}
