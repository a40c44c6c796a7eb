/** What one island of the device tree is predicted from. */

/** By meter key: what was heard. Times are UTC ms. */
export interface HeardMeters {
  darkMs: Float64Array;
  litMs: Float64Array;
  /** 1 where a dark meter is known by a customer's call alone */
  called: Uint8Array;
}

/** Customers that are accounted for: they count neither for nor against. */
export interface HeldOutage {
  device: number;
  meter: number;
  phases: number;
  customersOut: number;
}

export interface IslandEvidence {
  /** dark meters to explain, ascending */
  dark: ArrayLike<number>;
  /** meters that answered lit without having been out */
  lit: Iterable<number>;
  /** meters that were out and came back */
  back: Iterable<number>;
  held: Iterable<HeldOutage>;
}
