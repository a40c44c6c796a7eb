/** Houston's temperature as a pure function of time and seed: season, day and night, fronts. */
import type { WeatherMode } from '#model/generator.ts';
import { hashUnit } from '#sources/territory/random.ts';
import { centralTime } from './local_time.ts';

/** cos(2 pi t) within 0.001, by exact arithmetic: the same bits on every engine. */
export function cosTurn(t: number): number {
  const x = Math.abs(t - Math.floor(t + 0.5));
  // Bhaskara's formula on [0, 1/4] turn, mirrored for the other half.
  const q = x > 0.25 ? 0.5 - x : x;
  const value = (1 - 16 * q * q) / (1 + 4 * q * q);
  return x > 0.25 ? -value : value;
}

/** Smooth noise in [-1, 1] with one knot per unit of `t`. */
export function smoothNoise(t: number, seed: number): number {
  const knot = Math.floor(t);
  const f = t - knot;
  const s = f * f * (3 - 2 * f);
  const a = hashUnit(seed, knot);
  return 2 * (a + s * (hashUnit(seed, knot + 1) - a)) - 1;
}

const dayS = 86_400;

/**
 * What a kind of weather makes of the normal one: everything away from the year's mean is stretched, then moved. The
 * winter storm is that of February 2021: a Houston January some 16 degrees colder.
 */
const weatherShift: Record<WeatherMode, { stretch: number; offsetC: number }> = {
  normal: { stretch: 1, offsetC: 0 },
  mild: { stretch: 0.5, offsetC: 0 },
  heat_wave: { stretch: 1.1, offsetC: 5 },
  winter_storm: { stretch: 1.2, offsetC: -16 },
};
const yearMeanC = 20.6;

/**
 * Degrees Celsius at `timeS` (UTC epoch seconds). July means about 29, January about 12; winter fronts swing by up to
 * 10 degrees over some days, summer ones by 3.
 */
export function temperatureC(timeS: number, seed: number, weather: WeatherMode = 'normal'): number {
  const { hour, dayOfYear } = centralTime(timeS);
  const season = cosTurn((dayOfYear - 205) / 365.25);
  const days = timeS / dayS;
  const front = 0.7 * smoothNoise(days / 3.7, seed ^ 0x1f0a) + 0.5 * smoothNoise(days / 9.3, seed ^ 0x3c21);
  const cloud = hashUnit(seed ^ 0x77e1, Math.floor(days));
  const swing = 4.2 + 2.2 * cloud;
  // Warmest about 15:30, coolest about 5:30.
  const daily = hour > 5.5 && hour < 15.5 ? -cosTurn((hour - 5.5) / 20) : cosTurn(((hour + 8.5) % 24) / 28);
  const normal = yearMeanC + 8.6 * season + swing * daily + front * (5.6 - 3.6 * season);
  if (weather === 'normal') return normal;
  const { stretch, offsetC } = weatherShift[weather];
  return yearMeanC + stretch * (normal - yearMeanC) + offsetC;
}
