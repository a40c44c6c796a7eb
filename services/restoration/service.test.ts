/** Look-ups of one home: what is told, in which words, and what is not told. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Outage } from '#model/api/outages.ts';
import type { Restoration } from '#model/api/restoration.ts';
import { FluxError } from '#model/errors.ts';
import type { Language } from '#model/public_words.ts';
import { premiseOf } from './premises.ts';
import { makeRestorationService } from './service.ts';
import type { PremiseRow } from './sql.ts';

const hour = 3_600_000;
const meters = ['M-0', 'M-1', 'M-2', 'M-3', 'M-4'];
const rows: [string, string, string, string][] = [
  ['11-110', 'M-0', '1240 N Alder St', 'Montrose'],
  ['22-220', 'M-1', '1242 N Alder St, Apt 1', 'Montrose'],
  ['33-330', 'M-2', '1242 N Alder St, Apt 2', 'Montrose'],
  ['44-440', 'M-3', '1240 North Alder Street', 'Alief'],
  ['44-440', 'M-4', '7 Oak Ave', 'Alief'],
];

async function* premises(): AsyncGenerator<PremiseRow[]> {
  yield rows.map(([account, meter, address, place]) => {
    const premise = premiseOf({ account, meter, address, place }, (id) => meters.indexOf(id));
    assert.ok(!('code' in premise), JSON.stringify(premise));
    return premise;
  });
}

function outage(more: Partial<Outage> = {}): Outage {
  return {
    id: 'OUT-7',
    state: 'on_site',
    customers_out: 2,
    crew: 'J. Miller',
    cause: 'tree fell at Mrs. Lee',
    started_at: new Date(Date.now() - hour).toISOString(),
    updated_at: new Date(Date.now() - 60_000).toISOString(),
    etr_p50: null,
    etr_p90: null,
    etr_source: null,
    revision: 1,
    ...more,
  } as Outage;
}

async function scene(
  more: Partial<Outage> = {},
  ageMs = 0,
  windows: { meter: number; fromMs: number; toMs: number }[] = [],
) {
  const service = makeRestorationService({
    meterCount: () => meters.length,
    meterRowOf: (id) => meters.indexOf(id),
    membersOf: () => [0, 1],
    plannedOf: (meter) => windows.find((window) => window.meter === meter),
    currentToMs: () => Date.now() - ageMs,
    timeZone: 'America/Chicago',
  });
  await service.loadPremises(premises());
  service.follow([{ outage: outage(more), isOpen: true }]);
  const ask = (question: Parameters<typeof service.answer>[0], language: Language = 'en'): Restoration =>
    JSON.parse(service.answer(question, language));
  return { service, ask };
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof FluxError) return error.code;
  }
  return 'no error';
};

describe('the look-up of one home', () => {
  test('meter, account and address give the same answer', async () => {
    const { ask } = await scene();
    const one = ask({ meter: 'M-0' });
    assert.equal(one.status, 'out');
    for (const question of [
      { account: '11110' },
      { account: ' 11 110 ' },
      { address: '1240 n alder street, montrose, TX' },
    ]) {
      const { as_of: _, age_s: age, ...facts } = ask(question);
      assert.deepEqual({ ...facts, as_of: one.as_of, age_s: age }, one);
    }
  });

  test('it tells nothing of the crew, the control room, the outage or other homes', async () => {
    const { service } = await scene();
    for (const language of ['en', 'es'] as const) {
      const text = service.answer({ meter: 'M-0' }, language);
      for (const secret of ['Miller', 'Lee', 'OUT-7', 'ALDER', '11110', 'M-0', 'customers'])
        assert.ok(!text.includes(secret), secret);
    }
  });

  test('an honest word where there is no estimate; a window in words where there is one; a passed one is called that', async (t) => {
    // noon of the territory: in the evening a window names its days
    t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-07-01T17:00:00Z') });
    const without = (await scene()).ask({ meter: 'M-0' });
    assert.deepEqual([without.etr, without.etr_words], [null, 'We do not have an estimate yet.']);
    const p50 = new Date(Date.now() + 2 * hour).toISOString();
    const p90 = new Date(Date.now() + 3.5 * hour).toISOString();
    const { etr, etr_words } = (await scene({ etr_p50: p50, etr_p90: p90, etr_source: 'model' })).ask({ meter: 'M-0' });
    assert.ok(etr && Date.parse(etr.from) <= Date.parse(p50) && Date.parse(etr.to) >= Date.parse(p90));
    assert.equal(Date.parse(etr.from) % (hour / 4), 0);
    assert.match(etr.source, /outages like this one/);
    assert.match(etr_words ?? '', /between \d+:(00|15|30|45) [AP]M and/);
    const old = await scene({
      etr_p50: new Date(Date.now() - 3 * hour).toISOString(),
      etr_p90: new Date(Date.now() - hour).toISOString(),
    });
    assert.match(old.ask({ meter: 'M-0' }).etr_words ?? '', /has passed/);
    assert.match(old.ask({ meter: 'M-0' }, 'es').etr_words ?? '', /ya pasó/);
  });

  test('an ambiguous address names the homes and says nothing of any of them', async () => {
    const { ask, service } = await scene();
    const building = ask({ address: '1242 N Alder St' });
    assert.equal(building.status, 'several');
    assert.deepEqual(
      building.candidates.map(({ address }) => address),
      ['1242 N ALDER ST UNIT 1, MONTROSE', '1242 N ALDER ST UNIT 2, MONTROSE'],
    );
    assert.deepEqual([building.since, building.cause, building.etr, building.crew], [null, null, null, null]);
    assert.equal(ask({ address: '1240 N Alder St' }).candidates.length, 2);
    assert.equal(ask({ account: '44440' }).candidates.length, 2);
    // each candidate, asked for, is one home
    for (const { address } of building.candidates) assert.notEqual(ask({ address }).status, 'several');
    // The same words whatever the state of the homes: nothing to compare.
    service.follow([{ outage: outage({ state: 'closed', revision: 2 }), isOpen: false }]);
    const { as_of: _a, age_s: _b, ...later } = ask({ address: '1242 N Alder St' });
    const { as_of: _c, age_s: _d, ...before } = building;
    assert.deepEqual(later, before);
  });

  test('unknown things, and two questions at once', async () => {
    const { service } = await scene();
    const ask = (question: Parameters<typeof service.answer>[0]) => () => service.answer(question, 'en');
    assert.equal(codeOf(ask({ meter: 'M-9' })), 'unknown_meter');
    assert.equal(codeOf(ask({ account: '99999' })), 'unknown_account');
    assert.equal(codeOf(ask({ address: '1244 N Alder St' })), 'unknown_address');
    assert.equal(codeOf(ask({ address: 'Alder' })), 'bad_request');
    assert.equal(codeOf(ask({})), 'bad_request');
    assert.equal(codeOf(ask({ meter: 'M-0', account: '11110' })), 'bad_request');
  });

  test('a new version of the outage is told at once; the age is that of what is known', async () => {
    const { ask, service } = await scene({ state: 'predicted', crew: null });
    assert.equal(ask({ meter: 'M-1' }).status, 'possible');
    service.follow([{ outage: outage({ state: 'confirmed', revision: 2 }), isOpen: true }]);
    assert.equal(ask({ meter: 'M-1' }).status, 'out');
    service.follow([{ outage: outage({ state: 'restored', customers_out: 0, revision: 3 }), isOpen: true }]);
    assert.equal(ask({ meter: 'M-1' }).status, 'restored');
    assert.equal(ask({ meter: 'M-2' }).status, 'on');
    const old = (await scene({}, 125_000)).ask({ meter: 'M-0' });
    assert.ok(old.age_s >= 124 && old.age_s <= 127, String(old.age_s));
  });

  test('a new estimate of the same revision is told at once', async () => {
    const { ask, service } = await scene();
    assert.equal(ask({ meter: 'M-0' }).etr, null);
    const etr_p90 = new Date(Date.now() + hour).toISOString();
    service.follow([{ outage: outage({ etr_p50: etr_p90, etr_p90, etr_source: 'crew' }), isOpen: true }]);
    assert.match(ask({ meter: 'M-0' }).etr?.source ?? '', /crew/);
  });

  test('R3 inside planned work a home is off as planned, in both languages, with its end; a known outage is worse news', async () => {
    const [fromMs, toMs] = [Date.now() - hour, Date.now() + 2 * hour];
    const windows = [0, 2].map((meter) => ({ meter, fromMs, toMs }));
    const { ask, service } = await scene({}, 0, windows);
    const { as_of: _, age_s: __, ...told } = ask({ meter: 'M-2' });
    const end = new Date(toMs).toISOString();
    assert.deepEqual(told, {
      status: 'planned',
      headline: 'The power is off here for planned work.',
      cause: 'Planned work on the lines',
      since: new Date(fromMs).toISOString(),
      etr: { from: end, to: end, source: 'the end that was announced for the work' },
      etr_words: told.etr_words,
      crew: null,
      next_step: told.next_step,
      updated_at: null,
      candidates: [],
    });
    assert.match(told.etr_words ?? '', /^The work is planned to end \w+, \w+ \d+, \d+:\d\d [AP]M\.$/);
    assert.match(
      ask({ meter: 'M-2' }, 'es').etr_words ?? '',
      /^Los trabajos terminan, según lo previsto, el .*[ap]\.m\.$/,
    );
    assert.doesNotMatch(ask({ meter: 'M-2' }, 'es').etr_words ?? '', /\.\.$/);
    assert.equal(ask({ meter: 'M-0' }).status, 'out');
    assert.equal(ask({ meter: 'M-3' }).status, 'on');
    // the outage is over, the work goes on; the work is over
    service.follow([{ outage: outage({ state: 'restored', customers_out: 0, revision: 2 }), isOpen: true }]);
    assert.deepEqual([ask({ meter: 'M-0' }).status, ask({ meter: 'M-1' }).status], ['planned', 'restored']);
    windows.length = 0;
    assert.deepEqual([ask({ meter: 'M-0' }).status, ask({ meter: 'M-2' }).status], ['restored', 'on']);
  });

  test('R3 a probable outage is a possible one; R4 an estimate that passes is called that without any news', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-07-01T17:00:00Z') });
    const { ask } = await scene({ state: 'probable', etr_p90: new Date(Date.now() + hour).toISOString() });
    assert.deepEqual([ask({ meter: 'M-0' }).status, ask({ meter: 'M-2' }).status], ['possible', 'on']);
    assert.match(ask({ meter: 'M-0' }).etr_words ?? '', /expect/);
    t.mock.timers.setTime(Date.now() + 2 * hour);
    assert.match(ask({ meter: 'M-0' }).etr_words ?? '', /has passed/);
  });

  test('R5 nothing is known later than now; R7 twenty homes of a building are named, and no more', async () => {
    const { ask, service } = await scene({}, -hour);
    assert.ok(Date.parse(ask({ meter: 'M-0' }).as_of) <= Date.now());
    assert.equal(ask({ meter: 'M-0' }).age_s, 0);
    await service.loadPremises(
      (async function* () {
        const flat = { street_key: '9 ELM ST', place: '', meter_key: 0 };
        yield Array.from({ length: 25 }, (_, i) => ({ ...flat, unit: String(i + 1), account_id: `A-${i}` }));
      })(),
    );
    const { status, candidates } = ask({ address: '9 Elm Street' });
    assert.deepEqual([status, candidates.length], ['several', 20]);
  });

  test('R8 of two meters behind one address the worse counts: out, then possible, planned, restored, on', async () => {
    const service = makeRestorationService({
      meterCount: () => meters.length,
      meterRowOf: (id) => meters.indexOf(id),
      membersOf: (id) => ({ A: [0], B: [1] })[id] ?? [],
      plannedOf: (meter) => (isPlanned && meter === 0 ? { fromMs: 0, toMs: Date.now() + hour } : undefined),
      currentToMs: Date.now,
      timeZone: 'UTC',
    });
    let isPlanned = false;
    const behind = { street_key: '7 OAK AVE', unit: '', place: '' };
    await service.loadPremises(
      (async function* () {
        yield [0, 1].map((meter_key) => ({ ...behind, meter_key, account_id: `A-${meter_key}` }));
      })(),
    );
    const status = (): string => JSON.parse(service.answer({ address: '7 Oak Avenue' }, 'en')).status;
    const tell = (id: string, state: Outage['state'], customers_out = 1): void =>
      service.follow([{ outage: outage({ id, state, customers_out }), isOpen: true }]);
    const told = [status()];
    tell('B', 'confirmed');
    tell('B', 'restored', 0);
    told.push(status());
    isPlanned = true;
    told.push(status());
    tell('B', 'confirmed');
    told.push(status());
    isPlanned = false;
    tell('A', 'predicted');
    told.push(status());
    tell('B', 'restored', 0);
    told.push(status());
    assert.deepEqual(told, ['on', 'restored', 'planned', 'out', 'out', 'possible']);
  });

  test('R1 one field takes a meter, an account of digits or of letters too, and an address', async () => {
    const { service } = await scene();
    const status = (words: string): string => JSON.parse(service.answerTo(words, 'en')).status;
    await service.loadPremises(
      (async function* () {
        for await (const [first, ...others] of premises()) yield [{ ...first, account_id: 'KM11110' }, ...others];
      })(),
    );
    for (const words of ['M-0', ' km-111 10', '22 220', '1240 N Alder St, Montrose'])
      assert.equal(status(words), 'out');
    assert.equal(
      codeOf(() => service.answerTo('99999', 'en')),
      'unknown_account',
    );
    assert.equal(
      codeOf(() => service.answerTo('KM11111', 'en')),
      'bad_request',
    );
  });

  test('before the addresses are read, meters are answered and the others asked to come again', () => {
    const service = makeRestorationService({
      meterCount: () => 5,
      meterRowOf: (id) => meters.indexOf(id),
      membersOf: () => [],
      plannedOf: () => undefined,
      currentToMs: Date.now,
      timeZone: 'UTC',
    });
    assert.equal((JSON.parse(service.answer({ meter: 'M-0' }, 'en')) as Restoration).status, 'on');
    assert.equal(
      codeOf(() => service.answer({ account: '11110' }, 'en')),
      'not_ready',
    );
  });
});
