/** The Reliability page against a whole center: an empty record says so; then from the index down to the messages. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { Alarm } from '#model/api/live.ts';
import { startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { openPool } from '#stores/postgres/pool.ts';
import { flux, type RunningCenter, startCenter, temporaryFolder, until } from '../running_center.ts';
import { edgesOf, metersOf, postEvents } from '../scene.ts';
import { browserPath, openSignedIn, startBrowser, type Watch } from './browser.ts';

const missing = browserPath() === undefined && !process.env.CI;
const cutMs = Math.floor((Date.now() - 3 * 3_600_000) / 1000) * 1000;

describe('the Reliability page', { skip: missing && 'no Chromium is installed (set FLUX_CHROMIUM)' }, () => {
  let center: RunningCenter;
  let browser: Browser;
  let watch: Watch;
  let page: Page;
  let meters: string[];

  before(async () => {
    const folder = await temporaryFolder();
    const thresholds = path.join(folder, 'thresholds.json');
    await fs.writeFile(thresholds, JSON.stringify({ blue_sky: { holdWindowS: 1 } }));
    [center, browser] = await Promise.all([
      startCenter({ folder, meters: 1000, environment: { FLUX_THRESHOLDS: thresholds } }),
      startBrowser(),
    ]);
    watch = await openSignedIn(browser, center, { colorScheme: 'dark' });
    page = watch.page;
    // a new password ends the tokens from before it
    const token = (await flux(['token', '--data', folder])).stdout.trim();
    const { call } = center;
    center = { ...center, call: (method, address, body) => call(method, address, body, { token }) };
  });
  after(async () => {
    await browser?.close();
    await center?.stop();
  });

  test('a new center has no history, and the page says so', async () => {
    await page.keyboard.press('g');
    await page.keyboard.press('r');
    await page.waitForURL(/page=reliability/);
    await page.getByText('No interruption is known yet.').waitFor();
    await page.getByText('flux reliability import --history').waitFor();
    await page.getByText(/No major event threshold for/).waitFor();
  });

  test('history and an outage: indices, the threshold, the storm day left out', async () => {
    const file = path.join(center.folder, 'past.csv');
    const lines = Array.from({ length: 150 }, (_, i) => {
      const date = new Date(Date.now() - (480 - 3 * i) * 86_400_000).toISOString().slice(0, 10);
      return `${date} 09:00,${date} 1${i % 3}:30,${i === 140 ? 990 : 2 + (i % 7)},${i === 140 ? 'storm' : 'tree'}`;
    });
    await fs.writeFile(file, ['start,end,customers,cause', ...lines].join('\n'));
    const { status, stderr } = await flux(['reliability', 'import', '--history', file, '--data', center.folder]);
    assert.equal(status, 0, stderr);
    for (const candidate of await edgesOf(center, 'fuse')) {
      meters = await metersOf(center, candidate.id);
      if (meters.length >= 8) break;
    }
    await postEvents(center, 'last_gasp', meters, cutMs);
    await until('the outage', async () => {
      const { body } = await center.call<{ customers_out: number }[]>('GET', '/api/outages');
      return body.some(({ customers_out }) => customers_out === meters.length);
    });
    await postEvents(center, 'power_restored', meters, cutMs + 50 * 60_000);
    await until('it is over', async () => {
      const { body } = await center.call<{ is_open: boolean; origin: string }[]>(
        'GET',
        '/api/reliability/interruptions',
      );
      return body.some(({ origin, is_open }) => origin === 'outage' && !is_open);
    });
    await page.reload();
    await page.getByText(/T_MED \d{4} =/).waitFor();
    await page.getByText('1 day left out').waitFor();
    const table = page.getByRole('region', { name: 'Indices', exact: true });
    const saidi = String(await table.getByRole('row').filter({ hasText: 'SAIDI' }).textContent());
    const [all, without] = [...saidi.matchAll(/([\d.]+) min/g)].map(([, value]) => Number(value));
    assert.ok(all > without && without > 0, saidi);
    await page.getByRole('img', { name: 'SAIDI of each day, log scale' }).locator('canvas').waitFor();
  });

  test('index, interruptions, steps, meters, messages: each level says that its sum is the one above', async () => {
    await page
      .getByText(/= Sum of the interruptions: [\d,.]+ customer-minutes = the index of the whole system/)
      .waitFor();
    await page.getByRole('button', { name: /OUT-/ }).click();
    const minutes = `${(meters.length * 50).toLocaleString('en-US')}.00`;
    await page.getByText(`= Sum of the steps: ${minutes} customer-minutes = the interruption`).waitFor();
    await page.getByRole('button', { name: 'Show the meters' }).click();
    await page.getByText(`= Sum of the meters: ${minutes} customer-minutes = the interruption`).waitFor();
    await page.getByRole('button', { name: meters[0] }).click();
    const messages = page.getByRole('list', { name: `Messages of ${meters[0]}` });
    await messages.getByText('last gasp').waitFor();
    await messages.getByText('power restored').waitFor();
    await page.getByLabel('Counted').selectOption('planned work');
    await page.getByText('No planned interruption of the whole system in the period.').waitFor();
    assert.equal(await page.getByRole('alert').count(), 0);
  });

  test('a part of the system is looked at by its name; a period by its days', async () => {
    await page.getByRole('tab', { name: 'feeders' }).click();
    const first = page.getByRole('region', { name: 'Indices by feeder' }).getByRole('button').first();
    const name = String(await first.textContent());
    await first.click();
    await page.getByRole('heading', { name, exact: true }).waitFor();
    await page.getByRole('button', { name: 'back to the whole system' }).click();
    await page.getByRole('button', { name: '30 days' }).click();
    await page.getByRole('heading', { name: 'Whole system', exact: true }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Report, PDF' }).click(),
    ]);
    assert.match(download.suggestedFilename(), /^reliability_.*\.pdf$/);
  });

  test('O2 a report of form OE-417 is marked as filed, taken back, and the countdown says so', async () => {
    // 60,000 customers in a territory of 1,000: put into the store as a large utility's center would have them
    const { connection } = await startEmbeddedPostgres(center.folder);
    const pool = openPool({ connection });
    await pool.query(`
      insert into outage (id, outage_no, state, device_key, feeder_key, customers_out, customers_affected, critical_out,
                          started_at, detected_at, restored_at, is_open, source, revision, updated_at, record)
      values ('OUT-0900000', 900000, 'closed', 0, 0, 0, 60000, 0, now() - interval '3 hours', now(), now() - interval '1 hour',
              false, 'last_gasp', 1, now(), '{}')`);
    await pool.query(`
      insert into outage_step values ('OUT-0900000', 1, now() - interval '3 hours', now() - interval '1 hour', 60000, 7200000)`);
    await pool.end();
    await page.goto(`${center.url}/?page=reliability`);
    const alarm = async () =>
      (await center.call<Alarm[]>('GET', '/api/alarms')).body.find(({ id }) => id === 'ALM-OE417');
    await page.getByText('▲ To be reported').waitFor({ timeout: 30_000 });
    await until('the countdown is an alarm', async () => (await alarm())?.state === 'unacknowledged', 20_000);
    const file = async (report: string, number: string, isMistake = false): Promise<void> => {
      await page.getByRole('button', { name: 'Mark as filed…' }).click();
      await page.getByRole('combobox', { name: /^Report/ }).selectOption(report);
      await page.getByRole('textbox', { name: 'Number' }).fill(number);
      if (isMistake) await page.getByLabel(/marked by mistake/).check();
      await page.getByRole('button', { name: 'Mark as filed', exact: true }).click();
    };
    await file('First report, 6 h', 'DOE-1');
    const filed = page.getByRole('list', { name: 'Filed' });
    await filed.getByText(/First report, 6 h filed .* number DOE-1, says admin/).waitFor();
    await file('Final report, 72 h', 'DOE-2');
    await page.getByText('The last event’s final report is filed').waitFor();
    assert.equal((await alarm())?.state, 'returned_unacknowledged');
    await file('Final report, 72 h', 'DOE-2', true);
    await filed.getByText(/Final report, 72 h not filed after all/).waitFor();
    await page.getByText('▲ To be reported').waitFor();
  });

  test('nothing left the own origin, nothing broke', async () => {
    assert.deepEqual(watch.foreign, []);
    assert.deepEqual(await watch.violations(), []);
    assert.deepEqual(watch.errors, []);
  });
});
