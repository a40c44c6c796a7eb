import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { edgeKinds, phaseNames } from '#model/network.ts';
import { assetId } from './build_network.ts';
import { customerClassOf } from './loads.ts';
import { circuit, edgeOf, houston, line, readScripts, small } from './script_testbed.ts';

describe('the small feeder', () => {
  const { network, report } = readScripts(small());

  test('edges point away from the source, whatever the order of their buses', () => {
    assert.deepEqual(edgeOf(network, 'Line.sw'), {
      id: 'Line.sw',
      kind: 'switch',
      from: 'src',
      to: 'a',
      phases: 'ABC',
    });
    assert.deepEqual(edgeOf(network, 'Line.l2'), {
      id: 'Line.l2',
      kind: 'line_segment',
      from: 'b',
      to: 'c',
      phases: 'B',
    });
  });

  test('a center-tapped transformer is one edge; below it legs are not phases, and lines are services', () => {
    const t1 = edgeOf(network, 'Transformer.t1');
    assert.deepEqual(t1, { id: 'Transformer.t1', kind: 'power_transformer', from: 'c', to: 'x', phases: 'B' });
    assert.deepEqual(edgeOf(network, 'Line.drop'), {
      id: 'Line.drop',
      kind: 'service_line',
      from: 'x',
      to: 'y',
      phases: 'B',
    });
    assert.equal(network.edge.ratedKva[network.edge.id.rowOf('Transformer.t1')], 25);
  });

  test('lengths in metres, ratings from the line code', () => {
    const at = (id: string): number => network.edge.id.rowOf(id);
    assert.equal(network.edge.lengthM[at('Line.l1')], 500);
    assert.ok(Math.abs(network.edge.lengthM[at('Line.l2')] - 304.8) < 1e-3);
    assert.ok(Math.abs(network.edge.lengthM[at('Line.drop')] - 30.48) < 1e-3);
    assert.equal(network.edge.lengthM[at('Line.sw')], 0);
    assert.equal(network.edge.ratedA[at('Line.l1')], 400);
  });

  test('the only way out of the source is a switch: it is the head, and nothing is made up', () => {
    assert.deepEqual(report.synthesized, []);
    assert.equal(report.feeders[0].headEquipment, 'Line.sw');
    assert.equal(network.node.id.at(network.feeder.sourceNode[0]), 'src');
    assert.equal(report.rows.nodes, report.nodes);
    assert.ok(Math.abs(network.feeder.nominalKv[0] - 12.47) < 1e-6);
  });

  test('the customer: class, phase, transformer, demand', () => {
    const row = network.meter.id.rowOf('home');
    assert.equal(network.edge.id.at(network.meter.transformer[row]), 'Transformer.t1');
    assert.equal(network.meter.customerClass[row], 0);
    assert.equal(phaseNames(network.meter.phases[row]), 'B');
    assert.equal(network.meter.peakKw[row], 5);
    assert.ok(Math.abs(report.totalKvar - 5 * Math.tan(Math.acos(0.9))) < 1e-6);
  });

  test('a name is put before every id, prefixes before feeders and meters', () => {
    const named = readScripts(small(), { place: houston, name: 'east', feederPrefix: 'FD', meterIdPrefix: 'M-' });
    assert.equal(named.network.name, 'east');
    for (const id of ['east:Line.l1', 'east:Transformer.t1']) edgeOf(named.network, id);
    assert.equal(named.network.meter.id.at(0), 'east:M-home');
    assert.equal(named.network.feeder.id.at(0), 'east:FD-F1');
    assert.equal(named.network.substation.id.at(0), 'east:small');
  });

  test('ids are printable ASCII of at most 128 characters, and stay apart', () => {
    assert.equal(assetId('Line.café'), 'Line.caf%C3%A9');
    const long = 'x'.repeat(200);
    assert.equal(assetId(long).length, 128);
    assert.notEqual(assetId(`${long}a`), assetId(`${long}b`));
    const { network: odd } = readScripts(circuit(`${line('ñ', 's', `bus${long}`)}\n${line('é', `bus${long}`, 'ü')}`));
    assert.equal(odd.edge.count, 3);
  });
});

