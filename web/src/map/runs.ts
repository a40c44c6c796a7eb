/** Runs of rows that are worth drawing: visible feeders side by side become one draw call. */

export interface Box {
  west: number;
  north: number;
  east: number;
  south: number;
}

/** 1 where the feeder's box (4 floats a feeder: west, north, east, south) meets the view. */
export function visibleFeeders(boxes: Float32Array, view: Box, margin: number): Uint8Array {
  const visible = new Uint8Array(boxes.length / 4);
  for (let f = 0; f < visible.length; f++) {
    const at = f * 4;
    if (
      boxes[at] <= view.east + margin &&
      boxes[at + 2] >= view.west - margin &&
      boxes[at + 1] <= view.south + margin &&
      boxes[at + 3] >= view.north - margin
    ) {
      visible[f] = 1;
    }
  }
  return visible;
}

/** Calls back with [start, end) of each maximal run of visible feeders. */
export function eachRun(
  feederStart: Uint32Array,
  visible: Uint8Array,
  each: (start: number, end: number) => void,
): void {
  let f = 0;
  while (f < visible.length) {
    if (!visible[f]) {
      f++;
      continue;
    }
    const start = feederStart[f];
    while (f < visible.length && visible[f]) f++;
    if (feederStart[f] > start) each(start, feederStart[f]);
  }
}
