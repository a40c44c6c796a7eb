/**
 * Seeded randomness that gives the same bytes everywhere: integer arithmetic only. Nothing here or in its callers uses
 * sin, cos, exp, log or pow, whose last bit is free to differ between engines.
 */

/** Mixes two 32-bit integers into one; the base of every hash and of independent streams (murmur3 finaliser). */
export function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b ^ (b >>> 15), 0xc2b2ae35);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A number in [0, 1) that belongs to the pair (a, b). */
export function hashUnit(a: number, b: number): number {
  return mix(a, b) / 4294967296;
}

/** Standard normal quantiles at 1/64, 3/64, ..., 63/64: a bounded normal (|z| <= 2.15) without transcendental functions. */
const normalQuantiles = [
  -2.1539, -1.6759, -1.4178, -1.2299, -1.0775, -0.9467, -0.8303, -0.7242, -0.6257, -0.5329, -0.4445, -0.3594, -0.2769,
  -0.1964, -0.1172, -0.0392, 0.0392, 0.1172, 0.1964, 0.2769, 0.3594, 0.4445, 0.5329, 0.6257, 0.7242, 0.8303, 0.9467,
  1.0775, 1.2299, 1.4178, 1.6759, 2.1539,
];

/** Standard normal value at probability `p` in [0, 1), interpolated from the table. */
export function normalAt(p: number): number {
  const at = Math.max(0, Math.min(30.999999, p * 32 - 0.5));
  const low = Math.floor(at);
  return normalQuantiles[low] + (at - low) * (normalQuantiles[low + 1] - normalQuantiles[low]);
}

/** sfc32: small, fast, passes PractRand; one stream per (seed, stream). */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream: number) {
    this.#a = mix(seed | 0, Math.floor(seed / 4294967296) | 0);
    this.#b = mix(this.#a, stream);
    this.#c = mix(this.#b, 0x5bd1e995);
    for (let i = 0; i < 12; i++) this.unit();
  }

  /** Uniform in [0, 1). */
  unit(): number {
    const t = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return (t >>> 0) / 4294967296;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }

  /** Whole number in [0, n). */
  below(n: number): number {
    return Math.floor(this.unit() * n);
  }

  chance(share: number): boolean {
    return this.unit() < share;
  }

  normal(): number {
    return normalAt(this.unit());
  }
}
