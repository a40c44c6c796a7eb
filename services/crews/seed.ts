/** The crews of a new synthetic territory: per area what a utility of its size would have. Same seed, same crews. */
import type { CrewKind, ShiftWindow } from '#model/api/crews.ts';
import type { NetworkColumns } from '#model/network.ts';
import { skillsOfKind } from './needs.ts';
import type { CrewMaster } from './sql.ts';

const words: Record<CrewKind, { code: string; name: string; size: number }> = {
  troubleman: { code: 'TR', name: 'Trouble', size: 1 },
  line: { code: 'LN', name: 'Line', size: 4 },
  underground: { code: 'UG', name: 'Underground', size: 3 },
  tree: { code: 'TC', name: 'Tree', size: 3 },
  damage_assessor: { code: 'DA', name: 'Assessor', size: 1 },
};

/** Meters one crew of a kind stands for; at least one of each in every area. */
const metersPerCrew: Record<CrewKind, number> = {
  troubleman: 5000,
  line: 6000,
  underground: 20_000,
  tree: 15_000,
  damage_assessor: 15_000,
};

const everyDay = [1, 2, 3, 4, 5, 6, 7];

/** Shifts by turn: day, night, late, day: so that the change of a shift never leaves an area alone. */
function shiftsOf(kind: CrewKind, turn: number, zone: string): ShiftWindow[] {
  const window = (days: number[], from: string, to: string): ShiftWindow[] => [{ days, from, to, time_zone: zone }];
  const [from, to] = [
    ['07:00', '19:00'],
    ['19:00', '07:00'],
    ['11:00', '23:00'],
    ['06:00', '18:00'],
  ][turn % 4];
  const isAlways = kind === 'troubleman' || kind === 'line' || turn % 2 === 0;
  return window(isAlways ? everyDay : [1, 2, 3, 4, 5], from, to);
}

/** @param unit uniform in [0, 1), seeded */
export function seedCrews(network: NetworkColumns, unit: () => number, zone: string): CrewMaster[] {
  const { area, substation, feeder, node, meter } = network;
  const metersOf = new Int32Array(area.count);
  for (let key = 0; key < meter.count; key++) {
    const of = node.feeder[meter.node[key]];
    if (of >= 0) metersOf[substation.area[feeder.substation[of]]]++;
  }
  const crews: CrewMaster[] = [];
  for (let a = 0; a < area.count; a++) {
    const homes = Array.from({ length: substation.count }, (_, s) => s).filter((s) => substation.area[s] === a);
    if (homes.length === 0) continue;
    for (const kind of Object.keys(words) as CrewKind[]) {
      const count = Math.max(
        kind === 'line' || kind === 'troubleman' ? 2 : 1,
        Math.round(metersOf[a] / metersPerCrew[kind]),
      );
      for (let turn = 0; turn < count; turn++) {
        const home = homes[Math.floor(unit() * homes.length)];
        const { code, name, size } = words[kind];
        // the third crew of a kind and area is XY-103, of the next area XY-203
        const number = (a + 1) * 100 + turn + 1;
        crews.push({
          crew_id: `${code}-${number}`,
          name: `${name} ${number} ${area.name[a]}`,
          kind,
          skills: skillsOfKind[kind],
          size,
          area_id: area.id.at(a),
          phone: null,
          radio: `CH ${a + 1}-${turn + 1}`,
          // within about a kilometre of a substation of its area
          home_lon: Number((substation.lonE7[home] * 1e-7 + (unit() - 0.5) * 0.02).toFixed(5)),
          home_lat: Number((substation.latE7[home] * 1e-7 + (unit() - 0.5) * 0.02).toFixed(5)),
          shifts: shiftsOf(kind, turn, zone),
        });
      }
    }
  }
  return crews;
}
