import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { circuit, edgeOf, line, readScripts } from './script_testbed.ts';

describe('feeders and substations', () => {
  const transformer = (name: string, from: string, to: string): string =>
    `New Transformer.${name} buses=(${from} ${to}) kvs=(69 12.47) kvas=(20000 20000) sub=y subname=${name}`;
  const load = (bus: string, kw = 500): string => `New Load.at_${bus} bus1=${bus} kv=12.47 kW=${kw}`;

  test('one substation transformer: one feeder with everything, a head breaker above the source bus', () => {
    const { network, report } = readScripts(
      `New Circuit.c bus1=hv basekv=69\n${transformer('north', 'hv', 'mv')}\n${line('l', 'mv', 'x', 'length=2 units=km')}\n${load('x')}`,
    );
    assert.deepEqual(
      report.synthesized.map(({ id, kind }) => [id, kind]),
      [['c-F1-HEAD', 'breaker']],
    );
    assert.deepEqual(edgeOf(network, 'c-F1-HEAD'), {
      id: 'c-F1-HEAD',
      kind: 'breaker',
      from: 'c-F1-SOURCE',
      to: 'hv',
      phases: 'ABC',
    });
    assert.deepEqual(report.substations, [{ id: 'north', name: 'north' }]);
    assert.equal(report.feeders.length, 1);
    assert.ok(Math.abs(report.feeders[0].nominalKv - 12.47) < 1e-3);
    assert.deepEqual([report.nodes, report.rows.nodes, report.nodesBelowSubstation], [3, 4, 2]);
  });

  test('two substation transformers: a feeder each and a supply feeder; all hang on the one source', () => {
    const { network, report } = readScripts(
      `New Circuit.c bus1=hv basekv=69
      ${line('sub', 'hv', 'hv2', 'length=9 units=km')}
      ${transformer('north', 'hv', 'n')}\n${line('nsw', 'n', 'n1', 'switch=y')}\n${line('nl', 'n1', 'n2')}\n${load('n2')}
      ${transformer('south', 'hv2', 's')}\n${line('sl', 's', 's1')}\n${load('s1', 700)}`,
    );
    const feeders = report.feeders.map(({ id, substation, headEquipment, meters, kw }) => [
      id,
      substation,
      headEquipment,
      meters,
      kw,
    ]);
    assert.deepEqual(feeders.sort(), [
      ['c-F1', 'north', 'Line.nsw', 1, 500],
      ['c-F2', 'south', 'c-F2-HEAD', 1, 700],
      ['c-SUPPLY', 'c', 'c-SUPPLY-HEAD', 0, 0],
    ]);
    assert.deepEqual(edgeOf(network, 'c-F2-HEAD'), {
      id: 'c-F2-HEAD',
      kind: 'breaker',
      from: 's',
      to: 'c-F2-OUT',
      phases: 'ABC',
    });
    assert.equal(edgeOf(network, 'Line.sl').from, 'c-F2-OUT');
    assert.equal(new Set(network.feeder.sourceNode).size, 1);
    const feederOf = (bus: string): string => network.feeder.id.at(network.node.feeder[network.node.id.rowOf(bus)]);
    assert.deepEqual(['hv2', 'n', 'n1', 's', 's1'].map(feederOf), ['c-SUPPLY', 'c-SUPPLY', 'c-F1', 'c-SUPPLY', 'c-F2']);
  });

  test('several lines that leave the substation bus are a feeder each; a stub is none', () => {
    const { report } = readScripts(
      `New Circuit.c bus1=hv basekv=69\n${transformer('north', 'hv', 'mv')}
      ${line('b1', 'mv', 'a', 'switch=y')}\n${line('l1', 'a', 'a1')}\n${load('a1')}
      ${line('b2', 'mv', 'b', 'switch=y')}\n${line('l2', 'b', 'b1')}\n${load('b1')}
      ${line('stub', 'mv', 'cap')}\nNew Capacitor.k bus1=cap`,
    );
    assert.deepEqual(
      report.feeders.map(({ id, headEquipment }) => [id, headEquipment]),
      [
        ['c-SUPPLY', 'c-SUPPLY-HEAD'],
        ['c-F1', 'c-F1-HEAD'],
        ['c-F2', 'Line.b2'],
      ],
    );
  });

  test('a source with sixty equal feeders has sixty feeders', () => {
    const { report } = readScripts(
      circuit(
        Array.from({ length: 60 }, (_, i) => `${line(`b${i}`, 's', `x${i}`, 'switch=y')}\n${load(`x${i}`)}`).join('\n'),
      ),
    );
    assert.equal(report.feeders.length, 61);
    assert.equal(report.synthesized.length, 1, 'each has its switch, the supply has none');
  });

  test('behind one switch a feeder that branches is one feeder', () => {
    const { report } = readScripts(
      `New Circuit.c bus1=hv basekv=69\n${transformer('north', 'hv', 'mv')}
      ${line('b1', 'mv', 'a', 'switch=y')}\n${line('l1', 'a', 'a1')}\n${load('a1')}\n${line('l2', 'a', 'a2')}\n${load('a2')}`,
    );
    assert.deepEqual(
      report.feeders.map(({ id }) => id),
      ['c-F1'],
    );
  });

  test('an island behind an open switch goes with the feeder beside it', () => {
    const { network, report } = readScripts(
      circuit(`${line('l1', 's', 'a')}\n${line('t', 'a', 'i', 'switch=y')}\nOpen Line.t 1\n${line('l2', 'j', 'i')}`),
    );
    assert.deepEqual([report.components, report.loops], [2, 0]);
    assert.equal(report.warnings.find((warning) => warning.code === 'not_energised')!.count, 2);
    assert.deepEqual(edgeOf(network, 'Line.l2'), {
      id: 'Line.l2',
      kind: 'line_segment',
      from: 'i',
      to: 'j',
      phases: 'ABC',
    });
    assert.equal(network.node.feeder[network.node.id.rowOf('j')], 0);
  });

  test('a second source of its own feeds a feeder of its own', () => {
    const { report } = readScripts(
      circuit(`${line('l1', 's', 'a')}\nNew Vsource.two bus1=z basekv=12.47\n${line('l2', 'z', 'y')}\n${load('y')}`),
    );
    assert.deepEqual([report.components, report.feeders.length, report.substations.length], [2, 2, 2]);
    assert.deepEqual(
      report.feeders.map(({ meters }) => meters),
      [0, 1],
    );
    assert.deepEqual(
      report.warnings.filter((warning) => warning.code === 'not_energised'),
      [],
    );
  });
});
