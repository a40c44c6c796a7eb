import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { columnOrder } from './coordinates.ts';
import { projectionOf } from './projections.ts';
import { fluxError, houston, readScripts, small, smallCoordinates, smallFeeder } from './script_testbed.ts';

const order = (points: [number, number][]): string =>
  columnOrder({ x: Float64Array.from(points, ([x]) => x), y: Float64Array.from(points, ([, y]) => y) });

const feederAt = (rows: string): Record<string, string> => ({ 'Master.dss': smallFeeder, 'coords.csv': rows });

describe('what the columns mean', () => {
  const cases: [string, [number, number][], string][] = [
    [
      'California, lon first',
      [
        [-122.7747, 38.4243],
        [-122.7746, 38.4244],
      ],
      'lon,lat',
    ],
    [
      'California, lat first',
      [
        [38.4243, -122.7747],
        [38.4244, -122.7746],
      ],
      'lat,lon',
    ],
    [
      'New York, lat first, both below 90',
      [
        [40.7123, -74.0061],
        [40.7131, -74.0067],
      ],
      'lat,lon',
    ],
    [
      'London, could be either: x first',
      [
        [-0.1276, 51.5072],
        [-0.1281, 51.5074],
      ],
      'lon,lat',
    ],
    [
      'Johannesburg, could be either: x first',
      [
        [28.0473, -26.2041],
        [28.0474, -26.2044],
      ],
      'lon,lat',
    ],
    [
      'state plane feet',
      [
        [2235997.56, 293857.8],
        [2236214.15, 293970.81],
      ],
      'projected',
    ],
    [
      'a drawing in hundreds',
      [
        [700, 1500],
        [200, 400],
      ],
      'projected',
    ],
    [
      'a small drawing in whole units',
      [
        [1, 2],
        [3, 4],
        [2, 4],
      ],
      'projected',
    ],
    [
      'a drawing across 20 units with decimals',
      [
        [0.125, 0.375],
        [19.125, 7.875],
      ],
      'projected',
    ],
    [
      'one far point makes it no place on one feeder',
      [
        [-122.7747, 38.4243],
        [10.5123, 38.4244],
      ],
      'projected',
    ],
  ];
  for (const [name, points, expected] of cases) test(name, () => assert.equal(order(points), expected));

  test('LatLongCoords says it: lat first', () => {
    const { report, network } = readScripts(
      {
        'Master.dss': smallFeeder.replace('Buscoords', 'LatLongCoords'),
        'coords.csv': 'src 51.5072 -0.1276\nb 51.5074 -0.1281\nc 51.5079 -0.1289',
      },
      {},
    );
    assert.equal(report.coordinates.order, 'lat,lon');
    assert.equal(network.node.latE7[network.node.id.rowOf('b')], 515074000);
    assert.equal(network.node.lonE7[network.node.id.rowOf('b')], -1281000);
  });
});

