import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findMaster } from './files.ts';
import { readOpenDss } from './read_opendss.ts';
import type { ImportReport } from './report.ts';
import {
  fluxError,
  houston,
  readScripts,
  scriptFolder,
  small,
  smallCoordinates,
  smallFeeder,
} from './script_testbed.ts';

const reportOf = (extra: string): ImportReport => readScripts(small(extra)).report;

/** read = accepted + rejected + disabled + notUsed, in every class and in total; a rejection has all it needs. */
function assertConserved(report: ImportReport): void {
  for (const [name, entry] of Object.entries(report.classes)) {
    assert.equal(entry.read, entry.accepted + entry.rejected + entry.disabled + entry.notUsed, name);
  }
  assert.equal(report.rejected, report.rejections.length);
  for (const rejection of report.rejections) {
    assert.ok(rejection.line > 0 && rejection.file !== '' && rejection.element !== '', JSON.stringify(rejection));
    assert.ok(rejection.reason !== '' && rejection.remedy !== '', JSON.stringify(rejection));
  }
}

const extraLine = smallFeeder.split('\n').length;

describe('elements set aside', () => {
  const cases: { name: string; script: string; element: string; field: string; reason: RegExp; className: string }[] = [
    {
      name: 'an element class that OpenDSS has not',
      script: 'New Lin.l9 bus1=b bus2=d',
      element: 'Lin.l9',
      field: '',
      reason: /no element class "lin"/,
      className: 'lin',
    },
    {
      name: 'a second definition of a name',
      script: 'New Load.HOME bus1=b kW=900',
      element: 'Load.HOME',
      field: '',
      reason: /stands already in \/model\/Master.dss, line 10/,
      className: 'load',
    },
    {
      name: 'a line with both ends on one bus',
      script: 'New Line.l9 bus1=b.1 bus2=B.2',
      element: 'Line.l9',
      field: 'bus2',
      reason: /both ends are on bus b/,
      className: 'line',
    },
    {
      name: 'a line without its second bus',
      script: 'New Line.l9 bus1=b',
      element: 'Line.l9',
      field: 'bus2',
      reason: /names no second bus/,
      className: 'line',
    },
    {
      name: 'a load of NaN kW',
      script: 'New Load.l9 bus1=b kW=NaN',
      element: 'Load.l9',
      field: 'kw',
      reason: /kw=NaN is no usable number/,
      className: 'load',
    },
    {
      name: 'a load beyond any grid',
      script: 'New Load.l9 bus1=b kW=1e300',
      element: 'Load.l9',
      field: 'kw',
      reason: /no usable number/,
      className: 'load',
    },
    {
      name: 'a load without a bus',
      script: 'New Load.l9 kW=3',
      element: 'Load.l9',
      field: 'bus1',
      reason: /names no bus/,
      className: 'load',
    },
    {
      name: 'a transformer of infinite kVA',
      script: 'New Transformer.t9 buses=(b d) kvas=(inf 25)',
      element: 'Transformer.t9',
      field: 'kvas',
      reason: /kvas=inf 25 is no usable number/,
      className: 'transformer',
    },
    {
      name: 'a transformer with a winding that has no bus',
      script: 'New Transformer.t9 wdg=1 bus=d kv=12.47',
      element: 'Transformer.t9',
      field: 'bus',
      reason: /winding 2 names no bus/,
      className: 'transformer',
    },
    {
      name: 'a transformer with both windings on one bus',
      script: 'New Transformer.t9 buses=(b B)',
      element: 'Transformer.t9',
      field: 'bus',
      reason: /every winding is on bus b/,
      className: 'transformer',
    },
    {
      name: 'an element without a name',
      script: 'New Line bus1=b bus2=d',
      element: 'Line',
      field: '',
      reason: /needs Class.Name/,
      className: '(unnamed)',
    },
  ];
  for (const { name, script, element, field, reason, className } of cases) {
    test(name, () => {
      const report = reportOf(script);
      assertConserved(report);
      assert.equal(report.rejections.length, 1);
      const [rejection] = report.rejections;
      assert.deepEqual(
        [rejection.file, rejection.line, rejection.element, rejection.field],
        ['Master.dss', extraLine, element, field],
      );
      assert.match(rejection.reason, reason);
      assert.equal(report.classes[className].rejected, 1);
      assert.equal(report.edges, 5, 'the rest of the circuit stands');
      assert.equal(report.nodes, 6, 'and no bus is left of what was set aside');
      assert.equal(report.totalKw, 5);
    });
  }

  test('coordinates that are no numbers: the bus is placed from its neighbours', () => {
    const { report } = readScripts({
      'Master.dss': smallFeeder,
      'coords.csv': smallCoordinates.replace('b, 1650, 0', 'b, NaN, 0'),
    });
    assertConserved(report);
    assert.equal(report.rejections[0].element, 'Bus.b');
    assert.equal(report.rejections[0].line, 4);
    assert.equal(report.coordinates.withCoordinates, 3);
    assert.equal(report.coordinates.interpolated, 3);
  });
});

