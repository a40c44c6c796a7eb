/** Places for who answers the phone: found by the first of an account number, or by house number and parts of a street. */
import { type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';
import { normalAddress } from './address.ts';
import { accountOf } from './premises.ts';

export interface PlaceFound {
  /** key */
  meter: number;
  account: string;
  /** as on the bill, with its place */
  address: string;
  by: 'account' | 'address';
}

interface PlaceRow {
  meter: number;
  account: string;
  address: string;
  street: string;
  unit: string;
  place: string;
}

const columns = `
  premise.meter_key as meter, premise.account_id as account, premise.address, premise.street_key as street, premise.unit,
  premise.place`;

const byAccount: NamedQuery = {
  name: 'premise_by_account_prefix',
  text: `
    select ${columns}
    from premise
    where premise.account_id collate "C" >= $1 and premise.account_id collate "C" < $2
    order by premise.account_id collate "C", premise.meter_key
    limit $3`,
};
const byNumber: NamedQuery = {
  name: 'premise_by_house_number',
  text: `
    select ${columns}
    from premise
    where premise.street_key collate "C" >= $1 and premise.street_key collate "C" < $2
    order by premise.street_key collate "C", premise.unit, premise.place, premise.meter_key
    limit 20000`,
};
const ofMeter: NamedQuery = {
  name: 'premise_of_meter',
  text: `select ${columns} from premise where premise.meter_key = $1`,
};

const found = ({ meter, account, address, place }: PlaceRow, by: PlaceFound['by']): PlaceFound => ({
  ...{ meter, account, by },
  address: place === '' ? address : `${address}, ${asWritten(place)}`,
});
/** Places are kept in capitals. */
const asWritten = (place: string): string =>
  place.toLowerCase().replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());

/** Each word begins a word of the street, or is a longer way to write one ("STRE" for ST). */
function fits(street: string, words: readonly string[]): boolean {
  const parts = street.split(' ').slice(1);
  return words.every((word) =>
    parts.some((part) => part.startsWith(word) || (part.length > 1 && word.startsWith(part))),
  );
}

/** 0 as written, 1 begins as written, 2 has the words somewhere. */
const rankOf = (street: string, key: string): number => (street === key ? 0 : street.startsWith(key) ? 1 : 2);

/** Best first: the account as it is written, the street as it is written, then what begins like it. */
export async function placesLike(on: Queryable, text: string, most: number): Promise<PlaceFound[]> {
  const account = accountOf(text);
  if (/^(?=.*\d)[\dA-Z]{4,40}$/.test(account)) {
    const rows = await rowsOf<PlaceRow>(on, byAccount, [account, `${account}~`, most]);
    if (rows.length > 0) return rows.map((row) => found(row, 'account'));
  }
  const normal = normalAddress(text);
  if (!normal) return [];
  const [number, ...words] = normal.key.split(' ');
  const rows = await rowsOf<PlaceRow>(on, byNumber, [`${number} `, `${number}!`]);
  return rows
    .filter(
      ({ street, unit, place }) =>
        fits(street, words) && unit.startsWith(normal.unit) && place.startsWith(normal.place),
    )
    .toSorted((a, b) => rankOf(a.street, normal.key) - rankOf(b.street, normal.key))
    .slice(0, most)
    .map((row) => found(row, 'address'));
}

export async function placeOfMeter(on: Queryable, meter: number): Promise<PlaceFound | null> {
  const row = await oneRow<PlaceRow>(on, ofMeter, [meter]);
  return row ? found(row, 'account') : null;
}
