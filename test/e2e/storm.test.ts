/** The storm board against a whole center: outages come, storm mode is switched with a reason, a study changes nothing. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { SearchHit } from '#model/api/network.ts';
import type { StormArea, StormMode } from '#model/api/storm.ts';
import { type RunningCenter, startCenter, until } from '../running_center.ts';
import { browserPath, openSignedIn, startBrowser, type Watch } from './browser.ts';

const missing = browserPath() === undefined && !process.env.CI;

describe('the storm board', { skip: missing && 'no Chromium is installed (set FLUX_CHROMIUM)' }, () => {
  let center: RunningCenter;
  let browser: Browser;
  let watch: Watch;
  let page: Page;

  before(async () => {
    [center, browser] = await Promise.all([startCenter({ meters: 2000 }), startBrowser()]);
    watch = await openSignedIn(browser, center, { colorScheme: 'dark' });
    page = watch.page;
  });
  after(async () => {
    await browser?.close();
    await center?.stop();
  });
  /** as the page itself asks: with its session */
  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const init = { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return (await page.evaluate(
      `fetch(${JSON.stringify(path)}, ${JSON.stringify(init)}).then((answer) => answer.json())`,
    )) as T;
  }
  const board = async (): Promise<StormArea> => (await ask<StormArea[]>('GET', '/api/storm/areas'))[0];

  test('nobody is out: it says so', async () => {
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await page.waitForURL(/page=storm/);
    await page.getByText('nobody is out').waitFor();
    assert.equal(await page.locator('[data-storm]').count(), 0);
  });

  test('outages by the dozen: counted by area, a suggestion in words across the screen', async () => {
    const hits = await ask<SearchHit[]>('GET', '/api/network/search?q=FU-&limit=20');
    const fuses = hits.filter(({ id }) => id.startsWith('FU-')).slice(0, 12);
    assert.ok(fuses.length >= 8, `${fuses.length} fuses`);
    const event_time = new Date().toISOString();
    const states = fuses.map(({ id }) => ({ device_id: id, event_time, state: 'open' }));
    assert.equal((await ask<{ accepted: number }>('POST', '/api/grid-events', states)).accepted, fuses.length);
    await until('the board counts them', async () => (await board()).outages >= 8);
    await page.locator('[data-storm="suggested"]').waitFor();
    const row = page.getByRole('region', { name: 'Areas' }).locator('tbody tr').first();
    const { customers_out } = await board();
    await row.getByText(customers_out.toLocaleString('en-US'), { exact: true }).waitFor();
    await page.getByText('customers are without power').first().waitFor();
    await page.getByLabel('Customers without supply, so far and expected').first().waitFor();
  });

  test('storm mode is switched with a reason: banner, header, log, and the API say the same', async () => {
    await page.getByRole('button', { name: 'On…' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('squall line from the northwest');
    await dialog.getByRole('button', { name: 'Switch storm mode on' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.locator('[data-storm="on"]').waitFor();
    await page.locator('header').getByText('STORM', { exact: true }).waitFor();
    await page.getByRole('region', { name: 'Log of storm mode' }).getByText('squall line').waitFor();
    const [mode] = await ask<StormMode[]>('GET', '/api/storm-mode');
    assert.deepEqual([mode.on, mode.author, mode.reason], [true, 'admin', 'squall line from the northwest']);
  });

  test('a study is framed as one, draws both curves, and leaves the outages alone', async () => {
    const before = (await ask<unknown[]>('GET', '/api/outages')).length;
    const study = page.locator('[data-study]');
    await study.getByRole('button', { name: 'Run the study' }).click();
    await study.getByText('customer-hours').first().waitFor();
    assert.match(String(await study.textContent()), /STUDY.*nothing here is live/);
    assert.equal((await ask<unknown[]>('GET', '/api/outages')).length, before);
  });

  test('on a phone nothing runs over the edge; no error, no foreign request, no violation of the policy', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.waitForTimeout(500);
    const wide = await page.evaluate('document.documentElement.scrollWidth');
    assert.ok(Number(wide) <= 390, `${String(wide)} px`);
    assert.deepEqual(watch.errors, []);
    assert.deepEqual(watch.foreign, []);
    assert.deepEqual(await watch.violations(), []);
  });
});
