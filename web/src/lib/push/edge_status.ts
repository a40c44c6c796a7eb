import { packEdgeStatus, unpackEdgeStatus } from '#model/map.ts';

/** Abnormal edges by row; energised ones are absent. Listeners get the rows that changed, or null for all of them. */
export class EdgeStatusStore {
  readonly abnormal = new Map<number, number>();
  readonly #listeners = new Set<(rows: readonly number[] | null) => void>();

  statusOf(row: number): number {
    return this.abnormal.get(row) ?? 0;
  }

  /** Replaces everything by a snapshot's packed statuses. */
  reset(packed: string): void {
    this.abnormal.clear();
    unpackEdgeStatus(packed, (row, status) => {
      if (status !== 0) this.abnormal.set(row, status);
    });
    this.#tell(null);
  }

  apply(packed: string): void {
    const rows: number[] = [];
    unpackEdgeStatus(packed, (row, status) => {
      if (this.statusOf(row) === status) return;
      if (status === 0) this.abnormal.delete(row);
      else this.abnormal.set(row, status);
      rows.push(row);
    });
    if (rows.length > 0) this.#tell(rows);
  }

  pack(): string {
    return packEdgeStatus([...this.abnormal.keys()], (row) => this.statusOf(row));
  }

  /** @returns function that ends the subscription */
  subscribe(listener: (rows: readonly number[] | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(rows: readonly number[] | null): void {
    for (const listener of this.#listeners) listener(rows);
  }
}
