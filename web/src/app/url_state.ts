/** Every state of the screen has an address: what is selected, the area, the view, the filter, which pane stands alone. */

import { isPage, type PageName } from './pages.ts';

export const paneNames = ['events', 'map', 'alarms', 'trend', 'detail'] as const;
export type PaneName = (typeof paneNames)[number];

/** `edge` is a map row that has not been named by the server yet. */
export type SelectionKind = 'outage' | 'asset' | 'meter' | 'edge' | 'exception' | 'crew' | 'order';
export interface Selection {
  kind: SelectionKind;
  id: string;
}

export interface MapView {
  lon: number;
  lat: number;
  zoom: number;
}

export interface ScreenAddress {
  page: PageName;
  /** the pane that fills this window alone */
  pane: PaneName | null;
  selection: Selection | null;
  /** area of responsibility by id; null = whole territory */
  area: string | null;
  view: MapView | null;
  /** text filter of the event list */
  filter: string;
}

const kinds: readonly string[] = [
  'outage',
  'asset',
  'meter',
  'edge',
  'exception',
  'crew',
  'order',
] satisfies SelectionKind[];

function parseSelection(text: string | null): Selection | null {
  if (!text) return null;
  const at = text.indexOf(':');
  const kind = text.slice(0, at);
  const id = text.slice(at + 1);
  return kinds.includes(kind) && id !== '' ? { kind: kind as SelectionKind, id } : null;
}

function parseView(text: string | null): MapView | null {
  const [lon, lat, zoom] = (text ?? '').split(',').map(Number.parseFloat);
  const valid = Math.abs(lon) <= 180 && Math.abs(lat) <= 85 && zoom >= 0 && zoom <= 24;
  return valid ? { lon, lat, zoom } : null;
}

/** Reads `location.search`; what cannot be read is left out, never an error. */
export function parseAddress(search: string): ScreenAddress {
  const parameters = new URLSearchParams(search);
  const pane = parameters.get('pane');
  const page = parameters.get('page');
  return {
    page: isPage(page) ? page : 'center',
    pane: (paneNames as readonly string[]).includes(pane ?? '') ? (pane as PaneName) : null,
    selection: parseSelection(parameters.get('sel')),
    area: parameters.get('area') || null,
    view: parseView(parameters.get('view')),
    filter: parameters.get('q') ?? '',
  };
}

/** The address as `location.search`, empty for the plain screen; keys in fixed order. */
export function formatAddress(address: ScreenAddress): string {
  const parameters = new URLSearchParams();
  if (address.page !== 'center') parameters.set('page', address.page);
  if (address.pane) parameters.set('pane', address.pane);
  if (address.area) parameters.set('area', address.area);
  if (address.selection) parameters.set('sel', `${address.selection.kind}:${address.selection.id}`);
  if (address.filter) parameters.set('q', address.filter);
  if (address.view) {
    const { lon, lat, zoom } = address.view;
    parameters.set('view', `${lon.toFixed(5)},${lat.toFixed(5)},${zoom.toFixed(2)}`);
  }
  const text = parameters.toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
  return text ? `?${text}` : '';
}

export function sameSelection(a: Selection | null, b: Selection | null): boolean {
  return a === b || (a !== null && b !== null && a.kind === b.kind && a.id === b.id);
}