describe('devices', () => {
  const kindsOf = (body: string): Record<string, string> => {
    const { network } = readScripts(circuit(body));
    return Object.fromEntries(
      Array.from({ length: network.edge.count }, (_, row) => [
        network.edge.id.at(row),
        edgeKinds[network.edge.kind[row]],
      ]),
    );
  };

  test('protection elements, line types, CIM remarks and names make the kind', () => {
    const kinds = kindsOf(`
      ${line('l1', 's', 'b')}
      ${line('fused', 'b', 'c1')}
      ${line('recl', 'b', 'c2', 'switch=y')}
      ${line('relay', 'b', 'c3')}
      ${line('swt', 'b', 'c4')}
      ${line('both', 'b', 'c5')}
      ${line('brk', 'b', 'c6', 'switch=y linetype=swt_brk')}
      ${line('sect', 'b', 'c7', 'linetype=swt_sect length=1 units=m')}
      ${line('cim', 'b', 'c8', 'switch=y // CIM Recloser')}
      ${line('cimswitch', 'b', 'c9', 'switch=y // CIM LoadBreakSwitch')}
      ${line('recloser(r:b-c10)', 'b', 'c10', 'switch=y')}
      ${line('plain', 'b', 'c11', 'switch=y')}
      New Fuse.f1 monitoredobj=Line.fused ratedcurrent=65
      New Recloser.r1 Line.recl 1
      New Relay.p1 Line.relay 1
      New SwtControl.s1 switchedobj=Line.swt
      New Relay.p2 Line.both 1
      New Fuse.f2 Line.both 1 ratedcurrent=10`);
    assert.deepEqual(kinds, {
      'c-F1-HEAD': 'breaker',
      'Line.l1': 'line_segment',
      'Line.fused': 'fuse',
      'Line.recl': 'recloser',
      'Line.relay': 'breaker',
      'Line.swt': 'switch',
      'Line.both': 'breaker',
      'Line.brk': 'breaker',
      'Line.sect': 'sectionalizer',
      'Line.cim': 'recloser',
      'Line.cimswitch': 'switch',
      'Line.recloser(r:b-c10)': 'recloser',
      'Line.plain': 'switch',
    });
  });

  test('a regulator control makes a regulator of equal voltages, and only a tap changer of a power transformer', () => {
    const { network, report } = readScripts(`New Circuit.c bus1=hv basekv=115
      New Transformer.sub buses=(hv mv) kvs=(115 12.47) kvas=(10000 10000)
      New Transformer.reg buses=(mv r) kvs=(12.47 12.47) kvas=(5000 5000)
      New RegControl.a transformer=sub winding=2
      New RegControl.b transformer=reg winding=2
      ${line('l', 'r', 'x')}`);
    assert.equal(edgeOf(network, 'Transformer.sub').kind, 'power_transformer');
    assert.equal(edgeOf(network, 'Transformer.reg').kind, 'voltage_regulator');
    assert.deepEqual([report.transformers, report.regulators, report.substationTransformers], [2, 1, 1]);
  });

  test('open switches are normally open, however they are written, and no part of the radial network', () => {
    const { network, report } = readScripts(
      circuit(`
      ${line('l1', 's', 'a')}
      ${line('l2', 'a', 'b')}
      ${line('l3', 'a', 'c')}
      ${line('t1', 'b', 'c', 'switch=y')}
      ${line('t2', 'c', 'b', 'switch=y enabled=no')}
      ${line('t3', 'b', 'c', 'switch=y')}
      ${line('elsewhere', 'a', 'other', 'switch=y enabled=no')}
      ${line('off', 'a', 'b', 'length=3 units=m enabled=no')}
      Open Line.t1 term=1
      New SwtControl.k Line.t3 1 normal=open`),
    );
    const open = Array.from({ length: network.edge.count }, (_, row) => row).filter(
      (row) => network.edge.normallyOpen[row],
    );
    assert.deepEqual(open.map((row) => network.edge.id.at(row)).sort(), ['Line.t1', 'Line.t2', 'Line.t3']);
    assert.deepEqual([report.edges, report.normallyOpen, report.loops, report.components], [3, 3, 0, 1]);
    assert.equal(report.classes.line.disabled, 2);
    assert.equal(network.node.id.rowOf('other'), -1);
  });

  test('reactors and capacitors in series are edges, shunts are not', () => {
    const { network, report } = readScripts(
      circuit(`
      New Reactor.x bus1=s bus2=a
      New Capacitor.series bus1=a bus2=b kvar=100
      New Capacitor.shunt bus1=b kvar=600
      New Reactor.neutral phases=1 bus1=b.4`),
    );
    assert.deepEqual([report.edges, report.nodes, report.capacitors], [2, 3, 2]);
    assert.equal(edgeOf(network, 'Capacitor.series').from, 'a');
  });

  test('a bank is one edge, and keeps its units in the report; true parallels are a loop', () => {
    const unit = (name: string, phase: number): string =>
      `New Transformer.${name} phases=1 bank=reg buses=(a.${phase} b.${phase}) kvs=(7.2 7.2) kvas=(500 500)\nNew RegControl.${name} transformer=${name}`;
    const { network, report } = readScripts(
      circuit(`${line('l1', 's', 'a')}\n${unit('ra', 1)}\n${unit('rb', 2)}\n${unit('rc', 3)}
      ${line('c1', 'b', 'c', 'phases=1 length=1 units=m')}
      New Line.c2 bus1=b.2 bus2=c.2 phases=1 length=1 units=m
      ${line('p1', 'c', 'd')}\n${line('p2', 'c', 'd')}`),
    );
    assert.deepEqual(report.banks, [
      { id: 'Line.c1', units: ['Line.c1', 'Line.c2'] },
      { id: 'Transformer.reg', units: ['Transformer.ra', 'Transformer.rb', 'Transformer.rc'] },
    ]);
    assert.deepEqual(edgeOf(network, 'Transformer.reg').phases, 'ABC');
    assert.equal(network.edge.ratedKva[network.edge.id.rowOf('Transformer.reg')], 1500);
    assert.deepEqual([report.edges, report.loops, report.regulators, report.transformers], [5, 1, 3, 3]);
    assert.equal(edgeOf(network, 'Line.p2').from, 'c');
  });
});