describe('projections', () => {
  // EPSG code, x, y, and lon, lat by PROJ 9 (pyproj); for 2926 in its own datum, 0.6 m from WGS 84
  const points: [number, number, number, number, number][] = [
    [2278, 3121000, 13840000, -95.3671479, 29.7550982],
    [2926, 1270000, 230000, -122.3354146, 47.6206245],
    [2227, 6000000, 2100000, -122.4427256, 37.7461992],
    [2263, 980000, 190000, -74.0153247, 40.6881818],
    [2222, 700000, 900000, -110.1666667, 33.474027],
    [2248, 1400000, 500000, -76.6913541, 39.0391758],
    [32615, 270000, 3290000, -95.3776885, 29.7188587],
    [32733, 300000, 7000000, 12.9824943, -27.1079795],
    [26915, 270000, 3290000, -95.3776885, 29.7188587],
    [3857, -10600000, 3470000, -95.2214201, 29.7386517],
    [4326, -95.5, 29.5, -95.5, 29.5],
  ];
  for (const [epsg, x, y, lon, lat] of points) {
    test(`EPSG:${epsg} as PROJ has it, to a centimetre`, () => {
      const projection = projectionOf(epsg);
      const [foundLon, foundLat] = projection.toLonLat(x, y);
      assert.ok(Math.abs(foundLon - lon) < 1e-7 && Math.abs(foundLat - lat) < 1e-7, `${foundLon}, ${foundLat}`);
      const [west, south, east, north] = projection.area;
      assert.ok(lon >= west - 0.3 && lon <= east + 0.3 && lat >= south && lat <= north);
    });
  }

  test('every zone of the table works: the middle of its area survives, and zones that were asked for are there', () => {
    for (const epsg of [2225, 2226, 2227, 2228, 2229, 2230, 2248, 2263, 2276, 2277, 2278, 2926]) {
      const { name } = projectionOf(epsg);
      assert.ok(name.includes('ft'), name);
    }
    assert.throws(() => projectionOf(99999), fluxError('opendss_unknown_epsg', 'EPSG:99999', '--place'));
    assert.throws(() => projectionOf(32661), fluxError('opendss_unknown_epsg'));
  });

  test('--epsg places projected coordinates', () => {
    const rows = 'src, 3121000, 13840000\na, 3121030, 13840000\nb, 3122640, 13840000\nc, 3123640, 13840010';
    const { report, network } = readScripts(feederAt(rows), { epsg: 2278 });
    const row = network.node.id.rowOf('src');
    assert.ok(Math.abs(network.node.lonE7[row] - -953671479) <= 1);
    assert.ok(Math.abs(network.node.latE7[row] - 297550982) <= 1);
    assert.deepEqual([report.coordinates.epsg, report.coordinates.order], [2278, 'projected']);
    assert.match(report.coordinates.scale, /Texas South Central/);
  });

  test('a wrong EPSG code is refused with the bus, the point and the area', () => {
    const rows = 'src, 3121000, 13840000\nb, 3122640, 13840000';
    assert.throws(
      () => readScripts(feederAt(rows), { epsg: 2263 }),
      fluxError('opendss_wrong_epsg', 'EPSG:2263 (New York Long Island', 'bus src', 'x 3121000', '-74.26', '--place'),
    );
    assert.throws(() => readScripts(feederAt(rows), { epsg: 4326 }), fluxError('opendss_wrong_epsg', 'bus src'));
    assert.throws(() => readScripts(feederAt(rows), { epsg: 32615 }), fluxError('opendss_wrong_epsg'));
    assert.throws(() => readScripts(feederAt(rows), { epsg: 1 }), fluxError('opendss_unknown_epsg'));
  });

  test('degrees need neither option, and say so when one is given', () => {
    const rows = 'src -122.7747 38.4243\nb -122.7712 38.4251\nc -122.7701 38.4263';
    assert.deepEqual(readScripts(feederAt(rows), {}).report.warnings, []);
    const { report } = readScripts(feederAt(rows), { place: houston });
    assert.equal(report.warnings[0].code, 'coordinates_are_degrees');
    assert.equal(report.coordinates.place, null);
    assert.deepEqual(readScripts(feederAt(rows), { epsg: 4326 }).report.warnings, []);
  });
});

