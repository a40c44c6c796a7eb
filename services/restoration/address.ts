/**
 * Service addresses in one written form, so that "1240 n. Alder Street, apt #4-b" finds "1240 N ALDER ST UNIT 4B". Pure.
 * The key is house number and street; the unit and the place stand apart, because people leave them out.
 */

export interface NormalAddress {
  /** house number and street: `1240 N ALDER ST` */
  key: string;
  /** `4B`; '' where none is given */
  unit: string;
  /** what stands after the first comma that is no unit: `MONTROSE`; '' where none is given */
  place: string;
}

const streetWords: Record<string, string> = {
  ALLEY: 'ALY',
  AVENUE: 'AVE',
  AV: 'AVE',
  BEND: 'BND',
  BOULEVARD: 'BLVD',
  BOUL: 'BLVD',
  CIRCLE: 'CIR',
  COURT: 'CT',
  COVE: 'CV',
  CREEK: 'CRK',
  CROSSING: 'XING',
  DRIVE: 'DR',
  DRV: 'DR',
  EXPRESSWAY: 'EXPY',
  FREEWAY: 'FWY',
  GROVE: 'GRV',
  HEIGHTS: 'HTS',
  HIGHWAY: 'HWY',
  LANE: 'LN',
  MOUNT: 'MT',
  PARKWAY: 'PKWY',
  PLACE: 'PL',
  PLAZA: 'PLZ',
  POINT: 'PT',
  ROAD: 'RD',
  SAINT: 'ST',
  SQUARE: 'SQ',
  STREET: 'ST',
  STR: 'ST',
  TERRACE: 'TER',
  TERR: 'TER',
  TRAIL: 'TRL',
};
const directionWords: Record<string, string> = {
  NORTH: 'N',
  SOUTH: 'S',
  EAST: 'E',
  WEST: 'W',
  NORTHEAST: 'NE',
  NORTHWEST: 'NW',
  SOUTHEAST: 'SE',
  SOUTHWEST: 'SW',
};
const ordinals: Record<string, string> = {
  FIRST: '1ST',
  SECOND: '2ND',
  THIRD: '3RD',
  FOURTH: '4TH',
  FIFTH: '5TH',
  SIXTH: '6TH',
  SEVENTH: '7TH',
  EIGHTH: '8TH',
  NINTH: '9TH',
  TENTH: '10TH',
};
const unitWord = /^(?:UNIT|APARTMENT|APT|SUITE|STE|LOT|NO|NUMBER|TRAILER|TRLR|#)$/;
const longest = 120;

/** Upper case ASCII words; a unit's `#` is a word of its own. */
function wordsOf(text: string): string[] {
  return text
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toUpperCase()
    .replaceAll('#', ' # ')
    .replaceAll(/(?<=\w)[.'’](?=\w)/g, '')
    .replaceAll(/(?<=[\dA-Z])-(?=[\dA-Z])/g, '')
    .replaceAll(/[^\dA-Z# ]+/g, ' ')
    .split(' ')
    .filter((word) => word !== '');
}

/**
 * @returns undefined where it has no house number in front, or no street after it
 */
export function normalAddress(text: string): NormalAddress | undefined {
  const [line, ...rest] = text.slice(0, 400).split(',');
  const street = takeUnit(wordsOf(line));
  let { unit } = street;
  const places: string[] = [];
  for (const part of rest) {
    const words = takeUnit(wordsOf(part));
    if (unit === '') unit = words.unit;
    if (words.others.length > 0) places.push(words.others.join(' '));
  }
  const [number, ...words] = street.others;
  if (number === undefined || !/^\d{1,6}[A-Z]?$/.test(number) || words.length === 0) return undefined;
  const key = [number.replace(/^0+(?=\d)/, ''), ...words.map(shortWord)].join(' ');
  if (key.length > longest) return undefined;
  return { key, unit, place: places[0] ?? '' };
}

function shortWord(word: string, at: number, words: string[]): string {
  // "North St" is the street called North; "N Alder St" and "Alder St N" have a direction.
  const isName = at === 0 && words.length === 2 && isStreetKind(words[1]);
  if (!isName && directionWords[word] && (at === 0 || at === words.length - 1)) return directionWords[word];
  return streetWords[word] ?? ordinals[word] ?? word;
}

function isStreetKind(word: string): boolean {
  return streetWords[word] !== undefined || Object.values(streetWords).includes(word);
}

function takeUnit(words: string[]): { others: string[]; unit: string } {
  // "12 Lot Ave" is a street: a unit has a digit, or is one letter.
  const at = words.findIndex((word, i) => unitWord.test(word) && /\d|^[A-Z]$|^#$/.test(words[i + 1] ?? ''));
  const plain = words.filter((word) => word !== '#');
  if (at < 0) return { others: plain, unit: '' };
  const after = words.slice(at).filter((word) => !unitWord.test(word));
  return { others: words.slice(0, at).filter((word) => word !== '#'), unit: after.join('').replace(/^0+(?=\d)/, '') };
}
