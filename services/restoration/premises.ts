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

/** Whole numbers as they come. In typed memory: a million numbers in an array of JavaScript are walked at each collection. */
class Numbers {
  #values: Int32Array<ArrayBuffer>;
  count = 0;

  constructor(expected: number) {
    this.#values = new Int32Array(Math.max(expected, 16));
  }

  /** @returns its row */
  push(value: number): number {
    if (this.count === this.#values.length) {
      const larger = new Int32Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.count] = value;
    return this.count++;
  }

  at(row: number): number {
    return this.#values[row];
  }

  set(row: number, value: number): void {
    this.#values[row] = value;
  }
}

/** Rows by a text that may stand several times: the first row of each text, and a chain through the others. */
class Chains {
  readonly #texts: IdColumnBuilder;
  readonly #first: Numbers;
  readonly #last: Numbers;
  readonly #next: Numbers;
  readonly #textOf: Numbers;

  constructor(expected: number) {
    this.#texts = new IdColumnBuilder(expected);
    this.#first = new Numbers(expected);
    this.#last = new Numbers(expected);
    this.#next = new Numbers(expected);
    this.#textOf = new Numbers(expected);
  }

  add(text: string): void {
    const row = this.#next.push(none);
    const id = this.#texts.rowFor(text);
    if (id === this.#first.count) {
      this.#first.push(row);
      this.#last.push(row);
    } else {
      this.#next.set(this.#last.at(id), row);
      this.#last.set(id, row);
    }
    this.#textOf.push(id);
  }

  pack(): { rowsOf(text: string): number[]; textOf(row: number): string } {
    const texts = this.#texts.build();
    const [first, next, textOf] = [this.#first, this.#next, this.#textOf];
    return {
      rowsOf: (text) => {
        const rows: number[] = [];
        const id = texts.rowOf(text);
        for (let row = id < 0 ? none : first.at(id); row !== none; row = next.at(row)) rows.push(row);
        return rows;
      },
      textOf: (row) => texts.at(textOf.at(row)),
    };
  }
}

/** Texts of few kinds, a number a row. */
class Kinds {
  readonly #texts: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #rows: Numbers;

  constructor(expected: number) {
    this.#rows = new Numbers(expected);
  }

  add(text: string): void {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#texts.push(text) - 1;
      this.#numbers.set(text, number);
    }
    this.#rows.push(number);
  }

  at(row: number): string {
    return this.#texts[this.#rows.at(row)];
  }

  has(text: string): boolean {
    return this.#numbers.has(text);
  }
}

/** Takes premises piece by piece; about as many as `expected`. `finish` gives the index, in some milliseconds. */
export function premisesBuilder(expected: number): { add(rows: readonly PremiseRow[]): void; finish(): Premises } {
  const accountsToPack = new Chains(expected);
  const streetsToPack = new Chains(expected);
  const meters = new Numbers(expected);
  const units = new Kinds(expected);
  const places = new Kinds(expected);
  return {
    add: (rows) => {
      for (const row of rows) {
        accountsToPack.add(row.account_id);
        streetsToPack.add(row.street_key);
        meters.push(row.meter_key);
        units.add(row.unit);
        places.add(row.place);
      }
    },
    finish: () => {
      const accounts = accountsToPack.pack();
      const streets = streetsToPack.pack();
      const found = (row: number): Found => {
        const unit = units.at(row) === '' ? '' : ` UNIT ${units.at(row)}`;
        const place = places.at(row);
        return { meter: meters.at(row), label: `${streets.textOf(row)}${unit}${place === '' ? '' : `, ${place}`}` };
      };
      return {
        count: meters.count,
        ofAccount: (account) => accounts.rowsOf(accountOf(account)).map(found),
        ofAddress: ({ key, unit, place }) =>
          streets
            .rowsOf(key)
            .filter(
              (row) =>
                (unit === '' || units.at(row) === unit) &&
                // a place nobody is served in is how people write a city or a state: it does not say which street is meant
                (place === '' || places.at(row) === place || !places.has(place)),
            )
            .map(found),
      };
    },
  };
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
