/** Quantiles of samples and of the normal distribution. */

/** The smallest value that at least a share `q` of the sorted values does not pass. */
export function quantileOf(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.max(0, Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1))];
}

/** Standard normal value at probability `p` in (0, 1), to 0.00045 (Abramowitz and Stegun 26.2.23). */
export function normalAt(p: number): number {
  if (p > 0.5) return -normalAt(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  return -(
    t -
    (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3)
  );
}

/** Share of the normal distribution below `z`, to 0.00001 (Abramowitz and Stegun 26.2.16). */
export function normalShare(z: number): number {
  if (z < 0) return 1 - normalShare(-z);
  const t = 1 / (1 + 0.33267 * z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  return 1 - density * (0.4361836 * t - 0.1201676 * t * t + 0.937298 * t ** 3);
}
