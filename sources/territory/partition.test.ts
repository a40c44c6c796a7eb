import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growTree } from './feeder_tree.ts';
import { openCorridors } from './getaway.ts';
import { partition } from './partition.ts';
import { planTerritory } from './plan.ts';
import { Random } from './random.ts';
import { layStreets, linksPerCrossing } from './streets.ts';

/** Connected pieces per label. */
function piecesOf(link: Int32Array, label: Int32Array): Map<number, number> {
  const seen = new Uint8Array(label.length);
  const pieces = new Map<number, number>();
  for (let start = 0; start < label.length; start++) {
    if (seen[start]) continue;
    pieces.set(label[start], (pieces.get(label[start]) ?? 0) + 1);
    const queue = [start];
    seen[start] = 1;
    for (const a of queue) {
      for (let k = 0; k < linksPerCrossing; k++) {
        const next = link[a * linksPerCrossing + k];
        if (next < 0 || seen[next] || label[next] !== label[start]) continue;
        seen[next] = 1;
        queue.push(next);
      }
    }
  }
  return pieces;
}

test('every substation and every feeder serves one connected, fair piece of its neighbourhood', () => {
  const shares: number[] = [];
  planTerritory('poc').forEach((plan, index) => {
    const streets = layStreets(plan, Math.round(plan.meters * 0.1), new Random(11, index));
    const parts = partition(streets);
    assert.equal(parts.sites.length, plan.substations);
    openCorridors(streets, parts);
    for (const [label, pieces] of piecesOf(streets.link, parts.substation)) {
      assert.equal(pieces, 1, `${plan.name}: substation ${label} is torn`);
    }
    const ofFeeder = piecesOf(streets.link, parts.feeder);
    assert.equal(ofFeeder.size, parts.feederSubstation.length, 'no feeder is empty');
    const members: number[][] = parts.feederSubstation.map(() => []);
    for (let a = 0; a < streets.count; a++) {
      assert.equal(parts.feederSubstation[parts.feeder[a]], parts.substation[a]);
      members[parts.feeder[a]].push(a);
    }
    members.forEach((own, f) => {
      assert.equal(ofFeeder.get(f), 1, `${plan.name}: feeder ${f} is torn`);
      assert.equal(growTree(streets, own, parts.sites[parts.feederSubstation[f]], 1).order.length, own.length);
      shares.push((own.length * members.length) / streets.count);
    });
  });
  const fair = shares.filter((share) => share > 0.5 && share < 2).length / shares.length;
  assert.ok(fair > 0.85, `${fair} of the feeders have half to twice the mean size`);
});
