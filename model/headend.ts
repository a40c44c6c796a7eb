/** The utility's metering head-end, as far as it can be asked whether meters have power now. */

export interface PingAnswer {
  /** key of the meter */
  meter: number;
  /** false: the module says, by its reserve, that there is no power */
  isLit: boolean;
  /** by the meter's clock, or the head-end's where the meter gives no time; UTC epoch milliseconds */
  atMs: number;
}

export interface HeadEnd {
  /** in words, for the screen */
  name: string;
  /** most meters it takes in one request */
  capPerRequest: number;
  /**
   * Asks meters; answers come as they come, in any order, a meter at most once. A meter that is not heard of until the
   * deadline is one that did not answer: that is no evidence of anything.
   * @param deadlineMs UTC epoch milliseconds @param signal ends the request early
   * @throws FluxError `headend_unavailable` where it can not be asked, `headend_refused` where it will not
   */
  ping(meters: readonly number[], deadlineMs: number, signal: AbortSignal): AsyncIterable<PingAnswer[]>;
}
