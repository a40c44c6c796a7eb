/** Names of assets, as requests give them, turned into what the analytical store counts by. */
import { FluxError } from '#model/errors.ts';
import { areaOf, findAsset } from '#services/network/assets.ts';
import type { LiveGrid } from '#services/network/live_grid.ts';

export interface AssetKeys {
  /** feeder rows of a level and id; undefined = the whole system */
  feedersOf(level: string, id: string | null): number[] | undefined;
  /** row of an asset of a level */
  keyOf(level: string, id: string): number;
  areaOfId(id: string): string | null;
}

/** All of them throw FluxError `unknown_asset`. */
export function assetKeys(grid: () => LiveGrid): AssetKeys {
  const keyOf = (level: string, id: string): number => {
    const { row, type } = findAsset(grid(), id);
    if (type !== level) throw new FluxError('unknown_asset', `${id} is no ${level}`);
    return row;
  };
  return {
    keyOf,
    feedersOf: (level, id) => {
      if (level === 'system' || id === null) return undefined;
      const row = keyOf(level, id);
      const { feeder } = grid().network;
      return level === 'feeder'
        ? [row]
        : Array.from({ length: feeder.count }, (_, f) => f).filter((f) => feeder.substation[f] === row);
    },
    areaOfId: (id) => areaOf(grid(), findAsset(grid(), id)),
  };
}
