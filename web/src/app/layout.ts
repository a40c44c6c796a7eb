/** Sizes of the panes as shares of the window; kept per browser. */
export interface Layout {
  /** share of the width for events and alarms */
  left: number;
  /** share of the height for events (rest: alarms) */
  leftTop: number;
  /** share of the height for the map (rest: trend) */
  rightTop: number;
}

export const defaultLayout: Layout = { left: 0.47, leftTop: 0.62, rightTop: 0.7 };
export const shareMin = 0.15;
export const shareMax = 0.85;
const storageKey = 'flux.layout';

export function clampShare(share: number): number {
  return Math.min(shareMax, Math.max(shareMin, share));
}

/** Reads a stored layout; anything unreadable becomes the default. */
export function parseLayout(text: string | null): Layout {
  try {
    const stored = JSON.parse(text ?? '{}') as Partial<Layout>;
    const share = (key: keyof Layout) =>
      typeof stored[key] === 'number' && Number.isFinite(stored[key]) ? clampShare(stored[key]) : defaultLayout[key];
    return { left: share('left'), leftTop: share('leftTop'), rightTop: share('rightTop') };
  } catch {
    return defaultLayout;
  }
}

export function loadLayout(): Layout {
  return parseLayout(localStorage.getItem(storageKey));
}

export function saveLayout(layout: Layout): void {
  localStorage.setItem(storageKey, JSON.stringify(layout));
}
