/**
 * The numbering behind every trace. Sources are infinite buses: taken out, the closed network falls apart into islands,
 * and each island is one spanning tree, numbered in preorder from the node where it is fed. Whatever hangs below an
 * edge is then one interval of the order, and its sums are stored with the node on top of it.
 *
 * Numbers are local to a tree, so a switching operation touches the trees it cuts or joins and no other. The form is a
 * function of the switch states alone, never of the history: a restart finds the same trees.
 *
 * Rejected: splicing intervals in place on an opening (saves half the work of a feeder-sized pass, cannot re-root what a
 * tie picks up from below); one order per substation (a tie would renumber ten feeders).
 */
import { type GridGraph, otherEnd } from './topology_graph.ts';

const unplaced = -2;

export class Forest {
  readonly graph: GridGraph;
  readonly open: Uint8Array;
  /** tree of each node, -1 for sources */
  readonly treeOf: Int32Array;
  /** position of each node within its tree, preorder */
  readonly position: Int32Array;
  /** number of nodes in the subtree of each node, itself included */
  readonly extent: Int32Array;
  /** edge towards the source; at the root of a dead tree the open edge that normally feeds it, or -1 */
  readonly up: Int32Array;
  /** 1 where nothing but the up edge joins the subtree to the rest */
  readonly hangsAlone: Uint8Array;
  readonly depthM: Float64Array;
  readonly customers: Int32Array;
  readonly critical: Int32Array;
  readonly kw: Float64Array;
  /** nodes of tree t in preorder: `order[treeStart[t] .. treeStart[t] + treeLength[t])` */
  readonly order: Int32Array;
  readonly treeStart: Int32Array;
  /** 0 where the tree number is free */
  readonly treeLength: Int32Array;
  readonly treeLive: Uint8Array;
  /** closed edges beyond a spanning tree and a single feed: 0 where the tree is radial */
  readonly treeExtraEdges: Int32Array;
  /** how far each node is from its source in the normal state: the root of a dead island is its lowest */
  #normalRank: Int32Array;
  #normalUp: Int32Array;
  #freeTrees: number[] = [];
  #treeCount = 0;
  #tail = 0;
  readonly #stack: Int32Array;
  #low: Int32Array | undefined;
  #high: Int32Array | undefined;

