/** A price like ERCOT's real-time one: low at night, rising steeply with system load, with rare scarcity spikes. */
import { hashUnit } from '#sources/territory/random.ts';
import { systemLoadShare } from './load_model.ts';
import { smoothNoise } from './weather.ts';

const intervalS = 900;

/**
 * Locational marginal price in USD/MWh of the 15-minute interval that contains `timeS` (UTC epoch seconds); between
 * -20 and 5,000. Spikes last an hour and come with a tight system: some 250 intervals a year above 100, 10 to 30 of them
 * above 1,000.
 */
export function lmpUsdPerMwh(timeS: number, seed: number): number {
  const interval = Math.floor(timeS / intervalS);
  const load = systemLoadShare(interval * intervalS, seed);
  const wind = smoothNoise(interval / 44, seed ^ 0x6b1d);
  const tight = Math.max(0, load - 0.62 - 0.05 * wind);
  let price = 14 + 26 * load + 420 * tight * tight - 9 * wind + 3 * (hashUnit(seed ^ 0x2ad3, interval) - 0.5);
  // Scarcity: a draw per hour, more likely and dearer the tighter the system.
  const hour = Math.floor(interval / 4);
  const draw = hashUnit(seed ^ 0x51c7, hour);
  const likely = 0.004 + 0.9 * tight * tight;
  if (draw < likely) {
    const size = hashUnit(seed ^ 0x3f99, hour);
    const within = 0.6 + 0.4 * hashUnit(seed ^ 0x7ec2, interval);
    price += within * (90 + 420 * size * size + (size > 0.9 && tight > 0.05 ? 3200 * size : 0));
  }
  return Math.round(Math.min(5000, Math.max(-20, price)) * 100) / 100;
}