describe('a place for a drawing', () => {
  test('neither option: the error tells both', () => {
    assert.throws(() => readScripts(small(), {}), fluxError('opendss_no_location', '--epsg', '--place', 'x 0 to 2650'));
    const none = smallFeeder.replace('Buscoords coords.csv', '');
    assert.throws(() => readScripts(none, {}), fluxError('opendss_no_location', 'Buscoords', '--place', '--epsg'));
    assert.throws(() => readScripts(none, { epsg: 2278 }), fluxError('opendss_no_location'));
    assert.throws(() => readScripts(small(), { place: { lon: 29, lat: -95 } }), fluxError('opendss_bad_place'));
    assert.throws(() => readScripts(small(), { place: { lon: Number.NaN, lat: 1 } }), fluxError('opendss_bad_place'));
  });

  const sizeM = (rows: string): { width: number; scale: string } => {
    const { report } = readScripts(feederAt(rows));
    const [west, , east, north] = report.coordinates.bounds;
    assert.ok(north < houston.lat + 0.5);
    return {
      width: (east - west) * 111_195 * Math.cos((houston.lat * Math.PI) / 180),
      scale: report.coordinates.scale,
    };
  };

  test('feet by default', () => {
    const { width, scale } = sizeM(smallCoordinates);
    assert.equal(scale, 'US survey feet');
    // 2650 ft, and a service drop and its transformer hung 12 m beside the last bus
    assert.ok(Math.abs(width - 2650 * 0.3048) < 40, String(width));
  });

  test('a drawing far too small or too large is fitted', () => {
    assert.ok(Math.abs(sizeM('src 0 0\nb 10 0\nc 20 1').width - 500) < 40);
    assert.ok(Math.abs(sizeM('src 0 0\nb 3000000 0\nc 6000000 1').width - 8000) < 40);
  });

  /** Twelve lines of 100 m with coordinates in some unit. */
  const chain = (unitsPerLine: number): { metresPerUnit: number | null; scale: string } => {
    const lines = Array.from({ length: 12 }, (_, i) => `New Line.l${i} bus1=b${i} bus2=b${i + 1} length=0.1 units=km`);
    const rows = Array.from({ length: 13 }, (_, i) => `b${i}, ${i * unitsPerLine}, 0`);
    const { report } = readScripts({
      'Master.dss': `New Circuit.c bus1=b0 basekv=12.47\n${lines.join('\n')}\nBuscoords xy.csv`,
      'xy.csv': rows.join('\n'),
    });
    return report.coordinates;
  };

  test('the lengths of the lines tell feet, metres, and a schematic', () => {
    assert.equal(chain(328).scale, 'US survey feet');
    assert.deepEqual([chain(100).metresPerUnit, chain(100).scale], [1, 'metres, by the lengths of its lines']);
    assert.equal(chain(10).metresPerUnit, 10);
    assert.match(chain(10).scale, /schematic/);
  });

  test('no coordinates at all: a tree around the place, no two buses on one point', () => {
    const { report, network } = readScripts(smallFeeder.replace('Buscoords coords.csv', ''));
    assert.deepEqual([report.coordinates.order, report.coordinates.withCoordinates], ['none', 0]);
    const places = new Set<string>();
    for (let n = 0; n < report.nodes; n++) places.add(`${network.node.lonE7[n]} ${network.node.latE7[n]}`);
    assert.equal(places.size, report.nodes);
    const [west, south, east, north] = report.coordinates.bounds;
    assert.ok(west < houston.lon && east > houston.lon && south <= houston.lat && north >= houston.lat);
  });

  test('a bus between two known ones lies between them; dead ends hang close by, apart from each other', () => {
    const { report, network } = readScripts(feederAt('src 0 0\nc 2400 0'));
    assert.equal(report.coordinates.interpolated, 4);
    const lon = (bus: string): number => network.node.lonE7[network.node.id.rowOf(bus)];
    const [src, a, b, c] = ['src', 'a', 'b', 'c'].map(lon);
    assert.ok(Math.abs(a - (src + (c - src) / 3)) < 20 && Math.abs(b - (src + ((c - src) * 2) / 3)) < 20);
    const [x, y] = [lon('x'), lon('y')];
    assert.ok(x !== c && y !== x && Math.abs(x - c) < 2000 && Math.abs(y - x) < 2000);
  });

  test('0, 0 far from all others is no place; a drawing around the origin keeps it', () => {
    const { report } = readScripts(feederAt('src 2000000 300000\na 2000010 300000\nb 0 0\nc 2002400 300000'));
    assert.deepEqual([report.coordinates.withCoordinates, report.coordinates.interpolated], [3, 3]);
    assert.equal(report.warnings[0].code, 'zero_coordinate');
    const [west, , east] = report.coordinates.bounds;
    assert.ok(east - west < 0.02);
    assert.deepEqual(readScripts(small()).report.warnings, []);
  });

  test('coordinates beside a script that loads none are found', () => {
    const { report } = readScripts({
      'Master.dss': smallFeeder.replace('Buscoords coords.csv', ''),
      'BusCoords.dat': smallCoordinates,
    });
    assert.equal(report.coordinates.withCoordinates, 4);
    assert.equal(report.warnings[0].code, 'coordinates_found_beside');
  });
});
