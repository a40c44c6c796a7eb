/** Interval data from the reading that is missing to the decision about it, told over HTTP. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { VeeException, VeeExceptionDetail, VeeQualityRow, VeeRun, VeeVersion } from '#model/api/vee.ts';
import { type RunningCenter, startCenter, temporaryFolder, until } from '../running_center.ts';
import { edgesOf, metersOf, postEvents, type SceneEdge } from '../scene.ts';

const stepMs = 900_000;
const hourMs = 3_600_000;
const zone = 'America/Chicago';
const dateOf = (ms: number): string => new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(ms);

let center: RunningCenter;
/** meters below one fuse: the first never says that it is dark */
let meters: string[];
let fuse: SceneEdge;
const startMs = Math.floor(Date.now() / hourMs) * hourMs;
/** the cut: six hours, five minutes into an interval at both ends */
const cutMs = startMs - 9 * hourMs + 300_000;
const backMs = cutMs + 6 * hourMs;
/** 26 hours ago: within the judged days wherever midnight lies, and before the cut */
const gapMs = startMs - 20 * hourMs;
const spikeMs = startMs - 14 * hourMs;

const kwhAt = (m: number, ms: number): number =>
  Number(
    (0.3 + 0.02 * (m % 5) + 0.1 * Math.sin((2 * Math.PI * ms) / 86_400_000) + ((ms / stepMs + m) % 7) / 100).toFixed(3),
  );

async function postReadings(records: { meter: string; ms: number; kwh: number }[]): Promise<void> {
  for (let i = 0; i < records.length; i += 10_000) {
    const { status, body } = await center.call(
      'POST',
      '/api/readings',
      records.slice(i, i + 10_000).map(({ meter, ms, kwh }) => ({
        meter_id: meter,
        reading_time: new Date(ms).toISOString(),
        kwh,
        voltage: 120,
      })),
    );
    assert.equal(status, 200, JSON.stringify(body));
  }
}

const run = async (): Promise<VeeRun[]> => {
  const { status, body } = await center.call<VeeRun[]>('POST', '/api/vee/runs', {
    from: dateOf(gapMs - 6 * hourMs),
    to: dateOf(Date.now()),
  });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};
const queue = async (rule: string, state = 'open'): Promise<VeeException[]> =>
  (await center.call<VeeException[]>('GET', `/api/vee/exceptions?rule=${rule}&state=${state}`)).body;
const act = (id: string, body: unknown) =>
  center.call<VeeExceptionDetail>('POST', `/api/vee/exceptions/${id}/actions`, body);
const versions = async (meter: string, ms: number, count = 1): Promise<VeeVersion[]> => {
  const [from, to] = [ms, ms + count * stepMs].map((at) => new Date(at).toISOString());
  const { body } = await center.call<VeeVersion[]>('GET', `/api/vee/versions?meter=${meter}&from=${from}&to=${to}`);
  return body;
};
const refresh = () => center.call('POST', '/api/pipeline/refresh');

before(async () => {
  const folder = await temporaryFolder();
  const rules = path.join(folder, 'vee.json');
  const thresholds = path.join(folder, 'thresholds.json');
  await fs.writeFile(rules, JSON.stringify({ missingAfterMinutes: 0 }));
  await fs.writeFile(thresholds, JSON.stringify({ blue_sky: { holdWindowS: 1 } }));
  center = await startCenter({ folder, meters: 1000, environment: { FLUX_VEE: rules, FLUX_THRESHOLDS: thresholds } });
  for (const candidate of await edgesOf(center, 'fuse')) {
    const below = await metersOf(center, candidate.id);
    if (below.length < 8) continue;
    [fuse, meters] = [candidate, below];
    break;
  }
  const records: { meter: string; ms: number; kwh: number }[] = [];
  for (let ms = startMs - 10 * 24 * hourMs; ms < startMs; ms += stepMs)
    meters.forEach((meter, m) => {
      if (ms + stepMs > cutMs && ms < backMs) return;
      if (m === 1 && ms >= gapMs && ms < gapMs + hourMs) return;
      records.push({ meter, ms, kwh: m === 2 && ms === spikeMs ? 9.5 : kwhAt(m, ms) });
    });
  await postReadings(records);
  // the first meter's last gasp and return are lost
  await postEvents(center, 'last_gasp', meters.slice(1), cutMs);
  await until('the outage', async () => {
    const { body } = await center.call<{ customers_out: number }[]>('GET', '/api/outages');
    return body.some((outage) => outage.customers_out === meters.length);
  });
  await postEvents(center, 'power_restored', meters.slice(1), backMs);
  await until('all are back', async () => {
    const { body } = await center.call<{ customers_out: number }[]>('GET', '/api/outages?state=open');
    return body.every((outage) => outage.customers_out === 0);
  });
});
after(() => center?.stop());

