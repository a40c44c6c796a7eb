/** Whom to ask. Pure: the same meters and the same past give the same choice. */
import type { PingShare } from './pings_settings.ts';

export interface Choice {
  share: PingShare;
  /** most meters chosen */
  cap: number;
  /** edge row of the meter's transformer, -1 where it has none: then it stands for itself */
  transformerOf: (meter: number) => number;
  /** false: asked a moment ago */
  mayAsk: (meter: number) => boolean;
}

/**
 * Takes turns over the transformers, so that a cap leaves no transformer out before every one was asked once. Of a
 * transformer whose meters may not be asked again nobody is asked in their stead: it was asked.
 */
export function chooseMeters(candidates: Iterable<number>, { share, cap, transformerOf, mayAsk }: Choice): number[] {
  const groups = new Map<number, number[]>();
  for (const meter of [...candidates].sort((a, b) => a - b)) {
    const transformer = transformerOf(meter);
    const key = transformer >= 0 ? transformer : -1 - meter;
    const group = groups.get(key);
    if (group) group.push(meter);
    else groups.set(key, [meter]);
  }
  const turns = [...groups.entries()]
    .sort((a, b) => a[0] - b[0])
    .map(([, meters]) => {
      const quota = quotaOf(share, meters.length);
      const askedAlready = meters.filter((meter) => !mayAsk(meter)).length;
      return meters.filter(mayAsk).slice(0, Math.max(0, quota - askedAlready));
    });
  const chosen: number[] = [];
  for (let round = 0; chosen.length < cap; round++) {
    const before = chosen.length;
    for (const meters of turns) {
      if (round < meters.length && chosen.length < cap) chosen.push(meters[round]);
    }
    if (chosen.length === before) break;
  }
  return chosen;
}

function quotaOf(share: PingShare, meters: number): number {
  if (share === 'all') return meters;
  if (share === 'one_per_transformer') return 1;
  return Math.max(1, Math.ceil((meters * share.percentPerTransformer) / 100));
}
