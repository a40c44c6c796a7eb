import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Circuit } from './interpreter.ts';
import { interpret } from './interpreter.ts';
import { Findings } from './report.ts';
import { scriptFolder } from './script_testbed.ts';

function run(scripts: Record<string, string> | string): { circuit: Circuit; findings: Findings } {
  const findings = new Findings();
  const folder = typeof scripts === 'string' ? { 'Master.dss': `Clear\nNew Circuit.c\n${scripts}` } : scripts;
  return { circuit: interpret('/model/Master.dss', scriptFolder(folder), findings), findings };
}

const propertiesOf = (circuit: Circuit, className: string, name: string): Record<string, string> =>
  Object.fromEntries(circuit.elements.get(className)!.get(name)!.properties);

describe('interpreter', () => {
  test('values without a name take the class order, from where the last name left off', () => {
    const { circuit } = run('New Line.a x.1 y.1 oh 2.5 phases=1 0.3 0.4');
    assert.deepEqual(propertiesOf(circuit, 'line', 'a'), {
      bus1: 'x.1',
      bus2: 'y.1',
      linecode: 'oh',
      length: '2.5',
      phases: '1',
      r1: '0.3',
      x1: '0.4',
    });
  });

  test('continuations, edits, the short form and BatchEdit reach the element', () => {
    const { circuit } = run(`
      New Load.a bus1=x kW=1
      ~ pf=0.9
      More conn=delta
      New Load.b bus1=x kW=1
      Edit Load.A kW=2
      Load.a.kvar=7 model=5
      BatchEdit Load..* class=3`);
    const a = propertiesOf(circuit, 'load', 'a');
    assert.deepEqual(a, { bus1: 'x', kw: '2', pf: '0.9', conn: 'delta', kvar: '7', model: '5', class: '3' });
    assert.equal(propertiesOf(circuit, 'load', 'b').class, '3');
  });

  test('like= copies, what follows changes the copy only', () => {
    const { circuit } = run(`
      New Transformer.r1 phases=1 buses=(a.1 b.1) kvs=(2.4 2.4) kvas=(500 500)
      New Transformer.r2 like=r1 buses=(a.2 b.2)`);
    const [r1, r2] = ['r1', 'r2'].map((name) => circuit.elements.get('transformer')!.get(name)!.windings!);
    assert.deepEqual(
      r1.list.map((winding) => winding.bus!.nodes),
      [[1], [1]],
    );
    assert.deepEqual(
      r2.list.map((winding) => [winding.bus!.nodes[0], winding.kva]),
      [
        [2, 500],
        [2, 500],
      ],
    );
    assert.equal(r2.phases, 1);
  });

  test('windings one by one, as arrays, and from an XfmrCode', () => {
    const { circuit } = run(`
      New XfmrCode.ct phases=1 windings=3 kvs=[7.2 .12 .12] kVAs=[15 15 15]
      New Transformer.a xfmrcode=ct buses=[p.1 s.1.0 s.0.2]
      New Transformer.b xfmrcode=ct
      ~ wdg=1 bus=p.1
      ~ wdg=2 bus=s.1.0
      ~ wdg=3 bus=s.0.2
      New Transformer.c phases=1 wdg=1 bus=p.1 kv=7.2 kVA=15 wdg=2 bus=s.1.0 kv=.12 kVA=15 wdg=3 bus=s.0.2 kv=.12 kVA=15`);
    const list = (name: string): unknown => circuit.elements.get('transformer')!.get(name)!.windings!.list;
    assert.deepEqual(list('b'), list('a'));
    assert.deepEqual(list('c'), list('a'));
  });

  test('the rating of the first winding is that of the others until they have their own', () => {
    const { circuit } = run('New Transformer.a wdg=1 bus=p kva=50 wdg=2 bus=s');
    assert.deepEqual(
      circuit.elements
        .get('transformer')!
        .get('a')!
        .windings!.list.map((winding) => winding.kva),
      [50, 50],
    );
  });

  test('Open, Close, Disable, Enable', () => {
    const { circuit } = run(`
      New Line.a bus1=x bus2=y
      New Line.b bus1=x bus2=y
      New Line.c bus1=x bus2=y
      New Line.d bus1=x bus2=y
      Open Line.a term=1
      Open Line.b 1
      Close Line.b 1
      Disable Line.c
      Disable Line.d
      Enable Line.d`);
    const state = [...circuit.elements.get('line')!.values()].map((line) => [
      line.open,
      line.properties.get('enabled'),
    ]);
    assert.deepEqual(state, [
      [true, undefined],
      [false, undefined],
      [false, 'no'],
      [false, 'yes'],
    ]);
  });

  test('the source of the circuit answers to Vsource.source', () => {
    const { circuit, findings } = run('Edit Vsource.Source bus1=head basekv=69\nVsource.source.pu=1.02');
    assert.deepEqual(propertiesOf(circuit, 'circuit', 'c'), { bus1: 'head', basekv: '69', pu: '1.02' });
    assert.deepEqual(findings.warnings, []);
  });

  test('block comments, Clear, and commands that only calculate', () => {
    const { circuit, findings } = run(`
      New Line.gone bus1=x bus2=y
      Clear
      New Circuit.second
      /* New Line.commented bus1=x bus2=y
      New Line.commented2 bus1=x bus2=y */
      New Line.a bus1=x bus2=y
      Solve
      Plot Circuit Power Max=2000
      Show Voltages LN Nodes
      Export Currents`);
    assert.equal(circuit.name, 'second');
    assert.deepEqual([...circuit.elements.get('line')!.keys()], ['a']);
    assert.deepEqual(findings.warnings, []);
  });

  test('includes are found beside the including file, whatever the case and the slash', () => {
    const { circuit } = run({
      'Master.dss': 'New Circuit.c\nRedirect Sub\\Lines.DSS\nNew Line.z bus1=x bus2=y',
      'sub/lines.dss': 'New Line.a bus1=x bus2=y\nRedirect more.dss\nRedirect Top.dss',
      'sub/More.dss': 'New Line.b bus1=x bus2=y',
      'top.dss': 'New Line.c bus1=x bus2=y',
    });
    assert.deepEqual([...circuit.elements.get('line')!.keys()], ['a', 'b', 'c', 'z']);
    assert.deepEqual(circuit.files, [
      '/model/Master.dss',
      '/model/sub/lines.dss',
      '/model/sub/More.dss',
      '/model/top.dss',
    ]);
    assert.equal(circuit.elements.get('line')!.get('b')!.line, 1);
  });

  test('the same file may be read twice in turn', () => {
    const { circuit } = run({
      'Master.dss': 'New Circuit.c\nRedirect r.dss\nRedirect r.dss',
      'r.dss': 'New Line.a bus1=x bus2=y',
    });
    assert.equal(circuit.notKept.get('line'), 1, 'the second definition is a duplicate');
  });

  test('Windows-1252 text and stray NUL bytes are read', () => {
    const bytes = new TextEncoder().encode('New Circuit.c\nNew Line.caf? bus1=x bus2=y\0\n');
    bytes[bytes.indexOf(0x3f)] = 0xe9;
    const findings = new Findings();
    const circuit = interpret('/model/Master.dss', scriptFolder({ 'Master.dss': bytes }), findings);
    assert.deepEqual([...circuit.elements.get('line')!.keys()], ['café']);
    assert.equal(circuit.elements.get('line')!.get('café')!.properties.get('bus2'), 'y');
  });
});
