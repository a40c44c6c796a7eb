/** Crew board and switching page against a whole center: sent by hand, by the plan and by drag; studied, approved, done. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { Crew, CrewNeedRow } from '#model/api/crews.ts';
import type { SearchHit } from '#model/api/network.ts';
import type { SwitchingOrder } from '#model/api/switching.ts';
import { flux, type RunningCenter, startCenter, until } from '../running_center.ts';
import { browserPath, openSignedIn, startBrowser, type Watch } from './browser.ts';

const missing = browserPath() === undefined && !process.env.CI;

describe('crews and switching', { skip: missing && 'no Chromium is installed (set FLUX_CHROMIUM)' }, () => {
  let center: RunningCenter;
  let browser: Browser;
  let watch: Watch;
  let page: Page;
  let fuses: string[];
  /** a token from after the first password was set: that ends what was given out before */
  let token: string | undefined;
  const call = <Body>(method: string, address: string, body?: unknown) =>
    center.call<Body>(method, address, body, token === undefined ? {} : { token });
  const crews = async (): Promise<Crew[]> => (await call<Crew[]>('GET', '/api/crews')).body;
  const crew = async (id: string): Promise<Crew> => (await crews()).find((one) => one.id === id)!;

  before(async () => {
    [center, browser] = await Promise.all([startCenter({ meters: 3000 }), startBrowser()]);
    const { body: hits } = await call<SearchHit[]>('GET', '/api/network/search?q=FU-&limit=12');
    fuses = hits.map((hit) => hit.id);
    for (const id of fuses.slice(0, 3))
      await call('POST', `/api/network/switches/${id}`, { operation: 'open', reason: 'blown' });
    // at whatever hour of the day this runs: everybody is there
    for (const one of await crews())
      if (one.status === 'off_shift')
        await call('POST', `/api/crews/${one.id}/actions`, { verb: 'sign_on', revision: one.revision });
    watch = await openSignedIn(browser, center, { colorScheme: 'dark' });
    page = watch.page;
    token = (await flux(['token', '--data', center.folder])).stdout.trim();
  });
  after(async () => {
    await browser?.close();
    await center?.stop();
  });

  test('two keys lead to the board; every crew stands in the column of its status', async () => {
    await page.keyboard.press('g');
    await page.keyboard.press('w');
    await page.waitForURL(/page=crews/);
    const all = await crews();
    await page
      .locator('[data-crew]')
      .nth(all.length - 1)
      .waitFor();
    assert.equal(
      await page
        .getByRole('region', { name: /^Available: / })
        .locator('[data-crew]')
        .count(),
      all.length,
    );
  });

  test('what happens elsewhere is pushed: it stands on the board at once, and nobody looks for it', async () => {
    const looks: string[] = [];
    page.on('request', (request) => {
      if (/\/api\/crews$/.test(request.url())) looks.push(request.url());
    });
    const one = (await crews()).find(({ status }) => status === 'available')!;
    await call('POST', `/api/crews/${one.id}/actions`, { verb: 'start_break', revision: one.revision });
    const column = page.getByRole('region', { name: /break: 1$/i });
    await column.locator(`[data-crew="${one.id}"]`).waitFor({ timeout: 4000 });
    await page.waitForTimeout(6000);
    assert.deepEqual(looks, []);
    await call('POST', `/api/crews/${one.id}/actions`, { verb: 'end_break', revision: one.revision + 1 });
    await column.waitFor({ state: 'detached' });
  });

  test('the plan is accepted row by row: crew and outage move, the row is gone', async () => {
    const { body: plan } = await call<CrewNeedRow[]>('GET', '/api/dispatch/plan');
    const row = plan.find((one) => one.chosen);
    assert.ok(row?.chosen, JSON.stringify(plan.map((one) => one.none)));
    const work = page.locator(`[data-work="${row.outage_id}"]`);
    await work.getByRole('button', { name: /why/ }).click();
    await work.getByText('has switching and overhead').first().waitFor();
    await work.getByRole('button', { name: 'Accept' }).click();
    await work.waitFor({ state: 'detached' });
    await page.getByRole('region', { name: 'Assigned: 1' }).getByText(row.outage_id).waitFor();
    const { body } = await call<{ outage: { state: string; crew: string } }>('GET', `/api/outages/${row.outage_id}`);
    assert.equal(body.outage.state, 'assigned');
    assert.ok((await crew(body.outage.crew)).jobs.some((job) => job.outage_id === row.outage_id));
  });

  test('a crew dragged onto an outage goes there', async () => {
    const free = (await crews()).find((one) => one.status === 'available')!;
    const work = page.locator('[data-work]').first();
    const outage = String(await work.getAttribute('data-work'));
    await page.locator(`[data-crew="${free.id}"]`).dragTo(work);
    await until('it is assigned', async () => (await crew(free.id)).jobs[0]?.outage_id === outage);
  });

  test('by keys alone: the crew is opened, sent, departs, and a release asks for its reason', async () => {
    const free = (await crews()).find((one) => one.status === 'available')!;
    await page.locator(`[data-crew="${free.id}"]`).focus();
    await page.keyboard.press('Enter');
    const details = page.getByRole('complementary', { name: 'Crew', exact: true });
    await details.getByLabel('Outage').selectOption({ index: 1 });
    await details.getByRole('button', { name: 'Assign' }).press('Enter');
    await details.getByRole('button', { name: 'depart', disabled: false }).press('Enter');
    await details.getByText('admin: depart').waitFor();
    // the push may tell of an order before its answer is there: until then no other is taken
    await details.getByRole('button', { name: 'Release…', disabled: false }).press('Enter');
    assert.equal(await details.getByLabel(/Reason to release/).getAttribute('required'), '');
    await details.getByLabel(/Reason to release/).fill('wrong truck');
    await details.getByRole('button', { name: 'release', exact: true }).press('Enter');
    await details.getByText('It has no job.').waitFor();
    await details.getByText('wrong truck').waitFor();
  });

  test('two dispatchers: what the other has done is said, nothing is done twice', async () => {
    const { body: plan } = await call<CrewNeedRow[]>('GET', '/api/dispatch/plan');
    const free = (await crews()).find((one) => one.status === 'available')!;
    const outage = plan[0]?.outage_id ?? String((await crews()).flatMap((one) => one.jobs)[0].outage_id);
    const order = { outage, revision: free.revision };
    const answers = await Promise.all([
      call('POST', `/api/crews/${free.id}/assign`, order),
      call('POST', `/api/crews/${free.id}/assign`, order),
    ]);
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 409]);
  });

  test('an order: studied inside a visible frame, kept, checked, approved by another, done step by step', async () => {
    const device = fuses[5];
    await page.goto(`${center.url}/?page=switching`);
    await page.getByRole('button', { name: 'New order or study' }).click();
    await page.getByLabel('Title').fill('Replace a fuse');
    await page.getByRole('button', { name: 'Add a step' }).click();
    await page.getByLabel('Device of step 1').fill(device);
    await page.getByRole('button', { name: 'Study the steps' }).click();
    const frame = page.locator('[data-study]');
    await frame.getByText(/drops \d+ customers/).waitFor();
    assert.match(String(await frame.textContent()), /STUDY.*nothing live changes/);
    const { body: before } = await call<{ status: string }>('GET', `/api/network/assets/${device}`);
    assert.equal(before.status, 'energised', 'a study changes nothing');
    await page.getByRole('button', { name: 'Keep as a draft' }).click();
    // somebody else writes while the editor is open, and the screen has read it since
    await page.getByRole('button', { name: 'Edit steps' }).click();
    const [kept] = (await call<SwitchingOrder[]>('GET', '/api/switching/orders')).body;
    const theirs = { title: 'Replace a fuse, from the north', steps: [{ device_id: device, operation: 'open' }] };
    await call('POST', `/api/switching/orders/${kept.id}/steps`, { ...theirs, revision: kept.revision });
    await page.locator(`[data-order="${kept.id}"]`).getByText('from the north').waitFor();
    await page.waitForResponse((answer) => answer.url().endsWith(`/api/switching/orders/${kept.id}`));
    await page.getByRole('button', { name: 'Save the draft' }).click();
    await page.getByText(/has changed since you looked at it/).waitFor();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await page.getByRole('heading', { name: 'from the north' }).waitFor();
    await page.getByRole('button', { name: 'Check in the study' }).click();
    await page.getByText('You wrote at it: another person approves.').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Approve' }).isDisabled());
    await flux(['account', 'ben', '--role', 'operator', '--data', center.folder]);
    const ben = (await flux(['token', '--user', 'ben', '--data', center.folder])).stdout.trim();
    const order = (await call<SwitchingOrder[]>('GET', '/api/switching/orders')).body[0];
    const approval = { verb: 'approve', revision: order.revision };
    const answer = await center.call('POST', `/api/switching/orders/${order.id}/actions`, approval, { token: ben });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByRole('button', { name: 'Done in the field' }).click();
    await page.getByText(/^✓ admin/).waitFor();
    const { body: afterIt } = await call<{ status: string }>('GET', `/api/network/assets/${device}`);
    assert.notEqual(afterIt.status, 'energised');
    await page.locator(`[data-order="${order.id}"]`).getByText('done').waitFor();
  });

  test('a proposal for a fault is studied at once', async () => {
    const { body: hits } = await call<SearchHit[]>('GET', '/api/network/search?q=LN-&limit=5');
    await page.getByRole('button', { name: 'New order or study' }).click();
    await page.getByLabel('Line or device with the fault').fill(hits[0].id);
    await page.getByRole('button', { name: 'Propose steps' }).click();
    await page.getByText(/customers in the faulted section wait/).waitFor();
    await page.getByText(/Customers without supply by the topology/).waitFor();
    assert.equal(await page.getByText('not studied yet').count(), 0);
  });

  test('nothing left the own origin, nothing broke', async () => {
    assert.deepEqual(watch.foreign, []);
    assert.deepEqual(await watch.violations(), []);
    // the conflict that was wanted
    assert.deepEqual(
      watch.errors.filter((text) => !text.includes('409 (Conflict)')),
      [],
    );
  });
});