describe('elements kept with a warning', () => {
  const cases: [string, string, string, string][] = [
    [
      'a line with an unknown line code',
      'New Line.l9 bus1=b bus2=d linecode=gone length=1 units=m',
      'unknown_linecode',
      'gone',
    ],
    [
      'a property that does not exist',
      'New Line.l9 bus1=b bus2=d colour=red length=1 units=m',
      'unknown_property',
      'colour=red',
    ],
    ['a length that is no number', 'New Line.l9 bus1=b bus2=d length=abc units=m', 'not_a_number', 'length=abc'],
    ['a length without unit', 'New Line.l9 bus1=b bus2=d length=3', 'length_without_unit', ''],
    ['like= of nothing', 'New Line.l9 like=l8 bus1=b bus2=d length=1 units=m', 'unknown_like', 'like=l8'],
    ['an unknown geometry', 'New Line.l9 bus1=b bus2=d geometry=g length=1 units=m', 'unknown_geometry', 'g'],
    [
      'a fuse on no line',
      'New Line.l9 bus1=b bus2=d length=1 units=m\nNew Fuse.f Line.l10 1',
      'device_without_line',
      'Line.l10',
    ],
    ['an edit of nothing', 'New Line.l9 bus1=b bus2=d length=1 units=m\nEdit Line.l10 length=3', 'unknown_element', ''],
    ['an unknown command', 'New Line.l9 bus1=b bus2=d length=1 units=m\nFrobnicate 3', 'unknown_command', ''],
    [
      'an unknown XfmrCode',
      'New Line.l9 bus1=b bus2=d length=1 units=m\nNew Transformer.t9 xfmrcode=q buses=(b e)',
      'unknown_xfmrcode',
      'q',
    ],
    [
      'one conductor opened',
      'New Line.l9 bus1=b bus2=d length=1 units=m\nOpen Line.l9 1 2',
      'single_phase_switching',
      '',
    ],
    ['a study multiplier', 'New Line.l9 bus1=b bus2=d length=1 units=m\nSet LoadMult=0.5', 'load_multiplier', ''],
  ];
  for (const [name, script, code, detail] of cases) {
    test(name, () => {
      const { report, network } = readScripts(small(script));
      assertConserved(report);
      assert.equal(report.rejections.length, 0);
      assert.deepEqual(
        report.warnings.map((warning) => [warning.code, warning.count, warning.examples[0].detail]),
        [[code, 1, detail]],
      );
      assert.ok(report.warnings[0].examples[0].line >= extraLine);
      const line = network.edge.id.rowOf('Line.l9');
      assert.ok(line >= 0 && Number.isFinite(network.edge.lengthM[line]));
      assert.equal(report.totalKw, 5);
    });
  }

  test('a bus with two different coordinates: the last one holds; with two equal ones: nothing to say', () => {
    const twice = (coordinates: string): ImportReport =>
      readScripts({ 'Master.dss': smallFeeder, 'coords.csv': smallCoordinates + coordinates }).report;
    assert.deepEqual(twice('b, 1650, 0').warnings, []);
    const { warnings } = twice('b, 1700, 0');
    assert.deepEqual([warnings[0].code, warnings[0].examples[0].element], ['duplicate_coordinate', 'Bus.b']);
    assert.equal(warnings[0].examples[0].file, 'coords.csv');
  });

  test('a bus that no source reaches is a component of its own, and in the network', () => {
    const { report, network } = readScripts(
      small('New Line.far bus1=p bus2=q length=100 units=m\nNew Load.lone bus1=p kW=2'),
    );
    assert.equal(report.components, 2);
    assert.equal(report.nodes, 8);
    assert.equal(report.loops, 0);
    assert.equal(report.totalKw, 7);
    assert.deepEqual(
      report.warnings.map((warning) => [warning.code, warning.count]),
      [['not_energised', 2]],
    );
    assert.ok(network.edge.id.rowOf('Line.far') >= 0 && network.meter.id.rowOf('lone') >= 0);
  });

  test('examples are few, the count is whole', () => {
    const { warnings } = reportOf(
      Array.from({ length: 50 }, (_, i) => `New Line.m${i} bus1=b bus2=m${i} length=1`).join('\n'),
    );
    assert.equal(warnings[0].count, 50);
    assert.equal(warnings[0].examples.length, 10);
  });
});