describe('loads', () => {
  const totals = (properties: string): number[] => {
    const { report } = readScripts(`${circuit(line('l', 's', 'a'))}\nNew Load.x bus1=a ${properties}`);
    return [report.totalKw, Math.round(report.totalKvar * 1000) / 1000];
  };

  test('demand from the pair assigned last, with the defaults of OpenDSS', () => {
    assert.deepEqual(totals(''), [10, 5.397]);
    assert.deepEqual(totals('kW=100 kvar=40'), [100, 40]);
    assert.deepEqual(totals('kW=100 pf=0.8'), [100, 75]);
    assert.deepEqual(totals('kW=100 pf=-0.8'), [100, -75]);
    assert.deepEqual(totals('kVA=100 pf=0.8'), [80, 60]);
    assert.deepEqual(totals('xfkVA=50 allocationfactor=0.4 pf=0.8'), [16, 12]);
    assert.deepEqual(totals('kW=100 pf=1'), [100, 0]);
    assert.deepEqual(totals('kWh=720 kwhdays=30 cfactor=4 pf=1'), [4, 0]);
  });

  test('the two legs of one customer are one meter; other loads on the bus are not', () => {
    const leg = (name: string, node: number, kw: number, kv = 0.12): string =>
      `New Load.${name} phases=1 bus1=y.${node} kv=${kv} kW=${kw} pf=1`;
    const { network, report } = readScripts(
      small(
        [
          leg('h_1', 1, 2),
          leg('h_2', 2, 3),
          leg('g_1', 1, 1),
          leg('k_1', 2, 1),
          leg('m_1', 1, 1, 0.277),
          leg('m_2', 2, 1, 0.277),
        ].join('\n'),
      ),
    );
    assert.equal(report.loads, 7);
    const ids = Array.from({ length: network.meter.count }, (_, row) => network.meter.id.at(row));
    assert.deepEqual(ids, ['home', 'h', 'g_1', 'k_1', 'm_1', 'm_2']);
    assert.equal(network.meter.peakKw[1], 5);
    assert.equal(report.meters, 6);
    assert.equal(report.totalKw, 14);
    const places = new Set(ids.map((_, row) => `${network.meter.lonE7[row]} ${network.meter.latE7[row]}`));
    assert.equal(places.size, 6, 'each can be clicked');
  });

  test('the class of a customer', () => {
    const classOf = (
      name: string,
      properties: Record<string, string>,
      kv: number,
      phases: number,
      kw: number,
    ): number =>
      customerClassOf(
        {
          element: {
            className: 'load',
            name,
            file: '',
            line: 1,
            comment: properties.comment ?? '',
            properties: new Map(Object.entries(properties)),
            windings: undefined,
            open: false,
          },
          kv,
          phases,
        },
        kw,
      );
    assert.equal(classOf('a', { comment: 'yearly=res_kw_3_pu' }, 0.12, 1, 60), 0);
    assert.equal(classOf('a', { comment: 'yearly=com_kw_3_pu' }, 0.12, 1, 3), 1);
    assert.equal(classOf('a', { yearly: 'Commercial_MD' }, 0.48, 3, 60), 2);
    assert.equal(classOf('a', { yearly: 'Commercial_SM' }, 0.48, 3, 60), 1);
    assert.equal(classOf('a', { daily: 'industrial' }, 4.16, 3, 60), 3);
    assert.equal(classOf('street_light_7', {}, 0.24, 1, 0.2), 4);
    assert.equal(classOf('restaurant', {}, 0.24, 1, 12), 0, 'a name that only starts like "res" says nothing');
    assert.equal(classOf('a', {}, 0.48, 3, 20), 1);
    assert.equal(classOf('a', {}, 12.47, 3, 400), 2);
    assert.equal(classOf('a', {}, 12.47, 3, 1200), 3);
  });
});
