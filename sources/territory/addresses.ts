/**
 * Accounts and service addresses of a synthetic territory. A neighbourhood is named after its substation; its streets run
 * along a grid of its own, a street name for each row and column; house numbers count a hundred to the block, even on one
 * side. Customers who stand on one spot share a house number and have units. Pure: the same network gives the same
 * addresses, and an import appends to them.
 */
import type { NetworkColumns } from '#model/network.ts';
import { toX, toY } from './geometry.ts';
import { hashUnit, mix } from './random.ts';

export interface ServiceAddress {
  meter: number;
  account: string;
  address: string;
  place: string;
}

const trees =
  'Alder Aspen Bayberry Beech Birch Bluebonnet Brazos Briar Caddo Cedar Cherry Chestnut Colorado Comal Concho Cottonwood Cypress Dogwood Elm Fannin Fern Fig Frio Guadalupe Hackberry Hawthorn Hazel Heather Hickory Holly Huisache Iris Ivy Jasmine Juniper Lamar Lantana Laurel Lavaca Linden Llano Locust Magnolia Maple Mesquite Milam Mimosa Mulberry Myrtle Navarro Neches Nueces Oak Oleander Olive Palm Palo Pecan Pedernales Persimmon Pine Plum Poplar Primrose Redbud Rosewood Rusk Sabine Sage Salado Sassafras Sequoia Spruce Sumac Sycamore Tallow Thistle Travis Trinity Tupelo Verbena Walnut Willow Wisteria Yaupon Yucca'.split(
    ' ',
  );
const alongKinds = ['St', 'St', 'Ave', 'Dr', 'Ln'];
const acrossKinds = ['St', 'Ave', 'Rd', 'Dr', 'Ct'];

/** Metres from one street to the next, and from one house number of a side to the next. */
const streetM = 150;
const numberM = 4;

/** An account number of eleven digits: a permutation of the meter key, then a check digit (Luhn), so that few guesses are accounts. */
export function accountNumber(meter: number, seed: number): string {
  // 3^18 shares no factor with 10^10; BigInt because the product is above 2^53
  const shuffled = (BigInt(meter) * 387_420_489n + BigInt(mix(seed, 41)) + 4_294_967_296n) % 10_000_000_000n;
  const digits = String(shuffled).padStart(10, '0');
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const doubled = Number(digits[digits.length - 1 - i]) * (i % 2 === 0 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

/** House numbers of one street: the next free one from a number on, on the same side. */
class Street {
  readonly #after = new Map<number, number>();

  take(number: number): number {
    let free = number;
    for (let next = this.#after.get(free); next !== undefined; next = this.#after.get(free)) free = next;
    // Whoever asks for a number between these two goes straight to the end.
    this.#after.set(free, free + 2);
    if (free !== number) this.#after.set(number, free + 2);
    return free;
  }
}

/** Addresses of the meters from `first` on, in their order. */
export function* serviceAddresses(network: NetworkColumns, seed: number, first = 0): Generator<ServiceAddress> {
  const { meter, node, feeder, substation } = network;
  const streets = new Map<string, Street>();
  const spotOf = (row: number): number =>
    Math.round(meter.lonE7[row] / 2000) * 4_194_304 + Math.round(meter.latE7[row] / 2000);
  for (let row = 0; row < meter.count; ) {
    // Customers of one transformer follow each other; those on one spot of it live in one house.
    let end = row + 1;
    while (end < meter.count && meter.node[end] === meter.node[row]) end++;
    const customers = new Map<number, number>();
    for (let i = row; i < end; i++) customers.set(spotOf(i), (customers.get(spotOf(i)) ?? 0) + 1);
    const houses = new Map<number, { line: string; units: number }>();
    const feederRow = node.feeder[meter.node[row]];
    const home = feederRow < 0 ? 0 : feeder.substation[feederRow];
    const place = substation.name[home].replace(/ \d+$/, '');
    for (; row < end; row++) {
      const spot = spotOf(row);
      const house = houses.get(spot) ?? { line: houseOn(network, row, home, seed, streets), units: 0 };
      houses.set(spot, house);
      house.units++;
      if (row < first) continue;
      const address = customers.get(spot) === 1 ? house.line : `${house.line}, Apt ${house.units}`;
      yield { meter: row, account: accountNumber(row, seed), address, place };
    }
  }
}

function houseOn(
  { meter, substation }: NetworkColumns,
  row: number,
  home: number,
  seed: number,
  streets: Map<string, Street>,
): string {
  const x = toX(meter.lonE7[row] * 1e-7) - toX(substation.lonE7[home] * 1e-7);
  const y = toY(meter.latE7[row] * 1e-7) - toY(substation.latE7[home] * 1e-7);
  // Substations of one neighbourhood share its name, and so its streets.
  const hood = substation.name[home].replace(/ \d+$/, '');
  const salt = mix(seed, nameHash(hood));
  // Which of the two streets at this spot the door is on: blocks are longer one way.
  const isAlong = hashUnit(salt ^ mix(Math.floor(x / 300), Math.floor(y / 300)), 5) < 0.6;
  const line = Math.floor((isAlong ? y : x) / streetM);
  const name = trees[Math.floor(hashUnit(salt ^ mix(line, isAlong ? 1 : 2), 3) * trees.length)];
  const kinds = isAlong ? alongKinds : acrossKinds;
  const kind = kinds[Math.floor(hashUnit(salt ^ mix(line, isAlong ? 3 : 4), 7) * kinds.length)];
  const along = isAlong ? x : y;
  const direction = along >= 0 ? (isAlong ? 'E' : 'N') : isAlong ? 'W' : 'S';
  const side = (isAlong ? y : x) / streetM - line < 0.5 ? 0 : 1;
  const street = `${direction} ${name} ${kind}`;
  const key = `${hood} ${street}`;
  const numbers = streets.get(key) ?? new Street();
  streets.set(key, numbers);
  return `${numbers.take(100 + Math.floor(Math.abs(along) / numberM) * 2 + side)} ${street}`;
}

function nameHash(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = mix(hash, name.charCodeAt(i));
  return hash;
}