describe('files that cannot be imported', () => {
  const refuse = (scripts: Record<string, string | Uint8Array> | string, code: string, ...parts: (string | RegExp)[]) =>
    assert.throws(() => readScripts(scripts), fluxError(code, ...parts));

  test('a missing redirect: file and line of the Redirect', () => {
    refuse(
      'New Circuit.c\n\nRedirect gone.dss',
      'opendss_missing_file',
      '/model/Master.dss, line 3: Redirect gone.dss',
    );
    refuse('New Circuit.c\nBuscoords xy.csv', 'opendss_missing_file', 'line 2', 'xy.csv');
    refuse(
      { 'Master.dss': 'New Circuit.c\nRedirect a.dss', 'a.dss': '\n\n\nRedirect C:\\feeders\\b.dss' },
      'opendss_missing_file',
      '/model/a.dss, line 4',
    );
  });

  test('a circle of redirects', () => {
    refuse(
      { 'Master.dss': 'New Circuit.c\nRedirect a.dss', 'a.dss': 'Redirect b.dss', 'b.dss': '! x\nRedirect A.DSS' },
      'opendss_include_cycle',
      '/model/b.dss, line 2',
      '/model/Master.dss -> /model/a.dss -> /model/b.dss',
    );
    refuse('New Circuit.c\nRedirect Master.dss', 'opendss_include_cycle', 'line 2');
  });

  test('an empty file, a file of comments, a script without a circuit', () => {
    refuse('', 'opendss_no_circuit', 'New Circuit');
    refuse('! nothing here\n// nor here', 'opendss_no_circuit');
    refuse('New Line.a bus1=x bus2=y', 'opendss_no_circuit', 'name the master script');
    refuse('Redirect', 'opendss_missing_file', 'line 1');
    refuse('New Circuit.c\nNew Circuit.d', 'opendss_several_circuits', 'line 2: circuit d', 'beside c');
  });

  test('a circuit without equipment says what was set aside first', () => {
    refuse('New Circuit.c', 'opendss_empty_circuit', 'circuit c');
    refuse('New Circuit.c\nNew Line.a bus1=x bus2=x', 'opendss_empty_circuit', 'Line.a: both ends are on bus x');
  });

  test('binary junk, a huge line, an unreadable file', () => {
    const junk = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256);
    refuse({ 'Master.dss': junk }, 'opendss_not_text', '/model/Master.dss is not an OpenDSS script');
    refuse(`New Circuit.c\n! ${'x'.repeat(9_000_000)}`, 'opendss_line_too_long', 'line 2');
    const files = scriptFolder(small());
    assert.throws(
      () =>
        readOpenDss(
          '/model/Master.dss',
          { place: houston },
          {
            ...files,
            read: () => {
              throw new Error('EACCES: permission denied');
            },
          },
        ),
      fluxError('opendss_unreadable', '/model/Master.dss', 'permission denied'),
    );
  });

  test('a long line of a load shape is no huge line', () => {
    const values = Array.from({ length: 35_040 }, (_, i) => (i / 7).toFixed(6)).join(' ');
    const report = reportOf(`New LoadShape.year npts=35040 mult=(${values})`);
    assert.deepEqual(report.classes.loadshape, { read: 1, accepted: 0, rejected: 0, disabled: 0, notUsed: 1 });
  });
});

describe('the master of a folder', () => {
  const master = 'Clear\nNew Circuit.c';
  const found = (scripts: Record<string, string>): string => findMaster(scriptFolder(scripts), '/model');

  test('Master.dss, the only *Master*.dss, the only script with New Circuit', () => {
    assert.equal(found({ 'Lines.dss': '', 'MASTER.DSS': master, 'Master-b.dss': master }), '/model/MASTER.DSS');
    assert.equal(found({ 'Lines.dss': '', 'Master_ckt5.dss': master, 'Run.dss': '' }), '/model/Master_ckt5.dss');
    assert.equal(
      found({ 'Lines.dss': '', 'base.dss': 'clear\nnew object=circuit.c', 'xy.csv': '' }),
      '/model/base.dss',
    );
  });

  test('none, several, no such path', () => {
    assert.throws(() => found({ 'Lines.dss': 'New Line.a' }), fluxError('opendss_no_master', 'among 1 scripts'));
    assert.throws(
      () => found({ 'a.dss': master, 'b.dss': master }),
      fluxError('opendss_no_master', 'a.dss, b.dss', 'name one of them'),
    );
    assert.throws(
      () => findMaster(scriptFolder({}), '/nowhere/x.dss'),
      fluxError('opendss_no_master', 'does not exist'),
    );
    assert.equal(findMaster(scriptFolder({ 'Master.dss': '' }), '/model/master.DSS'), '/model/Master.dss');
  });
});
