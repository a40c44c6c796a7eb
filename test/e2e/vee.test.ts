/** The Validation page against a whole center: an exception is seen, understood, decided, and the queue follows. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { VeeException } from '#model/api/vee.ts';
import { type RunningCenter, startCenter } from '../running_center.ts';
import { browserPath, openSignedIn, startBrowser, type Watch } from './browser.ts';

const missing = browserPath() === undefined && !process.env.CI;
const hourMs = 3_600_000;
const stepMs = 900_000;
const meters = 40;
/** where the faults lie: a full hour that is well past, within yesterday or today */
const faultMs = Math.floor(Date.now() / hourMs) * hourMs - 12 * hourMs;

/** kWh of a meter and interval; null where it is missing. Every meter from the sixth on is as it always was. */
function kwhOf(m: number, ms: number): number | null {
  const usual = 0.3 + 0.02 * (m % 5) + 0.15 * Math.sin((2 * Math.PI * ms) / 86_400_000) + ((ms / stepMs + m) % 7) / 100;
  const inFault = ms >= faultMs && ms < faultMs + 6 * hourMs;
  if (m === 0 && ms >= faultMs && ms < faultMs + hourMs) return null;
  if (m === 1 && ms === faultMs) return 11.5;
  if (m === 2 && inFault) return 0;
  if (m === 3 && inFault) return -0.2;
  if (m === 4 && ms >= faultMs && ms < faultMs + 5 * hourMs) return 0.31;
  if (m === 5 && ms === faultMs) return 900;
  return Number(usual.toFixed(3));
}

async function seed(center: RunningCenter): Promise<void> {
  const records: unknown[] = [];
  for (let ms = faultMs - 9 * 24 * hourMs; ms < faultMs + 12 * hourMs; ms += stepMs)
    for (let m = 0; m < meters; m++) {
      const kwh = kwhOf(m, ms);
      if (kwh !== null)
        records.push({
          meter_id: `MTR-${String(m + 1).padStart(7, '0')}`,
          reading_time: new Date(ms).toISOString(),
          kwh,
          voltage: 120.4,
        });
    }
  for (let i = 0; i < records.length; i += 20_000)
    assert.equal((await center.call('POST', '/api/readings', records.slice(i, i + 20_000))).status, 200);
  const date = (ms: number): string => new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Chicago' }).format(ms);
  const run = await center.call('POST', '/api/vee/runs', { from: date(faultMs), to: date(faultMs + 6 * hourMs) });
  assert.equal(run.status, 200, JSON.stringify(run.body));
}

describe('the Validation page', { skip: missing && 'no Chromium is installed (set FLUX_CHROMIUM)' }, () => {
  let center: RunningCenter;
  let browser: Browser;
  let watch: Watch;
  let page: Page;

  before(async () => {
    [center, browser] = await Promise.all([startCenter({ meters: 1000 }), startBrowser()]);
    await seed(center);
    watch = await openSignedIn(browser, center, { colorScheme: 'dark' });
    page = watch.page;
  });
  after(async () => {
    await browser?.close();
    await center?.stop();
  });

  test('two keys lead to the queue, the most severe first, evidence in words with units', async () => {
    await page.keyboard.press('g');
    await page.keyboard.press('v');
    await page.waitForURL(/page=validation/);
    await page.locator('[data-exception]').first().waitFor();
    const first = String(await page.locator('[data-exception]').first().textContent());
    assert.match(first, /high/);
    const queue = String(await page.getByRole('grid', { name: 'Exceptions' }).textContent());
    assert.match(queue, /4 intervals missing/);
    assert.match(queue, /11\.5 kWh in one interval, [\d.]+ times the third highest of the day/);
  });

  test('an estimate is shown before it is written; written, the exception leaves the queue and has an address', async () => {
    const answer = await page.request.get(`${center.url}/api/vee/exceptions?rule=interval_gap`);
    const gap = ((await answer.json()) as VeeException[]).find((one) => Date.parse(one.from) === faultMs);
    assert.ok(gap);
    await page.goto(`${center.url}/?page=validation&sel=exception:${gap.id}`);
    const details = page.getByRole('complementary', { name: 'Exception' });
    await details.getByText('An estimate would write').waitFor();
    await details.getByRole('button', { name: 'Estimate' }).click();
    await details.locator('form').getByRole('button', { name: 'Estimate' }).click();
    await details.getByText('admin: estimate → estimated').waitFor();
    await page.locator(`[data-exception="${gap.id}"]`).waitFor({ state: 'detached' });
    await page.getByRole('tab', { name: 'Decided' }).click();
    await page.locator(`[data-exception="${gap.id}"]`).waitFor();
    await page.getByRole('tab', { name: 'Queue' }).click();
  });

  test('j and k move, a dismissal asks for its reason, shares of quality are there', async () => {
    await page.locator('[data-exception]').first().waitFor();
    await page.keyboard.press('k');
    await page.keyboard.press('j');
    await page.locator('[data-exception][aria-selected="true"]').waitFor();
    const details = page.getByRole('complementary', { name: 'Exception' });
    await details.getByRole('button', { name: 'Dismiss' }).click();
    assert.equal(await details.locator('form').getByLabel('Reason').getAttribute('required'), '');
    await page.getByRole('tab', { name: 'Quality by feeder' }).click();
    await page.getByText(/missing [\d<.]+%/).waitFor();
  });

  test('nothing left the own origin, nothing broke', async () => {
    assert.deepEqual(watch.foreign, []);
    assert.deepEqual(await watch.violations(), []);
    assert.deepEqual(watch.errors, []);
  });
});
