/** Reliability as a utility asks for it: the threshold of a file, history in, a running and a stopped center, the pack. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ApiError } from '#model/api/common.ts';
import type {
  Interruption,
  InterruptionDetail,
  InterruptionEvent,
  InterruptionMeters,
  ReliabilityRow,
} from '#model/api/reliability.ts';
import { absent, flux, type RunningCenter, root, startCenter, temporaryFolder, until } from '../running_center.ts';
import { edgesOf, metersOf, postEvents } from '../scene.ts';

const minute = 60_000;
const known = path.join(root, '../shared/data/outages/pge_daily_customer_minutes.csv');

describe('flux reliability med', () => {
  test('known series', { skip: absent(known, 'the known series') }, async () => {
    const { status, stdout } = await flux(['reliability', 'med', '--daily', known, '--customers', '5400000', '--json']);
    assert.equal(status, 0);
    const found = JSON.parse(stdout);
    assert.deepEqual(
      [found.alpha.toFixed(4), found.beta.toFixed(4), found.t_med_minutes.toFixed(3), found.days, found.days_above],
      ['-0.3495', '1.1139', '11.418', 440, 15],
    );
    const { stdout: words } = await flux(['reliability', 'med', '--daily', known, '--customers', '5400000']);
    assert.match(words, /T_MED {7}11\.418 minutes/);
    assert.match(words, /days above {2}15/);
  });

  test('what can not be: no file, no days, no customers, no number', async () => {
    const folder = await temporaryFolder();
    const few = path.join(folder, 'few.csv');
    await fs.writeFile(few, 'date,customer_minutes\n2026-01-01,10\n2026-01-32,1\n');
    const cases: [string[], number, RegExp][] = [
      [['--daily', path.join(folder, 'none.csv'), '--customers', '1'], 1, /can not be read.*check the path/],
      [['--daily', few, '--customers', '100'], 1, /fewer than 30 usable days/],
      [['--daily', few], 2, /say how many customers/],
      [['--daily', few, '--customers', 'all'], 2, /--customers must be a number/],
    ];
    for (const [args, status, says] of cases) {
      const answer = await flux(['reliability', 'med', ...args]);
      assert.deepEqual([answer.status, says.test(answer.stderr)], [status, true], answer.stderr);
    }
    await fs.rm(folder, { recursive: true });
  });
});

describe('a center', () => {
  let center: RunningCenter;
  let meters: string[];
  let outage: string;
  const cutMs = Math.floor((Date.now() - 3 * 60 * minute) / 1000) * 1000;
  const backMs = cutMs + 50 * minute;
  const day = (ms: number): string => new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Chicago' }).format(ms);
  const days = `from=${day(cutMs)}&to=${day(cutMs)}`;
  const get = async <Body>(address: string): Promise<Body> => {
    const { status, body } = await center.call<Body>('GET', address);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  const asked = async (...args: string[]) => {
    const { status, stdout, stderr } = await flux(['reliability', ...args, '--data', center.folder, '--json']);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  };

  before(async () => {
    const folder = await temporaryFolder();
    const thresholds = path.join(folder, 'thresholds.json');
    await fs.writeFile(thresholds, JSON.stringify({ blue_sky: { holdWindowS: 1 } }));
    center = await startCenter({ folder, meters: 1000, environment: { FLUX_THRESHOLDS: thresholds } });
  });
  after(() => center?.stop());

  test('that is new says that nothing is known, and makes up no threshold', async () => {
    const facts = await get<{ known_since: string | null; thresholds: { t_med: number | null }[] }>(
      '/api/reliability/major-event-days',
    );
    assert.equal(facts.known_since, null);
    assert.ok(facts.thresholds.every(({ t_med }) => t_med === null));
    const { stdout } = await flux(['reliability', '--data', center.folder]);
    assert.match(stdout, /no interruption is known yet/);
  });

  test('an outage from the last gasp to the index, and back down to the messages', async () => {
    for (const candidate of await edgesOf(center, 'fuse')) {
      const below = await metersOf(center, candidate.id);
      if (below.length < 8) continue;
      meters = below;
      break;
    }
    await postEvents(center, 'last_gasp', meters, cutMs);
    await until('the outage', async () => {
      const open = await get<{ id: string; customers_out: number }[]>('/api/outages');
      outage = open.find(({ customers_out }) => customers_out === meters.length)?.id ?? '';
      return outage !== '';
    });
    const [lasting] = (await get<Interruption[]>(`/api/reliability/interruptions?${days}`)).filter(
      ({ id }) => id === outage,
    );
    assert.ok(lasting.is_open && lasting.customer_minutes > meters.length * 170, JSON.stringify(lasting));
    await postEvents(center, 'power_restored', meters, backMs);
    const minutes = meters.length * 50;
    await until('it is over', async () => {
      const [row] = await get<Interruption[]>(`/api/reliability/interruptions?${days}`);
      return row.id === outage && !row.is_open && row.customer_minutes === minutes;
    });
    const [system] = await get<ReliabilityRow[]>(`/api/reliability?${days}`);
    assert.deepEqual([system.all.customer_minutes, system.all.saidi, system.open], [minutes, minutes / 1000, 0]);
    const detail = await get<InterruptionDetail>(`/api/reliability/interruptions/${outage}`);
    assert.equal(detail.steps_customer_minutes, minutes);
    const of = await get<InterruptionMeters>(`/api/reliability/interruptions/${outage}/meters`);
    assert.deepEqual([of.customer_minutes, of.measured_minutes, of.meters.length], [minutes, minutes, meters.length]);
    const events = await get<InterruptionEvent[]>(
      `/api/reliability/interruptions/${outage}/meters/${of.meters[0].meter_id}/events`,
    );
    assert.deepEqual(
      events.map(({ type, at }) => [type, Date.parse(at)]),
      [
        ['last_gasp', cutMs],
        ['power_restored', backMs],
      ],
    );
    const [compared] = await get<{ id: string; difference_minutes: number }[]>(
      `/api/reliability/declared-vs-measured?${days}`,
    );
    assert.deepEqual([compared.id, compared.difference_minutes], [outage, 0]);
  });

  test('history comes in beside the running center: good lines land, bad ones are named, again changes nothing', async () => {
    const file = path.join(center.folder, 'past.csv');
    const lines = Array.from({ length: 120 }, (_, i) => {
      const date = new Date(Date.UTC(2025, 0, 1 + 2 * i)).toISOString().slice(0, 10);
      return `${date} 09:00,${date} 1${i % 3}:30,${i === 100 ? 900 : 5 + (i % 7)},tree`;
    });
    await fs.writeFile(
      file,
      [
        'start,end,customers,cause',
        ...lines,
        '2025-01-01 10:00,soon,4,tree',
        `${new Date().toISOString()},2030-01-01T00:00:00Z,4,tree`,
      ].join('\n'),
    );
    const dry = await asked('import', '--history', file, '--dry-run');
    assert.deepEqual([dry.added, dry.refused], [0, 2]);
    const first = await asked('import', '--history', file);
    assert.deepEqual([first.read, first.added, first.known, first.refused], [122, 120, 0, 2]);
    assert.deepEqual(
      first.refused_lines.map(({ line, field }: { line: number; field: string }) => [line, field]),
      [
        [122, 'end'],
        [123, 'end'],
      ],
    );
    const again = await asked('import', '--history', file);
    assert.deepEqual([again.added, again.known], [0, 120]);
    const facts = await get<{ declared: number; thresholds: { year: number; t_med: number }[] }>(
      '/api/reliability/major-event-days?from=2026-01-01&to=2026-12-31',
    );
    assert.equal(facts.declared, 120);
    assert.ok(facts.thresholds[0].t_med > 0);
  });

  test('every route checks what it is asked', async () => {
    for (const [address, status, code] of [
      ['/api/reliability?from=2026-02-30', 400, 'bad_request'],
      ['/api/reliability?from=2026-02-02&to=2026-02-01', 400, 'bad_request'],
      ['/api/reliability?by=street', 400, 'bad_request'],
      ['/api/reliability/major-event-days?level=feeder&id=none', 404, 'unknown_asset'],
      ['/api/reliability/interruptions/OUT-none', 404, 'not_found'],
      [`/api/reliability/interruptions/${outage}/meters/none/events`, 404, 'unknown_meter'],
    ] as const) {
      const answer = await center.call<ApiError>('GET', address);
      assert.deepEqual([answer.status, answer.body.error?.code], [status, code], address);
    }
  });

  test('a viewer gets no report; the report is CSV and PDF', async () => {
    await flux(['account', 'vera', '--role', 'viewer', '--data', center.folder]);
    const token = (await flux(['token', '--user', 'vera', '--data', center.folder])).stdout.trim();
    assert.equal((await center.call('GET', '/api/reliability/report.pdf', undefined, { token })).status, 403);
    assert.equal((await center.call('GET', '/api/reliability', undefined, { token })).status, 200);
    const filing = { event: new Date().toISOString(), stage: 'first', reference: 'DOE-1' };
    const address = '/api/reliability/oe417/filings';
    assert.equal((await center.call('POST', address, filing, { token })).status, 403, 'nor says what was filed');
    const none = await center.call<ApiError>('POST', address, filing);
    assert.deepEqual([none.status, none.body.error.code], [404, 'not_found']);
    assert.equal((await center.call('POST', address, { ...filing, reference: ' ' })).status, 400);
    const pdf = await center.call<Uint8Array>('GET', `/api/reliability/report.pdf?${days}`);
    assert.deepEqual(
      [pdf.headers.get('content-type'), Buffer.from(pdf.body).toString('latin1', 0, 5)],
      ['application/pdf', '%PDF-'],
    );
    const csv = await center.call<Uint8Array>('GET', `/api/reliability/report.csv?${days}`);
    assert.match(Buffer.from(csv.body).toString(), /^from,to,level,id,name,customers_served/);
  });

  test('the command says what the API says, while the center runs and after it stopped; a pack has all files', async () => {
    const period = ['--from', '2025-01-01', '--to', day(Date.now())];
    const rows = await get<ReliabilityRow[]>(`/api/reliability?from=2025-01-01&to=${day(Date.now())}&by=feeder`);
    const comparable = (list: ReliabilityRow[]) =>
      list.map(({ id, all }) => [id, all.interruptions, all.customer_minutes, all.saifi]);
    assert.deepEqual(comparable((await asked('--by', 'feeder', ...period)).rows), comparable(rows));
    const token = center.child;
    token.kill('SIGTERM');
    await new Promise((resolve) => token.once('exit', resolve));
    assert.deepEqual(comparable((await asked('--by', 'feeder', ...period)).rows), comparable(rows));
    const out = path.join(center.folder, 'pack');
    const pack = await asked('pack', '--out', out, ...period);
    assert.deepEqual((await fs.readdir(out)).sort(), [...pack.files].sort());
    assert.equal(pack.files.length, 12);
    const fields = new Map(pack.report.map((one: { field: string; value: unknown }) => [one.field, one.value]));
    assert.equal(fields.get('interruptions'), 121);
    const wrong = await flux(['reliability', '--by', 'street', '--data', center.folder]);
    assert.deepEqual([wrong.status, /--by must be one of system, area/.test(wrong.stderr)], [2, true]);
  });
});
