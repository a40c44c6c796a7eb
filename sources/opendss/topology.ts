/** The graph of a circuit in its normal state: what hangs below what, seen from the sources. */
import { edgeKindCode } from '#model/network.ts';
import type { Branch } from './branch.ts';
import type { Equipment } from './equipment.ts';

export interface Topology {
  /** buses from the sources outward, parents before children, a subtree in one run; islands last */
  order: Int32Array;
  /** place of a bus in the breadth-first walk: the end with the smaller number is nearer to the source */
  rank: Int32Array;
  /** branch to the bus's parent, -1 at sources and at the first bus of an island */
  parentBranch: Int32Array;
  parent: Int32Array;
  /** line-to-line kV */
  kv: Float64Array;
  /** branch row of the distribution transformer above the bus, -1 at medium voltage */
  transformer: Int32Array;
  /** phase bits below single-phase transformers, where nodes 1 and 2 are the legs of a center tap; 0 = as written */
  phasesBelow: Uint8Array;
  /** 1 where the source reaches the bus in the normal state */
  energised: Uint8Array;
  /** first buses of the islands that no source reaches */
  islands: number[];
  components: number;
  /** closed branches; units between the same two buses that share no phase count as one */
  closedEdges: number;
}

/** Offsets and branch rows by bus. */
export interface Adjacency {
  offset: Int32Array;
  branch: Int32Array;
}

export function adjacencyOf(busCount: number, branches: readonly Branch[]): Adjacency {
  const offset = new Int32Array(busCount + 1);
  for (const { a, b } of branches) {
    offset[a + 1]++;
    offset[b + 1]++;
  }
  for (let bus = 0; bus < busCount; bus++) offset[bus + 1] += offset[bus];
  const next = offset.slice();
  const branch = new Int32Array(branches.length * 2);
  for (const [row, { a, b }] of branches.entries()) {
    branch[next[a]++] = row;
    branch[next[b]++] = row;
  }
  return { offset, branch };
}

const pairKey = (a: number, b: number, busCount: number): number => (a < b ? a * busCount + b : b * busCount + a);

export function topologyOf({ buses, branches, sources }: Equipment): Topology {
  const count = buses.length;
  const { offset, branch: branchAt } = adjacencyOf(count, branches);
  const rank = new Int32Array(count).fill(-1);
  const parentBranch = new Int32Array(count).fill(-1);
  const parent = new Int32Array(count).fill(-1);
  const kv = new Float64Array(count);
  const transformer = new Int32Array(count).fill(-1);
  const phasesBelow = new Uint8Array(count);
  const energised = new Uint8Array(count);
  const walk: number[] = [];

  const phasesOfPair = new Map<number, number>();
  let closedEdges = 0;
  for (const { a, b, open, phases } of branches) {
    if (open) continue;
    const key = pairKey(a, b, count);
    const phasesBefore = phasesOfPair.get(key) ?? 0;
    if (phasesBefore === 0 || (phasesBefore & phases) !== 0) closedEdges++;
    phasesOfPair.set(key, phasesBefore | phases);
  }

  const enter = (bus: number, from: number, row: number): void => {
    rank[bus] = walk.push(bus) - 1;
    if (row < 0) return;
    parent[bus] = from;
    parentBranch[bus] = row;
    energised[bus] = energised[from];
    const branch = branches[row];
    kv[bus] = kv[from];
    transformer[bus] = transformer[from];
    phasesBelow[bus] = phasesBelow[from];
    if (branch.kind !== edgeKindCode.power_transformer) return;
    const down = branch.b === bus ? branch.kvB : branch.kvA;
    kv[bus] = down;
    if (down < 1) {
      transformer[bus] = row;
      const phases = phasesOfPair.get(pairKey(from, bus, count)) ?? 0;
      phasesBelow[bus] = phases === 7 ? 0 : phases;
    } else {
      transformer[bus] = -1;
      phasesBelow[bus] = 0;
    }
  };
  let done = 0;
  const spread = (): void => {
    for (; done < walk.length; done++) {
      const bus = walk[done];
      for (let i = offset[bus]; i < offset[bus + 1]; i++) {
        const branch = branches[branchAt[i]];
        if (branch.open) continue;
        const other = branch.a === bus ? branch.b : branch.a;
        if (rank[other] < 0) enter(other, bus, branchAt[i]);
      }
    }
  };
  const roots: number[] = [];
  for (const source of sources) {
    if (rank[source.bus] >= 0) continue;
    enter(source.bus, -1, -1);
    kv[source.bus] = source.kv;
    energised[source.bus] = 1;
    roots.push(source.bus);
    spread();
  }
  let components = roots.length;
  const islands: number[] = [];
  const enterIsland = (bus: number, neighbour: number): void => {
    islands.push(bus);
    roots.push(bus);
    components++;
    enter(bus, -1, -1);
    if (neighbour >= 0) kv[bus] = kv[neighbour];
    spread();
  };
  // islands behind an open switch start at that switch: it is where they would be fed from
  for (const { a, b, open } of branches) {
    if (!open) continue;
    if (energised[a] && rank[b] < 0) enterIsland(b, a);
    else if (energised[b] && rank[a] < 0) enterIsland(a, b);
  }
  for (let bus = 0; bus < count; bus++) if (rank[bus] < 0) enterIsland(bus, -1);

  return {
    order: preorder(count, roots, parent, walk),
    rank,
    parentBranch,
    parent,
    kv,
    transformer,
    phasesBelow,
    energised,
    islands,
    components,
    closedEdges,
  };
}

function preorder(count: number, roots: readonly number[], parent: Int32Array, walk: readonly number[]): Int32Array {
  const firstChild = new Int32Array(count).fill(-1);
  const nextSibling = new Int32Array(count).fill(-1);
  for (let i = walk.length - 1; i >= 0; i--) {
    const bus = walk[i];
    if (parent[bus] < 0) continue;
    nextSibling[bus] = firstChild[parent[bus]];
    firstChild[parent[bus]] = bus;
  }
  const order = new Int32Array(count);
  let at = 0;
  for (const root of roots) {
    const stack = [root];
    while (stack.length > 0) {
      const bus = stack.pop()!;
      order[at++] = bus;
      const children: number[] = [];
      for (let child = firstChild[bus]; child >= 0; child = nextSibling[child]) children.push(child);
      for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]);
    }
  }
  return order;
}

/** The branch seen from the source: the end nearer to it, the other end. */
export function oriented(branch: Branch, rank: Int32Array): { from: number; to: number } {
  return rank[branch.a] <= rank[branch.b] ? { from: branch.a, to: branch.b } : { from: branch.b, to: branch.a };
}
