/** The crews of a storm: those of the territory and as many more of the same kinds, all on duty until it is over. */
import type { NetworkColumns } from '#model/network.ts';
import { seedCrews } from '#services/crews/seed.ts';
import type { CrewMaster } from '#services/crews/sql.ts';
import type { CrewFact } from '#services/etr/simulation.ts';
import { mix, Random } from '#sources/territory/random.ts';

/** Who can repair: trees and assessments are part of their work in the drill. */
const repairs = new Set(['troubleman', 'line', 'underground']);

/** A storm brings crews of neighbours: one for so many meters, unless told. */
const metersPerCrew = 2000;

/** @param wanted number of crews */
export function stormRoster(network: NetworkColumns, seed: number, wanted: number | undefined): CrewMaster[] {
  const roster: CrewMaster[] = [];
  const many = wanted ?? Math.ceil(network.meter.count / metersPerCrew);
  for (let round = 0; roster.length < many; round++) {
    const random = new Random(seed, mix(0x6372_6577, round));
    const crews = seedCrews(network, () => random.unit(), 'UTC').filter(({ kind }) => repairs.has(kind));
    // area by area, so that a small number is spread
    const turn = new Map<string, number>();
    const order = crews.map((crew) => {
      const at = turn.get(crew.area_id) ?? 0;
      turn.set(crew.area_id, at + 1);
      return { crew, at };
    });
    order.sort((a, b) => a.at - b.at);
    for (const { crew } of order)
      roster.push({ ...crew, crew_id: round === 0 ? crew.crew_id : `${crew.crew_id}-${round + 1}`, shifts: [] });
  }
  return roster.slice(0, many);
}

/** Crews as the restoration simulation sees them: on duty without end. */
export function crewFactsOf(roster: readonly CrewMaster[]): CrewFact[] {
  return roster.map(({ crew_id, area_id, home_lat, home_lon }) => ({
    id: crew_id,
    area: area_id,
    lat: home_lat,
    lon: home_lon,
    onDutyS: 0,
    offDutyS: Number.MAX_SAFE_INTEGER,
  }));
}
