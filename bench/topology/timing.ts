export interface Timing {
  asked: number;
  /** nodes over all answers: equal among opponents that answered all questions */
  nodes: number;
  p50_ms: number;
  p99_ms: number;
  mean_ms: number;
}

/** @param timesMs one entry per question; sorted in place */
export function summarise(timesMs: number[], nodes: number): Timing {
  timesMs.sort((a, b) => a - b);
  const at = (share: number): number => timesMs[Math.min(timesMs.length - 1, Math.floor(share * timesMs.length))];
  const mean = timesMs.reduce((sum, ms) => sum + ms, 0) / timesMs.length;
  return { asked: timesMs.length, nodes, p50_ms: at(0.5), p99_ms: at(0.99), mean_ms: mean };
}
