/**
 * What customers draw, as a share of their own peak: hour, weekday, season and temperature by class. Shares are
 * computed once per interval; a meter adds its scale, its habits and its noise.
 */
import type { WeatherMode } from '#model/generator.ts';
import { customerClasses } from '#model/network.ts';
import { centralTime } from './local_time.ts';
import { cosTurn, temperatureC } from './weather.ts';

/** Variants of behaviour within a class: some rise early, some live at night, some cool more. */
export const habits = 8;

const coolingFromC = 18;
const heatingFromC = 12;

/** 24 hourly values, share of the class's typical daily peak of the part that does not depend on weather. */
const hourly: Record<'home' | 'homeWeekend' | 'shop' | 'office' | 'plant', readonly number[]> = {
  home: [
    0.42, 0.36, 0.33, 0.31, 0.32, 0.38, 0.55, 0.68, 0.6, 0.5, 0.46, 0.46, 0.48, 0.47, 0.48, 0.53, 0.64, 0.8, 0.95, 1,
    0.97, 0.88, 0.72, 0.54,
  ],
  homeWeekend: [
    0.5, 0.42, 0.37, 0.34, 0.33, 0.35, 0.42, 0.53, 0.66, 0.74, 0.76, 0.76, 0.76, 0.74, 0.72, 0.73, 0.78, 0.86, 0.96, 1,
    0.96, 0.87, 0.75, 0.6,
  ],
  shop: [
    0.3, 0.28, 0.27, 0.27, 0.29, 0.35, 0.47, 0.62, 0.78, 0.9, 0.96, 1, 1, 0.99, 0.98, 0.97, 0.95, 0.9, 0.84, 0.77, 0.66,
    0.52, 0.4, 0.33,
  ],
  office: [
    0.38, 0.36, 0.35, 0.35, 0.38, 0.47, 0.62, 0.8, 0.92, 0.98, 1, 1, 0.99, 1, 1, 0.98, 0.93, 0.82, 0.7, 0.6, 0.54, 0.49,
    0.44, 0.4,
  ],
  plant: [
    0.9, 0.89, 0.89, 0.89, 0.9, 0.92, 0.95, 0.98, 1, 1, 1, 0.99, 0.98, 1, 1, 1, 0.98, 0.96, 0.95, 0.94, 0.93, 0.92,
    0.91, 0.9,
  ],
};

/** Between the hours a straight line. */
function atHour(profile: readonly number[], hour: number): number {
  const wrapped = ((hour % 24) + 24) % 24;
  const low = Math.floor(wrapped);
  return profile[low] + (wrapped - low) * (profile[(low + 1) % 24] - profile[low]);
}

export interface IntervalLoad {
  /** share of peak by class and habit: `[class * habits + habit]` */
  share: Float64Array;
  /** outdoor temperature that buildings feel, degrees Celsius: lags the air by some hours */
  feltC: number;
  /** load of the whole system over its peak, about 0.3 to 1 */
  systemShare: number;
}

/** Shares of all classes for the interval that starts at `startS`; pure in (startS, seed, weather). */
export function intervalLoad(startS: number, seed: number, weather: WeatherMode = 'normal'): IntervalLoad {
  const middleS = startS + 450;
  const { hour, weekend, dayOfYear } = centralTime(middleS);
  const feltC = 0.6 * temperatureC(middleS, seed, weather) + 0.4 * temperatureC(middleS - 14_400, seed, weather);
  const cooling = Math.max(0, feltC - coolingFromC);
  const heating = Math.max(0, heatingFromC - feltC);
  const share = new Float64Array(customerClasses.length * habits);
  // Sunset moves between about 17:30 and 20:15 by the clock, sunrise between 6:20 and 7:15.
  const summer = cosTurn((dayOfYear - 172) / 365.25);
  const lit = hour < 6.8 - 0.4 * summer || hour > 18.9 + 1.4 * summer;
  for (let habit = 0; habit < habits; habit++) {
    const shift = (habit % 4) * 0.8 - 1.2;
    const home = atHour(weekend ? hourly.homeWeekend : hourly.home, hour + shift);
    const cools = 0.75 + 0.5 * (habit / (habits - 1));
    const electricHeat = habit % 2 === 0 ? 1.5 : 0.5;
    const occupied = 0.72 + 0.4 * atHour(hourly.home, hour + shift);
    share[habit] =
      0.055 + 0.15 * home + 0.0178 * cooling * cools * occupied + 0.014 * heating * electricHeat * occupied;
    const shop = atHour(hourly.shop, hour + shift * 0.6) * (weekend ? 0.85 : 1);
    share[habits + habit] = 0.06 + 0.42 * shop + 0.0145 * cooling * (0.35 + 0.65 * shop) + 0.005 * heating * shop;
    const office = atHour(hourly.office, hour + shift * 0.4) * (weekend ? 0.68 : 1);
    share[2 * habits + habit] = 0.12 + 0.45 * office + 0.0125 * cooling * (0.35 + 0.65 * office) + 0.003 * heating;
    share[3 * habits + habit] = 0.66 * atHour(hourly.plant, hour + shift) * (weekend ? 0.9 : 1) + 0.002 * cooling;
    share[4 * habits + habit] = lit ? 0.96 : 0.01;
  }
  return { share, feltC, systemShare: systemShareOf(share) };
}

/** Class weights of a utility whose energy is half residential; divided by the share of a 38 degree afternoon. */
function systemShareOf(share: Float64Array): number {
  const mean = (code: number): number => {
    let sum = 0;
    for (let habit = 0; habit < habits; habit++) sum += share[code * habits + habit];
    return sum / habits;
  };
  return (0.5 * mean(0) + 0.22 * mean(1) + 0.18 * mean(2) + 0.1 * mean(3)) / 0.645;
}

/** Load of the whole system over its peak at a time, pure in (timeS, seed). */
export function systemLoadShare(timeS: number, seed: number): number {
  return intervalLoad(Math.floor(timeS / 900) * 900, seed).systemShare;
}
