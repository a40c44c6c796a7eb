/** Invented histories for tests: outages whose durations follow known rules, seen in snapshots ten minutes apart. */
import type { PastOutage } from './history.ts';
import { lehmer } from './model.ts';
import { normalAt } from './quantiles.ts';

export const firstS = Date.parse('2026-03-02T00:00:00Z') / 1000;
const snapshotS = 600;

/** Nights take three times as long as days, every region its own time; log-normal around that. */
export function inventHistory(count: number, seed: number, days = 30): PastOutage[] {
  const random = lehmer(seed);
  const outages: PastOutage[] = [];
  for (let i = 0; i < count; i++) {
    const beganS = firstS + Math.floor((i / count) * days * 86_400 + random() * 600);
    const region = Math.floor(random() * 5);
    const hour = Math.floor(beganS / 3600) % 24;
    const isLarge = random() < 0.3;
    const usual = (hour < 8 ? 240 : 80) * (1 + region / 5) * (isLarge ? 1.5 : 1);
    const minutes = usual * Math.exp(0.5 * normalAt(Math.max(0.001, Math.min(0.999, random()))));
    const seenS = Math.ceil(beganS / snapshotS) * snapshotS;
    const endS = Math.max(seenS + 60, beganS + minutes * 60);
    const goneS = Math.ceil(endS / snapshotS) * snapshotS;
    outages.push({
      number: i,
      startS: beganS,
      firstSeenS: seenS,
      lastSeenS: Math.max(seenS, goneS - snapshotS),
      goneS,
      leftCensored: false,
      customers: isLarge ? 200 : 3,
      publishedEtrS: null,
      publishedAtS: null,
      cause: null,
      lat: 29.5 + region * 0.3 + random() * 0.1,
      lon: -95.5 + random() * 0.1,
      region: `R${region}`,
    });
  }
  return outages.sort((a, b) => a.firstSeenS - b.firstSeenS);
}
