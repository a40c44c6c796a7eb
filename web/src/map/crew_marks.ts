import type { GeoJSONSource } from 'maplibre-gl';
import { useEffect } from 'react';
import type { Crew, CrewStatus } from '#model/api/crews.ts';
import { useScreen } from '../app/screen_store.ts';
import { useCrews } from '../crews/use_crews.ts';
import type { MapEngine } from './map_engine.ts';

/** Shape says what it does; who is not there has no place on the map. */
const shapes: Partial<Record<CrewStatus, string>> = {
  available: '◇',
  on_break: '◇',
  assigned: '◈',
  en_route: '▶',
  on_site: '◆',
};
const oldMs = 30 * 60_000;

interface CrewFeature {
  type: 'Feature';
  properties: { mark: string; label: string; old: boolean };
  geometry: { type: 'Point'; coordinates: [number, number] };
}

/** Crews on duty where they last reported from, at their base where they never did. */
export function crewFeatures(crews: readonly Crew[], area: string | null, nowMs: number): CrewFeature[] {
  return crews.flatMap((crew) => {
    const mark = shapes[crew.status];
    if (mark === undefined || (area !== null && crew.area_id !== area)) return [];
    const old = crew.position_at === null || nowMs - Date.parse(crew.position_at) > oldMs;
    return [
      {
        type: 'Feature',
        // a place that may be wrong by now says so
        properties: { mark, label: `${crew.id}${old ? ' ?' : ''}`, old },
        geometry: { type: 'Point', coordinates: [crew.lon ?? crew.home_lon, crew.lat ?? crew.home_lat] },
      },
    ];
  });
}

export function useCrewMarks(engine: MapEngine | null): void {
  const area = useScreen((screen) => screen.area);
  const { crews: data } = useCrews();
  useEffect(() => {
    if (!engine || !data) return;
    const show = () =>
      void engine.map
        .getSource<GeoJSONSource>('crews')
        ?.setData({ type: 'FeatureCollection', features: crewFeatures(data, area, Date.now()) });
    if (engine.map.getSource('crews')) return show();
    engine.map.once('style.load', show);
    return () => void engine.map.off('style.load', show);
  }, [engine, data, area]);
}
