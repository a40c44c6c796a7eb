import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crewKinds } from '#model/api/crews.ts';
import { NetworkBuilder } from '#model/network_builder.ts';
import { seedCrews } from './seed.ts';
import { shiftsAround } from './shifts.ts';

function twoAreas() {
  const builder = new NetworkBuilder('two');
  for (const [i, name] of ['North', 'South'].entries()) {
    const area = builder.addArea({ id: `AREA-${name}`, name });
    const substation = builder.addSubstation({ id: `S${i}`, name, lonE7: -954e6 + i, latE7: 298e6, area });
    const feeder = builder.addFeeder({ id: `F${i}`, name: `F${i}`, substation, nominalKv: 12.47 });
    const source = builder.addNode({ id: `N${i}`, lonE7: 0, latE7: 0, feeder });
    const to = builder.addNode({ id: `M${i}`, lonE7: 0, latE7: 0, feeder });
    const head = builder.addEdge({ id: `E${i}`, kind: 1, feeder, phases: 7, lengthM: 1, from: source, to });
    builder.setFeederHead(feeder, source, head);
  }
  return builder.finish();
}
function unitsFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

test('every area has every kind, day and night; the same seed gives the same crews', () => {
  const network = twoAreas();
  const crews = seedCrews(network, unitsFrom(1), 'America/Chicago');
  for (const area of ['AREA-North', 'AREA-South'])
    for (const kind of crewKinds) assert.ok(crews.some((crew) => crew.area_id === area && crew.kind === kind));
  assert.equal(new Set(crews.map((crew) => crew.crew_id)).size, crews.length);
  assert.deepEqual(seedCrews(network, unitsFrom(1), 'America/Chicago'), crews);
  assert.notDeepEqual(seedCrews(network, unitsFrom(2), 'America/Chicago'), crews);
  // at any hour of a day somebody can go out and switch
  for (let hour = 0; hour < 24; hour++) {
    const at = Date.parse('2026-07-04T05:30:00Z') + hour * 3_600_000;
    assert.ok(
      crews.some((crew) => crew.kind === 'troubleman' && shiftsAround(crew.shifts, at).current !== null),
      `hour ${hour}`,
    );
  }
});