  constructor(graph: GridGraph) {
    const n = graph.nodeCount;
    this.graph = graph;
    this.open = graph.normallyOpen.slice();
    this.treeOf = new Int32Array(n).fill(-1);
    this.position = new Int32Array(n);
    this.extent = new Int32Array(n);
    this.up = new Int32Array(n).fill(-1);
    this.hangsAlone = new Uint8Array(n);
    this.depthM = new Float64Array(n);
    this.customers = new Int32Array(n);
    this.critical = new Int32Array(n);
    this.kw = new Float64Array(n);
    this.order = new Int32Array(n * 2);
    this.treeStart = new Int32Array(n);
    this.treeLength = new Int32Array(n);
    this.treeLive = new Uint8Array(n);
    this.treeExtraEdges = new Int32Array(n);
    this.#stack = new Int32Array(n);
    this.#normalUp = new Int32Array(n).fill(-1);
    // Where even the normal state feeds nothing, the ends that no edge leads to come first.
    this.#normalRank = new Int32Array(n);
    for (let e = 0; e < graph.edgeCount; e++) {
      if (!this.open[e] && graph.from[e] !== graph.to[e]) this.#normalRank[graph.to[e]] = 1;
    }
    this.renumber(this.#allNodes());
    this.#rememberNormal();
  }

  /** The edge that feeds the node in the normal state, -1 at sources and where nothing does. */
  normalUp(node: number): number {
    return this.#normalUp[node];
  }

  /** Sets every switch at once. */
  reset(open: Uint8Array): void {
    this.open.set(open);
    this.#freeTrees = [];
    this.#treeCount = 0;
    this.#tail = 0;
    this.treeLength.fill(0);
    this.renumber(this.#allNodes());
  }

  /** The nodes of a tree in preorder; a copy. */
  nodesOf(tree: number): Int32Array<ArrayBuffer> {
    return this.order.slice(this.treeStart[tree], this.treeStart[tree] + this.treeLength[tree]);
  }

  rootOf(tree: number): number {
    return this.order[this.treeStart[tree]];
  }

  treeIds(): number[] {
    const ids: number[] = [];
    for (let tree = 0; tree < this.#treeCount; tree++) if (this.treeLength[tree] > 0) ids.push(tree);
    return ids;
  }

  /** Gives a tree's number and its room back; its nodes must go into the next `renumber`. */
  release(tree: number): void {
    if (this.treeStart[tree] + this.treeLength[tree] === this.#tail) this.#tail = this.treeStart[tree];
    this.treeLength[tree] = 0;
    this.#freeTrees.push(tree);
  }

  /** Builds the trees of these nodes anew: whole islands, sources not among them. */
  renumber(nodes: Int32Array): void {
    if (this.#tail + nodes.length > this.order.length) this.#compact();
    for (const node of nodes) this.treeOf[node] = unplaced;
    const made: number[] = [];
    const extraFeeds: number[] = [];
    for (const [edge, node] of this.#feeds(nodes)) {
      if (this.treeOf[node] === unplaced) {
        made.push(this.#grow(node, edge, 1));
      } else {
        this.treeExtraEdges[this.treeOf[node]]++;
        extraFeeds.push(node);
      }
    }
    for (const node of nodes) {
      if (this.treeOf[node] !== unplaced) continue;
      const root = this.#deadRoot(node);
      made.push(this.#grow(root, this.#normalUp[root], 0));
    }
    for (const tree of made) if (this.treeExtraEdges[tree] > 0) this.#findLoneSubtrees(tree, extraFeeds);
  }

  #allNodes(): Int32Array {
    const nodes = new Int32Array(this.graph.nodeCount);
    let count = 0;
    for (let n = 0; n < nodes.length; n++) if (!this.graph.isSource[n]) nodes[count++] = n;
    return nodes.subarray(0, count);
  }

  /** Closed edges from a source into these nodes, normally closed ones first: the first one feeds the tree. */
  #feeds(nodes: Int32Array): [edge: number, node: number][] {
    const { touchesSource, touchOffset, touching, isSource, normallyOpen } = this.graph;
    const feeds: [number, number][] = [];
    for (const node of nodes) {
      if (!touchesSource[node]) continue;
      for (let k = touchOffset[node]; k < touchOffset[node + 1]; k++) {
        const edge = touching[k];
        if (!this.open[edge] && isSource[otherEnd(this.graph, edge, node)]) feeds.push([edge, node]);
      }
    }
    return feeds.sort((a, b) => normallyOpen[a[0]] - normallyOpen[b[0]] || a[0] - b[0]);
  }

  /** The node of a dead island that is nearest to the source in the normal state. */
  #deadRoot(start: number): number {
    const { touchOffset, touching } = this.graph;
    const rank = this.#normalRank;
    const stack = this.#stack;
    let best = start;
    let top = 0;
    stack[top++] = start;
    // Nodes are marked by their position in the hunt (-3), then set back for `grow`.
    this.treeOf[start] = -3;
    let found = 0;
    const base = this.#tail;
    while (top > 0) {
      const node = stack[--top];
      this.order[base + found++] = node;
      if (rank[node] < rank[best] || (rank[node] === rank[best] && node < best)) best = node;
      for (let k = touchOffset[node]; k < touchOffset[node + 1]; k++) {
        if (this.open[touching[k]]) continue;
        const next = otherEnd(this.graph, touching[k], node);
        if (this.treeOf[next] !== unplaced) continue;
        this.treeOf[next] = -3;
        stack[top++] = next;
      }
    }
    for (let i = 0; i < found; i++) this.treeOf[this.order[base + i]] = unplaced;
    return best;
  }

  /** Numbers the island of `root` in preorder and sums it up. */
  #grow(root: number, upEdge: number, live: 0 | 1): number {
    const { touchOffset, touching, isSource, lengthM } = this.graph;
    const { treeOf, position, up, depthM, order, open } = this;
    const stack = this.#stack;
    const tree = this.#freeTrees.pop() ?? this.#treeCount++;
    const base = this.#tail;
    let at = base;
    let halfEdges = 0;
    let top = 0;
    stack[top++] = root;
    treeOf[root] = tree;
    up[root] = upEdge;
    depthM[root] = live ? lengthM[upEdge] : 0;
    while (top > 0) {
      const node = stack[--top];
      position[node] = at - base;
      order[at++] = node;
      for (let k = touchOffset[node + 1] - 1; k >= touchOffset[node]; k--) {
        const edge = touching[k];
        if (open[edge]) continue;
        const next = otherEnd(this.graph, edge, node);
        if (isSource[next]) continue;
        halfEdges++;
        if (treeOf[next] !== unplaced) continue;
        treeOf[next] = tree;
        up[next] = edge;
        depthM[next] = depthM[node] + lengthM[edge];
        stack[top++] = next;
      }
    }
    this.#tail = at;
    this.treeStart[tree] = base;
    this.treeLength[tree] = at - base;
    this.treeLive[tree] = live;
    this.treeExtraEdges[tree] = halfEdges / 2 - (at - base - 1);
    this.#sum(base, at);
    return tree;
  }

  #sum(base: number, end: number): void {
    const { meterOffset, nodeCritical, nodeKw } = this.graph;
    const { order, extent, customers, critical, kw } = this;
    for (let i = base; i < end; i++) {
      const node = order[i];
      extent[node] = 1;
      customers[node] = meterOffset[node + 1] - meterOffset[node];
      critical[node] = nodeCritical[node];
      kw[node] = nodeKw[node];
      this.hangsAlone[node] = 1;
    }
    for (let i = end - 1; i > base; i--) {
      const node = order[i];
      const parent = otherEnd(this.graph, this.up[node], node);
      extent[parent] += extent[node];
      customers[parent] += customers[node];
      critical[parent] += critical[node];
      kw[parent] += kw[node];
    }
  }

  /**
   * In a meshed tree a subtree hangs on its up edge alone when no other closed edge leaves its interval: lowest and
   * highest position reached, gathered upwards. A second feed reaches outside every interval.
   */
  #findLoneSubtrees(tree: number, extraFeeds: readonly number[]): void {
    const { touchOffset, touching, isSource } = this.graph;
    const { order, position, up } = this;
    this.#low ??= new Int32Array(this.graph.nodeCount);
    this.#high ??= new Int32Array(this.graph.nodeCount);
    const low = this.#low;
    const high = this.#high;
    const base = this.treeStart[tree];
    const end = base + this.treeLength[tree];
    for (let i = base; i < end; i++) {
      const node = order[i];
      low[node] = position[node];
      high[node] = position[node];
      for (let k = touchOffset[node]; k < touchOffset[node + 1]; k++) {
        const edge = touching[k];
        if (this.open[edge] || up[node] === edge) continue;
        const next = otherEnd(this.graph, edge, node);
        if (isSource[next] || up[next] === edge) continue;
        if (position[next] < low[node]) low[node] = position[next];
        if (position[next] > high[node]) high[node] = position[next];
      }
    }
    for (const node of extraFeeds) if (this.treeOf[node] === tree) low[node] = -1;
    for (let i = end - 1; i >= base; i--) {
      const node = order[i];
      this.hangsAlone[node] = low[node] >= position[node] && high[node] < position[node] + this.extent[node] ? 1 : 0;
      if (i === base) break;
      const parent = otherEnd(this.graph, up[node], node);
      if (low[node] < low[parent]) low[parent] = low[node];
      if (high[node] > high[parent]) high[parent] = high[node];
    }
  }

  /** Moves all trees to the front of `order`. Positions are local to a tree and stay. */
  #compact(): void {
    const trees = this.treeIds().sort((a, b) => this.treeStart[a] - this.treeStart[b]);
    let tail = 0;
    for (const tree of trees) {
      const start = this.treeStart[tree];
      this.order.copyWithin(tail, start, start + this.treeLength[tree]);
      this.treeStart[tree] = tail;
      tail += this.treeLength[tree];
    }
    this.#tail = tail;
  }

  #rememberNormal(): void {
    this.#normalUp = this.up.slice();
    const rank = new Int32Array(this.graph.nodeCount);
    for (const tree of this.treeIds()) {
      const base = this.treeStart[tree];
      rank[this.order[base]] = this.treeLive[tree] ? 0 : this.graph.nodeCount;
      for (let i = base + 1; i < base + this.treeLength[tree]; i++) {
        const node = this.order[i];
        rank[node] = rank[otherEnd(this.graph, this.up[node], node)] + 1;
      }
    }
    this.#normalRank = rank;
  }
}
