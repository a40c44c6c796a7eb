import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FluxError } from '#model/errors.ts';
import { houston, readScripts, smallCoordinates, smallFeeder } from './script_testbed.ts';

const scripts = `${smallFeeder}
New Vsource.two bus1=z basekv=4.16
New Line.l3 bus1=b bus2=d length=1 units=mi switch=no
New Line.tie bus1=d bus2=c switch=yes enabled=no
New Transformer.r1 phases=1 bank=r buses=(d.1 e.1) kvs=(7.2 7.2) kvas=(10 10)
New Transformer.r2 like=r1 buses=(d.2 e.2)
New RegControl.c1 transformer=r1 winding=2
New Fuse.f Line.l3 1
New Load.h_1 phases=1 bus1=x.1 kv=0.12 kW=1
New Load.h_2 phases=1 bus1=x.2 kv=0.12 kW=1
New Reactor.q bus1=e bus2=g
Open Line.l3 1
`.split('\n');

/** Lines are dropped, repeated, swapped, and characters in them changed. */
const damaged = fc
  .array(
    fc.record({
      line: fc.nat(scripts.length - 1),
      at: fc.nat(80),
      how: fc.constantFrom('drop', 'repeat', 'cut', 'insert', 'last'),
      text: fc.constantFrom(
        '=',
        '.',
        '(',
        '"',
        ' ',
        '0',
        '-1',
        'NaN',
        '1e308',
        'b',
        'src',
        'é',
        '\0',
        '~ ',
        '!',
        '*/',
        '.1',
      ),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((changes) => {
    const lines = [...scripts];
    for (const { line, at, how, text } of changes) {
      const old = lines[line];
      if (how === 'drop') lines[line] = '';
      else if (how === 'repeat') lines[line] = `${old}\n${old}`;
      else if (how === 'cut') lines[line] = old.slice(0, at);
      else if (how === 'insert') lines[line] = old.slice(0, at) + text + old.slice(at);
      else lines.push(old);
    }
    return lines.join('\n');
  });

test('a damaged script gives a sound network with a full account, or a FluxError', () => {
  let read = 0;
  fc.assert(
    fc.property(damaged, (master) => {
      let result: ReturnType<typeof readScripts>;
      try {
        result = readScripts({ 'Master.dss': master, 'coords.csv': smallCoordinates }, { place: houston });
      } catch (error) {
        assert.ok(error instanceof FluxError, `${error instanceof Error ? error.stack : error}`);
        return;
      }
      read++;
      const { network, report } = result;
      for (const [name, entry] of Object.entries(report.classes)) {
        assert.equal(entry.read, entry.accepted + entry.rejected + entry.disabled + entry.notUsed, name);
      }
      assert.equal(report.rejected, report.rejections.length);
      assert.equal(report.loops, report.edges - report.nodes + report.components);
      assert.ok(report.loops >= 0);
      assert.equal(
        report.feeders.reduce((sum, feeder) => sum + feeder.edges, 0),
        network.edge.count,
      );
      const numbers = [network.edge.lengthM, network.edge.ratedA, network.edge.ratedKva, network.meter.peakKw];
      for (const column of numbers) for (const value of column) assert.ok(Number.isFinite(value) && value >= 0);
      for (let e = 0; e < network.edge.count; e++) assert.notEqual(network.edge.from[e], network.edge.to[e]);
      for (const feeder of network.node.feeder) assert.ok(feeder >= 0 && feeder < network.feeder.count);
      assert.ok(report.coordinates.bounds.every(Number.isFinite));
    }),
    { numRuns: 400 },
  );
  assert.ok(read > 100, `only ${read} of 400 scripts were read: the damage is too great to test anything`);
});
