/** Who is out, for those who do not know the life cycle; without schemas, so that a screen can carry it. */
import type { OutageState } from '#model/api/outages.ts';

const statesOut: ReadonlySet<OutageState> = new Set([
  'predicted',
  'probable',
  'confirmed',
  'assigned',
  'en_route',
  'on_site',
  'partly_restored',
]);
/** True while customers are without supply; the life cycle's table says the same, which its test holds to. */
export const hasCustomersOut = (state: OutageState): boolean => statesOut.has(state);
