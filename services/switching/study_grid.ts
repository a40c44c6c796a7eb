/** The grid as a study needs it: a topology of its own, given from outside, that nobody else operates. */
import type { NetworkColumns } from '#model/network.ts';

export interface StudyGrid {
  network: NetworkColumns;
  isOpen(edge: number): boolean;
  isEnergised(node: number): boolean;
  isMeshed(node: number): boolean;
  /** edge towards the source of a node, -1 at sources */
  upEdge(node: number): number;
  /** node rows of the island of a node in preorder: each after the one that feeds it */
  islandOf(node: number): Int32Array;
  setOpen(edge: number, open: boolean): { deEnergised: Int32Array; energised: Int32Array };
  /** the smallest ring or way between two sources that a closed edge is part of */
  loopThrough(edge: number): { kind: 'loop' | 'parallel'; edges: number; closedTies: number[] } | null;
  /** keys of the meters at a node */
  metersAt(node: number): Int32Array;
}

/** Present load of every meter, kW, by meter key. */
export interface PresentLoad {
  kwOf: Float32Array;
  /** share of the meters whose load is a reading; the others count with their peak demand */
  measuredShare: number;
  at: string;
}

/** A tag or ground that hangs in the field, or would in the study. */
export interface HangingTag {
  device: number;
  kind: 'tag' | 'ground';
  orderId: number;
  /** that order is over: any other may take it down */
  isLeft: boolean;
  /** node a ground is at, -1 for tags */
  node: number;
}