test('a run writes intervals without supply as zero with the flag outage, also of a meter that said nothing', async () => {
  const runs = await run();
  const whole = Array.from({ length: 23 }, (_, i) => Math.ceil(cutMs / stepMs) * stepMs + i * stepMs);
  assert.equal(
    runs.reduce((sum, one) => sum + one.filled, 0),
    whole.length * meters.length,
  );
  for (const meter of [meters[0], meters[1], meters[meters.length - 1]]) {
    const held = await versions(meter, Math.floor(cutMs / stepMs) * stepMs, 25);
    assert.deepEqual(
      held.map((v) => [Date.parse(v.at), v.kwh, v.quality, v.source]),
      whole.map((ms) => [ms, 0, 'estimated', 'vee']),
      `${meter} below ${fuse.id}`,
    );
    assert.match(held[0].method ?? '', /^outage \(outage\): no supply/);
  }
});

test('what had supply and did not come is an exception, not an estimate', async () => {
  const gaps = await queue('interval_gap');
  const own = gaps.filter((gap) => gap.meter_id === meters[1] && Date.parse(gap.from) === gapMs);
  assert.equal(own.length, 1);
  assert.equal(own[0].evidence, '4 intervals missing');
  // the two intervals that were dark in part, for each meter
  assert.equal(gaps.length, 1 + 2 * meters.length);
  assert.deepEqual(await versions(meters[1], gapMs, 4), []);
});

test('running the days again opens nothing', async () => {
  const [before, runs] = [await queue('interval_gap', 'all'), await run()];
  assert.deepEqual(
    runs.map(({ opened, resolved, filled }) => [opened, resolved, filled]),
    runs.map(() => [0, 0, 0]),
  );
  assert.deepEqual(await queue('interval_gap', 'all'), before);
});

test('an estimate carries method and flag; a late actual replaces it; a later estimate does not come back', async () => {
  const gap = (await queue('interval_gap')).find((one) => Date.parse(one.from) === gapMs)!;
  const { body } = await center.call<VeeExceptionDetail>('GET', `/api/vee/exceptions/${gap.id}`);
  assert.equal(body.proposal.length, 4);
  const done = await act(gap.id, { verb: 'estimate' });
  assert.deepEqual([done.status, done.body.state], [200, 'estimated']);
  const [first] = await versions(meters[1], gapMs);
  assert.deepEqual([first.quality, first.kwh, first.by], ['estimated', body.proposal[0].kwh, 'admin']);
  assert.match(first.method ?? '', /^interpolate \(estimated\): line from/);
  assert.ok(first.received_at);

  await postReadings([{ meter: meters[1], ms: gapMs, kwh: 0.123 }]);
  await refresh();
  const [current, earlier] = await versions(meters[1], gapMs);
  assert.deepEqual([current.is_current, current.quality, current.kwh], [true, 'actual', 0.123]);
  assert.deepEqual([earlier.is_current, earlier.quality], [false, 'estimated']);
  assert.equal((await act(gap.id, { verb: 'reopen', reason: 'try again' })).status, 200);
  assert.equal((await act(gap.id, { verb: 'estimate' })).status, 409);
});

