/**
 * Accounts and addresses in memory: packed ids and chains of row numbers, so that 600,000 premises cost tens of megabytes
 * and a look-up answers while the operational store is away.
 */
import { IdColumnBuilder } from '#model/id_column.ts';
import { type NormalAddress, normalAddress } from './address.ts';
import type { PremiseRow } from './sql.ts';

export interface Found {
  meter: number;
  /** the premise in its written form, as a candidate is shown: nothing but the address itself */
  label: string;
}

export interface Premises {
  count: number;
  ofAccount(account: string): Found[];
  /** Homes that fit: of the unit and place as far as they are given. */
  ofAddress(address: NormalAddress): Found[];
}

/** Accounts are digits and letters; blanks and dashes are how bills print them. */
export const accountOf = (text: string): string => text.toUpperCase().replaceAll(/[\s-]/g, '');

const none = -1;

/** Rows by a text that may stand several times: the first row of each text, and a chain through the others. */
class Chains {
  readonly #texts: IdColumnBuilder;
  readonly #first: number[] = [];
  readonly #last: number[] = [];
  readonly #next: number[] = [];
  readonly #textOf: number[] = [];

  constructor(expected: number) {
    this.#texts = new IdColumnBuilder(expected);
  }

  add(text: string): void {
    const row = this.#next.push(none) - 1;
    const id = this.#texts.rowFor(text);
    if (id === this.#first.length) this.#first.push(row);
    else this.#next[this.#last[id]] = row;
    this.#last[id] = row;
    this.#textOf.push(id);
  }

  pack(): { rowsOf(text: string): number[]; textOf(row: number): string } {
    const texts = this.#texts.build();
    const first = new Int32Array(this.#first);
    const next = new Int32Array(this.#next);
    const textOf = new Int32Array(this.#textOf);
    return {
      rowsOf: (text) => {
        const rows: number[] = [];
        const id = texts.rowOf(text);
        for (let row = id < 0 ? none : first[id]; row !== none; row = next[row]) rows.push(row);
        return rows;
      },
      textOf: (row) => texts.at(textOf[row]),
    };
  }
}

/** Takes premises piece by piece; about as many as `expected`. `finish` gives the index, in some milliseconds. */
export function premisesBuilder(expected: number): { add(rows: readonly PremiseRow[]): void; finish(): Premises } {
  const accountsToPack = new Chains(expected);
  const streetsToPack = new Chains(expected);
  const meters: number[] = [];
  const units: string[] = [];
  const placeNames: string[] = [];
  const placeNo = new Map<string, number>();
  const places: number[] = [];
  return {
    add: (rows) => {
      for (const row of rows) {
        accountsToPack.add(row.account_id);
        streetsToPack.add(row.street_key);
        meters.push(row.meter_key);
        units.push(row.unit);
        let no = placeNo.get(row.place);
        if (no === undefined) {
          no = placeNames.push(row.place) - 1;
          placeNo.set(row.place, no);
        }
        places.push(no);
      }
    },
    finish: () => {
      const accounts = accountsToPack.pack();
      const streets = streetsToPack.pack();
      const packedMeters = new Int32Array(meters);
      const packedPlaces = new Int32Array(places);
      const found = (row: number): Found => {
        const unit = units[row] === '' ? '' : ` UNIT ${units[row]}`;
        const place = placeNames[packedPlaces[row]];
        return { meter: packedMeters[row], label: `${streets.textOf(row)}${unit}${place === '' ? '' : `, ${place}`}` };
      };
      return {
        count: packedMeters.length,
        ofAccount: (account) => accounts.rowsOf(accountOf(account)).map(found),
        ofAddress: ({ key, unit, place }) =>
          streets
            .rowsOf(key)
            .filter(
              (row) =>
                (unit === '' || units[row] === unit) &&
                (place === '' || placeNames[packedPlaces[row]] === place || isOutside(place, placeNo)),
            )
            .map(found),
      };
    },
  };
}

/** A place nobody is served in is how people write a city or a state: it says nothing about which street is meant. */
function isOutside(place: string, known: ReadonlyMap<string, number>): boolean {
  return !known.has(place);
}

/** The premise of one record of an accounts file, or why there is none. */
export function premiseOf(
  values: { account: string; meter: string; address: string; place: string },
  meterRowOf: (id: string) => number,
): (PremiseRow & { address: string }) | { code: string; reason: string } {
  const account = accountOf(values.account);
  if (!/^[\dA-Z]{4,40}$/.test(account))
    return {
      code: 'bad_account',
      reason: `account_id ${JSON.stringify(values.account)} must have 4 to 40 letters and digits; blanks and dashes do not count`,
    };
  const meter = meterRowOf(values.meter.trim());
  if (meter < 0)
    return {
      code: 'unknown_meter',
      reason: `meter_id ${JSON.stringify(values.meter)} is no meter of the network; correct it, or import the network first`,
    };
  const normal = normalAddress(values.address);
  if (!normal)
    return {
      code: 'bad_address',
      reason: `address ${JSON.stringify(values.address)} must begin with a house number and name a street, e.g. 1240 N Alder St Apt 4`,
    };
  const place = normalAddress(`1 X, ${values.place}`)?.place ?? '';
  return {
    meter_key: meter,
    account_id: account,
    address: values.address.trim(),
    street_key: normal.key,
    unit: normal.unit,
    place: place === '' ? normal.place : place,
  };
}
