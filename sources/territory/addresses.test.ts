import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountNumber, serviceAddresses } from './addresses.ts';
import { generateTerritory } from './generate.ts';

const network = generateTerritory({ scale: 6000, seed: 3 });

test('every home has an address of its own and an account of its own, the same each time', () => {
  const all = [...serviceAddresses(network, 3)];
  assert.equal(all.length, network.meter.count);
  assert.equal(new Set(all.map(({ account }) => account)).size, all.length);
  assert.equal(new Set(all.map(({ address, place }) => `${address}, ${place}`)).size, all.length);
  for (const { address } of all) assert.match(address, /^\d+ [NESW] [A-Z][a-z]+ [A-Z][a-z]+(, Apt \d+)?$/);
  assert.deepEqual([...serviceAddresses(network, 3)], all);
  assert.deepEqual([...serviceAddresses(network, 3, 5000)], all.slice(5000));
});

test('an account number ends with its check digit: of ten guesses, nine are none', () => {
  const luhn = (digits: string): number =>
    [...digits].reverse().reduce((sum, digit, i) => {
      const doubled = Number(digit) * (i % 2 === 1 ? 2 : 1);
      return sum + (doubled > 9 ? doubled - 9 : doubled);
    }, 0) % 10;
  for (let meter = 0; meter < 2000; meter++) {
    const account = accountNumber(meter, 1);
    assert.match(account, /^\d{11}$/);
    assert.equal(luhn(account), 0);
  }
});
