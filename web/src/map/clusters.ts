/** In a storm the map must stay readable: marks that would cover each other become one, with their count. */

export interface Clusterable {
  x: number;
  y: number;
  customers: number;
  /** never hidden in a cluster */
  selected: boolean;
}

export interface Cluster<T> {
  /** centre, weighted by customers */
  x: number;
  y: number;
  customers: number;
  members: T[];
}

/** Fewer marks than this are never clustered. */
export const clusterFrom = 120;
export const clusterCellPixels = 52;

/**
 * Groups marks by cells of the screen's size at this zoom; the cells lie still while the map is moved.
 * @param pixels CSS pixels of one Mercator unit
 */
export function clusterMarks<T extends Clusterable>(
  marks: readonly T[],
  pixels: number,
): { single: T[]; clusters: Cluster<T>[] } {
  if (marks.length < clusterFrom) return { single: [...marks], clusters: [] };
  const cells = new Map<string, T[]>();
  const single: T[] = [];
  for (const mark of marks) {
    if (mark.selected) {
      single.push(mark);
      continue;
    }
    const key = `${Math.floor((mark.x * pixels) / clusterCellPixels)} ${Math.floor((mark.y * pixels) / clusterCellPixels)}`;
    const cell = cells.get(key);
    if (cell) cell.push(mark);
    else cells.set(key, [mark]);
  }
  const clusters: Cluster<T>[] = [];
  for (const members of cells.values()) {
    if (members.length < 3) {
      single.push(...members);
      continue;
    }
    let customers = 0;
    let weight = 0;
    let x = 0;
    let y = 0;
    for (const mark of members) {
      const share = Math.max(1, mark.customers);
      customers += mark.customers;
      weight += share;
      x += mark.x * share;
      y += mark.y * share;
    }
    clusters.push({ x: x / weight, y: y / weight, customers, members });
  }
  return { single, clusters };
}
