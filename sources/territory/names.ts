/** Names that an operator would use: neighbourhood, then direction, then a number where that is not enough. */

/** @param places positions relative to the middle of the neighbourhood; @returns one name each, all different */
export function substationNames(hood: string, places: readonly { x: number; y: number }[], radiusM: number): string[] {
  if (places.length === 1) return [hood];
  const plain = places.map((place) => `${hood} ${direction(place.x, place.y, radiusM)}`);
  const total = new Map<string, number>();
  for (const name of plain) total.set(name, (total.get(name) ?? 0) + 1);
  const seen = new Map<string, number>();
  return plain.map((name) => {
    if (total.get(name) === 1) return name;
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return `${name} ${seen.get(name)}`;
  });
}

function direction(x: number, y: number, radiusM: number): string {
  if (x * x + y * y < (0.22 * radiusM) ** 2) return 'Central';
  // 0.4142 is the tangent of 22.5 degrees.
  const northSouth = Math.abs(y) > 0.4142 * Math.abs(x) ? (y > 0 ? 'North' : 'South') : '';
  const eastWest = Math.abs(x) > 0.4142 * Math.abs(y) ? (x > 0 ? 'East' : 'West') : '';
  return northSouth && eastWest ? `${northSouth}${eastWest.toLowerCase()}` : northSouth || eastWest;
}

/** 'Montrose North 3', or 'Alief North 2-3' where the substation's own name ends with a number. */
export function feederName(substation: string, number: number): string {
  return /\d$/.test(substation) ? `${substation}-${number}` : `${substation} ${number}`;
}

export const pad = (value: number, width: number): string => String(value).padStart(width, '0');
