/** The feeds: masked for everybody; exact for partners, and then only of their areas. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BinaryAnswer, RouteDeclaration, RouteRequest } from '#model/route.ts';
import { publicPicture } from './picture.ts';
import { masking, outageAt, zones } from './picture_testbed.ts';
import { feedRoutes } from './routes.ts';

const outages = [outageAt(1, 0, 47, { cause: 'tree at <Elm>' }), outageAt(2, 500, 2), outageAt(3, 900, 31)];
let pictures = 0;
const routes = feedRoutes({
  picture: () => {
    pictures++;
    return publicPicture(outages, masking);
  },
  everyMs: 40,
  outages: () => outages,
  zone: (id) => zones.find((zone) => zone.id === id)!,
  perMinute: 30,
});
const route = (path: string): RouteDeclaration => routes.find((one) => one.path === path)!;
/** As the frame does it: rows of foreign areas are left out before the form is made. */
function textOf({ handle, scope, render }: RouteDeclaration, areas: string[] | null): string {
  let answer = handle({} as RouteRequest);
  if (scope.kind === 'rows' && areas)
    answer = (answer as never[]).filter((row) => areas.includes(scope.areaOf(row) ?? ''));
  return Buffer.from(((render ? render(answer) : answer) as BinaryAnswer).bytes).toString();
}

describe('feeds', () => {
  test('for everybody: limited, cached, masked', () => {
    for (const path of ['/feeds/odin', '/feeds/outages.geojson']) {
      const { role, limit, cacheSeconds } = route(path);
      assert.deepEqual([role, limit, cacheSeconds], ['public', { calls: 30, seconds: 60 }, 30]);
      const text = textOf(route(path), []);
      for (const secret of ['OUT-', 'Elm', '>47<', ':47,', '>31<', ':31,', '18:17:31'])
        assert.ok(!text.includes(secret), `${path} tells ${secret}`);
    }
    assert.equal(JSON.parse(textOf(route('/feeds/outages.geojson'), [])).features.length, 2);
    assert.match(textOf(route('/feeds/odin'), []), /<metersAffected>45<\/metersAffected>/);
  });

  test('W6 a crowd that asks costs one picture for each feed and span of time; then it is news again', async () => {
    const crowd = (): void => {
      for (let i = 0; i < 500; i++)
        for (const path of ['/feeds/odin', '/feeds/outages.geojson']) textOf(route(path), []);
    };
    await sleep(50);
    pictures = 0;
    const begunMs = performance.now();
    crowd();
    assert.ok(pictures <= 2 * Math.ceil((performance.now() - begunMs) / 40 + 1), String(pictures));
    outages.push(outageAt(4, 300, 60));
    await sleep(50);
    assert.equal(JSON.parse(textOf(route('/feeds/outages.geojson'), [])).features.length, 3);
    outages.pop();
  });

  test('for partners: exact, of the areas of the token', () => {
    for (const path of ['/feeds/odin/exact', '/feeds/outages/exact.geojson']) assert.equal(route(path).role, 'viewer');
    const all = textOf(route('/feeds/odin/exact'), null);
    assert.equal(all.match(/<Outage>/g)?.length, 3);
    assert.match(all, /<metersAffected>47</);
    assert.match(all, /tree at &lt;Elm&gt;/);
    const own = textOf(route('/feeds/odin/exact'), ['AREA-1']);
    assert.deepEqual(own.match(/<mRID>[^<]+/g), ['<mRID>OUT-0000002']);
    const features = JSON.parse(textOf(route('/feeds/outages/exact.geojson'), ['AREA-2'])).features;
    assert.deepEqual(
      features.map((feature: { id: string }) => feature.id),
      ['OUT-0000003'],
    );
    assert.deepEqual(features[0].geometry.coordinates.length, 2);
  });
});
