import type { StyleSpecification } from 'maplibre-gl';
import type { MapPalette } from './palette.ts';

const own = (path: string): string => new URL(path, location.origin).href;

/** Text of the map is drawn by the browser in the page's own face: no glyph server. */
const font = ['Inter'];

/** A quiet basemap from the own origin. The network's own layers are put between land and labels. */
export function mapStyle(palette: MapPalette): StyleSpecification {
  return {
    version: 8,
    sources: {
      neighbourhoods: { type: 'geojson', data: own('/basemap/houston.geojson'), tolerance: 0.6, maxzoom: 13 },
      counties: { type: 'geojson', data: own('/basemap/counties.geojson'), maxzoom: 10 },
      places: { type: 'geojson', data: own('/basemap/labels.geojson'), maxzoom: 12 },
      substations: { type: 'geojson', data: { type: 'FeatureCollection', features: [] }, maxzoom: 14 },
      clusters: { type: 'geojson', data: { type: 'FeatureCollection', features: [] }, maxzoom: 14 },
      crews: { type: 'geojson', data: { type: 'FeatureCollection', features: [] }, maxzoom: 14 },
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': palette.ground } },
      {
        id: 'land',
        type: 'fill',
        source: 'neighbourhoods',
        paint: { 'fill-color': palette.land, 'fill-antialias': false },
      },
      { id: 'land-line', type: 'line', source: 'neighbourhoods', paint: { 'line-color': palette.landLine } },
      { id: 'county', type: 'line', source: 'counties', paint: { 'line-color': palette.county, 'line-width': 1.2 } },
      {
        id: 'place-label',
        type: 'symbol',
        source: 'places',
        minzoom: 9.6,
        maxzoom: 14.5,
        layout: {
          'text-field': ['get', 'name'],
          'text-font': font,
          'text-size': ['interpolate', ['linear'], ['zoom'], 10, 11, 13, 13],
          'text-max-width': 8,
          'text-padding': 6,
          'symbol-sort-key': ['get', 'rank'],
        },
        paint: { 'text-color': palette.label, 'text-halo-color': palette.labelHalo, 'text-halo-width': 1.6 },
      },
      {
        id: 'substation-label',
        type: 'symbol',
        source: 'substations',
        minzoom: 11.6,
        layout: {
          'text-field': ['get', 'name'],
          'text-font': font,
          'text-size': 11,
          'text-anchor': 'top',
          'text-offset': [0, 0.8],
          'text-max-width': 10,
          'text-padding': 3,
        },
        paint: { 'text-color': palette.substationLabel, 'text-halo-color': palette.labelHalo, 'text-halo-width': 1.6 },
      },
      {
        id: 'cluster-count',
        type: 'symbol',
        source: 'clusters',
        layout: {
          'text-field': ['get', 'count'],
          'text-font': font,
          'text-size': 12,
          'text-allow-overlap': true,
          'text-ignore-placement': true,
        },
        paint: { 'text-color': palette.clusterLabel },
      },
      {
        id: 'crew-mark',
        type: 'symbol',
        source: 'crews',
        layout: {
          'text-field': ['get', 'mark'],
          'text-font': font,
          'text-size': ['interpolate', ['linear'], ['zoom'], 10, 13, 14, 14],
          'text-allow-overlap': true,
          'text-ignore-placement': true,
        },
        paint: {
          'text-color': palette.substation,
          'text-halo-color': palette.labelHalo,
          'text-halo-width': 2,
          'text-opacity': ['case', ['get', 'old'], 0.55, 1],
        },
      },
      {
        id: 'crew-name',
        type: 'symbol',
        source: 'crews',
        minzoom: 11,
        layout: {
          'text-field': ['get', 'label'],
          'text-font': font,
          'text-size': 13,
          // beside its mark wherever there is room: crews at one place must not be written over each other
          'text-variable-anchor': ['left', 'right', 'top', 'bottom'],
          'text-radial-offset': 0.8,
          'text-justify': 'auto',
        },
        paint: {
          'text-color': palette.substation,
          'text-halo-color': palette.labelHalo,
          'text-halo-width': 2,
          'text-opacity': ['case', ['get', 'old'], 0.55, 1],
        },
      },
    ],
  };
}

/** Colours that follow the theme without loading the style anew. */
export function themePaint(palette: MapPalette): [layer: string, property: string, color: string][] {
  return [
    ['ground', 'background-color', palette.ground],
    ['land', 'fill-color', palette.land],
    ['land-line', 'line-color', palette.landLine],
    ['county', 'line-color', palette.county],
    ['place-label', 'text-color', palette.label],
    ['place-label', 'text-halo-color', palette.labelHalo],
    ['substation-label', 'text-color', palette.substationLabel],
    ['substation-label', 'text-halo-color', palette.labelHalo],
    ['cluster-count', 'text-color', palette.clusterLabel],
    ['crew-mark', 'text-color', palette.substation],
    ['crew-mark', 'text-halo-color', palette.labelHalo],
    ['crew-name', 'text-color', palette.substation],
    ['crew-name', 'text-halo-color', palette.labelHalo],
  ];
}
