import { create } from 'zustand';
import type { Trace, TraceDirection } from '#model/api/network.ts';
import type { MoveDirection, OutageVerb } from '#model/api/outages.ts';
import {
  type MapView,
  type PaneName,
  parseAddress,
  type ScreenAddress,
  type Selection,
  sameSelection,
} from './url_state.ts';

export const phoneQuery = '(max-width: 760px)';

export type Theme = 'dark' | 'light';

export interface TraceView {
  assetId: string;
  direction: TraceDirection;
  result: Trace | null;
  error: string | null;
}

interface Screen extends ScreenAddress {
  utc: boolean;
  theme: Theme;
  helpOpen: boolean;
  paletteOpen: boolean;
  /** details are shown beside the map */
  detailOpen: boolean;
  /** verb whose form the details should open with */
  askVerb: OutageVerb | null;
  /** of the verb `move` */
  askDirection: MoveDirection;
  trace: TraceView | null;
  /** pane on a phone, where only one fits */
  tab: PaneName;
  /** asks the map to move; `serial` makes the same request twice possible */
  zoomTo: { target: 'selection' | 'all'; serial: number };
  /** list that j/k moves in */
  activeList: 'events' | 'alarms';
  select: (selection: Selection | null, options?: { details?: boolean }) => void;
  setView: (view: MapView) => void;
}

const initial = parseAddress(location.search);

function storedTheme(): Theme {
  const stored = localStorage.getItem('flux.theme');
  if (stored === 'dark' || stored === 'light') return stored;
  return matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
}

/** One store for everything that the panes share. */
export const useScreen = create<Screen>((set, get) => ({
  ...initial,
  utc: localStorage.getItem('flux.utc') === 'true',
  theme: storedTheme(),
  helpOpen: false,
  paletteOpen: false,
  detailOpen: initial.selection !== null,
  askVerb: null,
  askDirection: 'up',
  trace: null,
  tab: initial.pane ?? (initial.selection ? 'detail' : 'events'),
  zoomTo: { target: 'selection', serial: 0 },
  activeList: 'events',
  select: (selection, options = {}) => {
    const { selection: before, detailOpen } = get();
    const open = selection !== null && (options.details ?? detailOpen);
    if (sameSelection(before, selection)) set({ detailOpen: open });
    else set({ selection, detailOpen: open, askVerb: null, trace: null });
  },
  setView: (view) => set({ view }),
}));

/** On a phone only one pane fits: choosing from a list brings the details to the front. */
export function showDetailsOnPhone(): void {
  if (matchMedia(phoneQuery).matches) useScreen.setState({ tab: 'detail', detailOpen: true });
}

export function requestZoom(target: 'selection' | 'all'): void {
  useScreen.setState((screen) => ({ zoomTo: { target, serial: screen.zoomTo.serial + 1 } }));
}

export function toggleUtc(): void {
  const utc = !useScreen.getState().utc;
  localStorage.setItem('flux.utc', String(utc));
  useScreen.setState({ utc });
}

export function toggleTheme(): void {
  const theme: Theme = useScreen.getState().theme === 'dark' ? 'light' : 'dark';
  localStorage.setItem('flux.theme', theme);
  useScreen.setState({ theme });
}
