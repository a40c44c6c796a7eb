/**
 * Work that must not overlap, done in the order in which it was asked for. What fails fails for who asked, and holds up
 * nobody behind it.
 */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

export function oneAtATime(): InTurn {
  let turn: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = turn.then(work);
    turn = next.catch(() => undefined);
    return next;
  };
}

/** Resolves when everything asked for so far is done. */
export const allDone = (inTurn: InTurn): Promise<void> => inTurn(async () => undefined);
