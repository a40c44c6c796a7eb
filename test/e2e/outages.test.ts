/** Working an outage and taking a call at the screen: keys, forms, what somebody else did meanwhile. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page, Route } from 'playwright-core';
import type { MeterStanding, TroubleCall } from '#model/api/calls.ts';
import type { Outage, OutageDetail } from '#model/api/outages.ts';
import { flux, type RunningCenter, startCenter, until } from '../running_center.ts';
import { edgesOf, metersOf, type SceneEdge } from '../scene.ts';
import { browserPath, openSignedIn, startBrowser, type Watch } from './browser.ts';

const missing = browserPath() === undefined && !process.env.CI;

describe('outages and calls at the screen', { skip: missing && 'no Chromium is installed (set FLUX_CHROMIUM)' }, () => {
  let center: RunningCenter;
  let browser: Browser;
  let watch: Watch;
  let page: Page;
  let fuse: SceneEdge;
  let meters: string[];
  let outage: Outage;
  let token: string;

  before(async () => {
    [center, browser] = await Promise.all([startCenter({ meters: 3000 }), startBrowser()]);
    const fuses = await edgesOf(center, 'fuse');
    for (const one of fuses) {
      fuse = one;
      meters = await metersOf(center, one.id);
      if (meters.length >= 10) break;
    }
    await center.call('POST', '/api/grid-events', [
      { device_id: fuse.id, event_time: new Date().toISOString(), state: 'open' },
    ]);
    outage = await until('an outage', async () =>
      (await center.call<Outage[]>('GET', '/api/outages')).body.find((one) => one.device_id === fuse.id),
    );
    watch = await openSignedIn(browser, center, { colorScheme: 'dark' });
    page = watch.page;
    // a new password ended the tokens of before
    token = (await flux(['token', '--data', center.folder])).stdout.trim();
  });
  after(async () => {
    await browser?.close();
    await center?.stop();
  });
  const call = <Body>(method: string, address: string, body?: unknown) =>
    center.call<Body>(method, address, body, { token });
  const detail = async () => (await call<OutageDetail>('GET', `/api/outages/${outage.id}`)).body;

  test('c asks and confirms; what another person did meanwhile is told before anything is done', async () => {
    await page.goto(`${center.url}/?sel=outage:${outage.id}`);
    const details = page.getByRole('region', { name: 'Details' });
    await details.getByRole('heading', { name: fuse.id }).waitFor();
    await page.keyboard.press('c');
    await details.getByLabel('Reason (optional)').waitFor();
    await details.locator('form').getByRole('button', { name: 'confirm' }).click();
    await until('confirmed', async () => (await detail()).outage.state === 'confirmed');
    await details.locator('form').waitFor({ state: 'detached' });
    await page.keyboard.press('a');
    await details.getByLabel('Crew').fill('Crew 12');
    // somebody else is faster, while the form is open
    await call('POST', `/api/outages/${outage.id}/actions`, {
      verb: 'assign',
      crew: 'Crew 3',
      reason: 'nearest',
    });
    await details.locator('form').getByRole('button', { name: 'assign' }).click();
    const told = details.getByRole('alert').filter({ hasText: 'nothing was done' });
    await told.waitFor();
    assert.match(String(await told.textContent()), /assign.*nearest/);
    assert.equal((await detail()).outage.crew, 'Crew 3');
    await details.locator('form').getByRole('button', { name: 'assign' }).click();
    await until('all the same', async () => (await detail()).outage.crew === 'Crew 12');
    assert.equal((await detail()).log.filter(({ verb }) => verb === 'assign').length, 2);
  });

  test('A takes the crew off; without a reason the form does not go', async () => {
    const details = page.getByRole('region', { name: 'Details' });
    const form = details.locator('form');
    await form.waitFor({ state: 'detached' });
    await page.keyboard.press('A');
    await form.getByText('Crew 12 is taken off this outage', { exact: false }).waitFor();
    await page.locator('form input[name="reason"]:focus').waitFor();
    await page.keyboard.press('Enter');
    assert.equal((await detail()).outage.crew, 'Crew 12');
    await page.keyboard.type('needed elsewhere');
    await page.keyboard.press('Enter');
    await until('the crew is off', async () => (await detail()).outage.crew === null);
    assert.equal((await detail()).outage.state, 'confirmed');
    await form.waitFor({ state: 'detached' });
  });

  test('an order right after another is decided on the outcome of the first, whether or not the push has told of it', async () => {
    const form = page.getByRole('region', { name: 'Details' }).locator('form');
    // the next form opens the moment the one before is gone
    await page.evaluate(`
      let was = false;
      new MutationObserver(() => {
        const is = document.querySelector('form input[name="crew"]') !== null;
        if (was && !is) document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'A', bubbles: true }));
        was = is;
      }).observe(document.body, { childList: true, subtree: true })`);
    for (let turn = 0; turn < 3; turn++) {
      await page.keyboard.press('a');
      await form.locator('input[name="crew"]').fill(`Crew ${turn}`);
      await page.keyboard.press('Enter');
      await form.getByText(`Crew ${turn} is taken off this outage`, { exact: false }).waitFor();
      await page.keyboard.type('needed elsewhere');
      await page.keyboard.press('Enter');
      await until('the crew is off', async () => (await detail()).outage.crew === null);
      await form.waitFor({ state: 'detached' });
    }
    const { log } = await detail();
    assert.deepEqual(
      log.slice(-6).map(({ verb }) => verb),
      ['assign', 'unassign', 'assign', 'unassign', 'assign', 'unassign'],
    );
  });

  test('the full view has its address: evidence, steps, customers, calls, log', async () => {
    await page.goto(`${center.url}/?pane=detail&sel=outage:${outage.id}`);
    const article = page.getByRole('article', { name: `Outage ${outage.id}` });
    for (const title of ['Evidence', 'Restoration steps', 'Customers', 'Calls', 'Log'])
      await article.getByRole('heading', { name: title, exact: false }).first().waitFor();
    await article.locator('[data-customer]').first().waitFor();
    assert.match(String(await article.textContent()), /nearest/);
  });

  test('a call is filed by the keyboard alone, and what is known is read before', async () => {
    await page.goto(`${center.url}/?page=calls`);
    await page.locator('#call-place:focus').waitFor();
    await page.keyboard.type(meters[0]);
    await page.getByText('Known outage since', { exact: false }).waitFor();
    await page.getByRole('button', { name: `File for ${meters[0]}` }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText(`Filed for ${meters[0]}.`).waitFor();
    await page.locator('[data-call]', { hasText: meters[0] }).waitFor();
    const { body } = await call<TroubleCall[]>('GET', `/api/calls?meter=${meters[0]}`);
    assert.deepEqual(
      body.map(({ kind, outage_id }) => [kind, outage_id]),
      [['no_power', outage.id]],
    );
    // the field is ready for the next caller
    await page.keyboard.type('the old mill road');
    await page.getByText('No meter has this name', { exact: false }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('Filed for the old mill road.').waitFor();
    await page.getByRole('tab', { name: 'Without a meter' }).click();
    await page.locator('[data-call]', { hasText: 'the old mill road' }).waitFor();
  });

  test('an Enter while the search runs takes what it ends with, never what was found before', async () => {
    const [before, meant, other] = meters.slice(2);
    await page.goto(`${center.url}/?page=calls`);
    await page.locator('#call-place:focus').waitFor();
    await page.keyboard.type(before);
    await page.getByRole('button', { name: `File for ${before}` }).waitFor();
    const slow = async (route: Route): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 1200));
      await route.continue().catch(() => undefined);
    };
    const searches = /\/api\/(network\/search|calls\/places)/;
    await page.route(searches, slow);
    await page.locator('#call-place').fill(meant);
    await page.keyboard.press('Enter');
    await page.getByText(`Filed for ${meant}.`).waitFor();
    // typed on after the Enter: it is taken back
    await page.keyboard.type(other);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Backspace');
    await page.waitForTimeout(3000);
    assert.equal(await page.locator('#call-place').inputValue(), other.slice(0, -1));
    await page.unroute(searches, slow);
    const filed = async (meter: string) => (await call<TroubleCall[]>('GET', `/api/calls?meter=${meter}`)).body.length;
    assert.deepEqual([await filed(before), await filed(meant), await filed(other)], [0, 1, 0]);
  });

  test('a caller is found by account number and by the first of the address, by the keyboard alone', async () => {
    const { body } = await until('the addresses are read', async () => {
      const answer = await call<MeterStanding>('GET', `/api/calls/standing?meter=${meters[1]}`);
      return answer.body.account_id === null ? undefined : answer;
    });
    const { account_id: account, address } = body;
    await page.goto(`${center.url}/?page=calls`);
    await page.locator('#call-place:focus').waitFor();
    await page.keyboard.type(account!);
    await page.getByRole('button', { name: `File for ${meters[1]}` }).waitFor();
    const facts = page.getByRole('region', { name: 'Trouble calls' });
    await facts.getByText(address!, { exact: true }).waitFor();
    await page.locator('#call-place').fill('');
    // a house number and the first letters of the street: candidates with their addresses, one is chosen
    const [number, ...street] = address!.split(',')[0].split(' ');
    await page.keyboard.type(`${number} ${street.join(' ').slice(0, 4)}`.toLowerCase());
    const ready = page.getByRole('button', { name: /^(File for|Choose) / });
    const chosen = page.locator('[role="option"][aria-selected="true"]');
    await until('the place is chosen', async () => {
      await ready.waitFor();
      if (String(await ready.textContent()).includes(meters[1])) return true;
      if ((await chosen.count()) > 0) await page.keyboard.press('ArrowDown');
      return undefined;
    });
    if (String(await ready.textContent()).startsWith('Choose')) await page.keyboard.press('Enter');
    await page.getByRole('button', { name: `File for ${meters[1]}` }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText(`Filed for ${meters[1]}.`).waitFor();
    const filed = await call<TroubleCall[]>('GET', `/api/calls?meter=${meters[1]}`);
    assert.deepEqual(
      filed.body.map(({ outage_id }) => outage_id),
      [outage.id],
    );
  });

  test('planned work is entered and withdrawn from the events', async () => {
    await page.goto(`${center.url}/`);
    await page.getByRole('button', { name: 'Planned' }).click();
    const dialog = page.getByRole('dialog', { name: 'Planned work' });
    await dialog.getByLabel('Device').fill(fuse.id);
    await dialog.getByLabel('Reason').fill('new crossarm');
    await dialog.getByRole('button', { name: 'Enter the window' }).click();
    await dialog.getByText('Entered as PLN-', { exact: false }).waitFor();
    await dialog.getByRole('button', { name: 'Withdraw' }).click();
    await dialog.getByRole('button', { name: /sure\?/ }).click();
    await dialog.getByText('withdrawn by', { exact: false }).waitFor();
  });

  test('nothing went wrong in the browser', async () => {
    const unexpected = watch.errors.filter((error) => !/409/.test(error));
    assert.deepEqual([unexpected, watch.foreign, await watch.violations()], [[], [], []]);
  });
});
