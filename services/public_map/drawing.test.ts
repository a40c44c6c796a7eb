import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCells } from './cells.ts';
import { drawnMap, makeGround } from './drawing.ts';
import { publicPicture } from './picture.ts';
import { cells, masking, network, outageAt, zones } from './picture_testbed.ts';

test('zones that touch have different shades; the drawing stays inside its frame', () => {
  // stripes: each zone touches the next
  const { lonE7 } = network.meter;
  const striped = makeCells(network, 1, (meter) => Math.floor((lonE7[meter] * 1e-7 + 96) / 0.03) % 5);
  const { shapes } = makeGround(
    striped,
    Array.from({ length: 5 }, (_, i) => ({ id: String(i), name: String(i), served: 1 })),
  );
  const squares = striped.drawn();
  const present = [...new Set(squares.map((cell) => cell.zone))].sort((a, b) => a - b);
  const shades = [...shapes.matchAll(/class="zone z(\d)"/g)].map(([, shade]) => shade);
  assert.equal(shades.length, present.length);
  const shadeOf = new Map(present.map((zone, i) => [zone, shades[i]]));
  let borders = 0;
  for (const one of squares)
    for (const other of squares) {
      const apart = Math.abs(one.column - other.column) + Math.abs(one.row - other.row);
      if (apart !== 1 || one.zone === other.zone) continue;
      borders++;
      assert.notEqual(shadeOf.get(one.zone), shadeOf.get(other.zone));
    }
  assert.ok(borders > 10);
  const ground = makeGround(cells, zones);
  for (const cell of cells.drawn()) {
    const { x, y } = ground.place(cell.lon, cell.lat);
    assert.ok(x >= 0 && x <= ground.width && y >= 0 && y <= ground.height, `${x} ${y}`);
  }
});

test('outages in one square are one circle that tells how many they are', () => {
  const picture = publicPicture([outageAt(1, 0, 40), outageAt(2, 1, 20), outageAt(3, 800, 10)], masking);
  const svg = drawnMap(picture, makeGround(cells, zones), 'UTC', 'en');
  assert.equal(svg.match(/<circle/g)?.length, 2);
  assert.match(svg, /60 customers without power, 2 outages/);
});

test('a territory without homes is drawn as an empty map', () => {
  const nothing = makeCells({ meter: { count: 0 } } as typeof network, 50, () => 0);
  assert.deepEqual(nothing.drawn(), []);
  assert.match(
    drawnMap(publicPicture([], { ...masking, cells: nothing, zones: [] }), makeGround(nothing, []), 'UTC', 'es'),
    /<svg/,
  );
});