test('a spike: estimating is refused, editing needs a reason, the edited value is current, all versions are kept', async () => {
  const [spike] = await queue('spike');
  assert.equal(spike.meter_id, meters[2]);
  assert.match(spike.evidence, /^9.5 kWh in one interval, .* times the third highest of the day/);
  assert.equal((await act(spike.id, { verb: 'estimate' })).status, 409);
  const values = [{ at: new Date(spikeMs).toISOString(), kwh: 0.35 }];
  assert.equal((await act(spike.id, { verb: 'edit', values })).status, 400);
  const elsewhere = [{ at: new Date(spikeMs + stepMs).toISOString(), kwh: 1 }];
  assert.equal((await act(spike.id, { verb: 'edit', values: elsewhere, reason: 'wrong place' })).status, 400);
  const done = await act(spike.id, { verb: 'edit', values, reason: 'read on site' });
  assert.deepEqual([done.status, done.body.state, done.body.log.at(-1)?.actor], [200, 'edited', 'admin']);
  const held = await versions(meters[2], spikeMs);
  assert.deepEqual(
    held.map((v) => [v.quality, v.kwh, v.is_current]),
    [
      ['validated', 0.35, true],
      ['actual', 9.5, false],
      ['edited', 0.35, false],
    ],
  );
});

test('assign, dismiss and reopen are kept in the log; a decision can not be taken twice', async () => {
  const [gap] = await queue('interval_gap');
  assert.equal((await act(gap.id, { verb: 'assign', owner: 'kim' })).body.owner, 'kim');
  assert.equal((await act(gap.id, { verb: 'dismiss' })).status, 400);
  assert.equal((await act(gap.id, { verb: 'dismiss', reason: 'partly dark' })).body.state, 'dismissed');
  assert.equal((await act(gap.id, { verb: 'accept', reason: 'once more' })).status, 409);
  const { body } = await act(gap.id, { verb: 'reopen', reason: 'too fast' });
  assert.deepEqual(
    body.log.map((entry) => [entry.verb, entry.to_state]),
    [
      ['found', 'open'],
      ['assign', 'assigned'],
      ['dismiss', 'dismissed'],
      ['reopen', 'open'],
    ],
  );
});

test('a reading that comes late closes its exception by itself', async () => {
  const gap = (await queue('interval_gap')).find((one) => one.meter_id === meters[3])!;
  await postReadings([{ meter: meters[3], ms: Date.parse(gap.from), kwh: 0.1 }]);
  await run();
  const { body } = await center.call<VeeExceptionDetail>('GET', `/api/vee/exceptions/${gap.id}`);
  assert.deepEqual([body.state, body.log.at(-1)?.actor], ['resolved_by_data', 'vee']);
});

test('shares per feeder and hour add up to what is expected', async () => {
  const [from, to] = [startMs - 24 * hourMs, startMs].map((ms) => new Date(ms).toISOString());
  const { body } = await center.call<VeeQualityRow[]>('GET', `/api/vee/quality?from=${from}&to=${to}`);
  assert.equal(body.length, 24);
  for (const row of body)
    assert.equal(row.validated + row.unvalidated + row.estimated + row.missing, row.expected, JSON.stringify(row));
  const dark = body.find((row) => Date.parse(row.hour) === Math.ceil(cutMs / hourMs) * hourMs)!;
  assert.deepEqual([dark.estimated, dark.expected], [4 * meters.length, 4 * meters.length]);
});

test('days that readings touched are judged by themselves', async () => {
  const old = dateOf(startMs - 3 * 24 * hourMs);
  await until(
    'an older day is judged',
    async () => (await center.call<VeeRun[]>('GET', '/api/vee/runs')).body.some(({ day }) => day <= old),
    60_000,
  );
  assert.equal((await queue('interval_gap', 'all')).filter((gap) => Date.parse(gap.to) < gapMs - 6 * hourMs).length, 0);
});
