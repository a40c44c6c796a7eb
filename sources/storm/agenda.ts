/** What is due when: a binary heap by time; equal times keep the order in which they were put in. */
export interface Agenda<T> {
  put(atS: number, item: T): void;
  /** everything due up to and including `toS`, in order */
  takeUntil(toS: number): { atS: number; item: T }[];
  /** infinite where nothing is left */
  nextS(): number;
  size(): number;
}

export function makeAgenda<T>(): Agenda<T> {
  const heap: { atS: number; no: number; item: T }[] = [];
  let serial = 0;
  const isBefore = (a: number, b: number): boolean =>
    heap[a].atS < heap[b].atS || (heap[a].atS === heap[b].atS && heap[a].no < heap[b].no);
  const swap = (a: number, b: number): void => {
    [heap[a], heap[b]] = [heap[b], heap[a]];
  };
  function take(): { atS: number; item: T } {
    const { atS, item } = heap[0];
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      for (let at = 0; ; ) {
        const [left, right] = [2 * at + 1, 2 * at + 2];
        let least = at;
        if (left < heap.length && isBefore(left, least)) least = left;
        if (right < heap.length && isBefore(right, least)) least = right;
        if (least === at) break;
        swap(at, least);
        at = least;
      }
    }
    return { atS, item };
  }
  return {
    put: (atS, item) => {
      heap.push({ atS, no: serial++, item });
      for (let at = heap.length - 1; at > 0; ) {
        const above = (at - 1) >> 1;
        if (!isBefore(at, above)) break;
        swap(at, above);
        at = above;
      }
    },
    takeUntil: (toS) => {
      const due: { atS: number; item: T }[] = [];
      while (heap.length > 0 && heap[0].atS <= toS) due.push(take());
      return due;
    },
    nextS: () => heap[0]?.atS ?? Number.POSITIVE_INFINITY,
    size: () => heap.length,
  };
}
