/** The pipeline page in a real browser: sources balance, a refused record is found, corrected, submitted and settled. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import type { SetAsideEntry } from '#model/api/pipeline.ts';
import { type RunningCenter, startCenter } from '../running_center.ts';
import { browserPath, openSignedIn, startBrowser, type Watch } from './browser.ts';

const missing = browserPath() === undefined && !process.env.CI;

describe('the pipeline page', { skip: missing && 'no Chromium is installed (set FLUX_CHROMIUM)' }, () => {
  let center: RunningCenter;
  let browser: Browser;
  let watch: Watch;
  let meter: string;
  const reading = (meterId: string, kwh: unknown) => ({ meter_id: meterId, reading_time: '2026-06-01T00:00:00Z', kwh });

  before(async () => {
    [center, browser] = await Promise.all([startCenter({ meters: 500 }), startBrowser()]);
    const { body } = await center.call<{ id: string; type: string }[]>('GET', '/api/network/search?q=M&limit=50');
    meter = body.find((hit) => hit.type === 'meter')!.id;
    await center.call('POST', '/api/readings', [
      reading(meter, 1),
      reading(meter, 'much'),
      reading('NOBODY', 2),
      reading('NOBODY', 3),
    ]);
    watch = await openSignedIn(browser, center);
  });
  after(async () => {
    await browser?.close();
    await center?.stop();
  });

  test('the navigation leads there; every record of every source is accounted for', async () => {
    const { page } = watch;
    await page.getByRole('button', { name: /^Pages; now/ }).click();
    await page.getByRole('menuitem', { name: 'Pipeline' }).click();
    await page.getByText('All 4 records are accounted for').waitFor();
    const row = page.getByRole('region', { name: 'Sources' }).getByRole('row').nth(1);
    await row.getByText('balanced').waitFor();
    assert.match(String(await row.textContent()), /^http/);
  });

  test('a record is found by its code, corrected and submitted; the next one is shown', async () => {
    const { page } = watch;
    await page.getByLabel('Code').selectOption('bad_kwh');
    const detail = page.getByRole('region', { name: /^Record \d+/ });
    await detail.getByText('kwh must be a finite number').waitFor();
    await detail.getByText('offset 1').waitFor();
    await detail.getByRole('button', { name: 'Correct…' }).click();
    await detail.getByRole('textbox').fill('{"meter_id":');
    await detail.getByText(/^Not JSON/).waitFor();
    assert.equal(await detail.getByRole('button', { name: 'Re-submit corrected' }).isDisabled(), true);
    await detail
      .getByRole('textbox')
      .fill(JSON.stringify({ ...reading(meter, 4), reading_time: '2026-06-01T00:15:00Z' }));
    await detail.getByRole('button', { name: 'Re-submit corrected' }).click();
    await page.getByText('No record matches').waitFor();
    const answer = await page.request.get(`${center.url}/api/pipeline/set-aside?code=bad_kwh`);
    const body = (await answer.json()) as SetAsideEntry[];
    assert.deepEqual([body[0].state, body[0].resolved_by], ['resubmitted', 'admin']);
    await page.getByText('All 5 records are accounted for').waitFor();
  });

  test('all of a filter after a question; one dismissed with its reason', async () => {
    const { page } = watch;
    await page.getByLabel('Code').selectOption('unknown_meter');
    await page.getByRole('button', { name: 'Re-submit all 2 open…' }).click();
    await page.getByRole('button', { name: 'Re-submit all', exact: true }).click();
    await page.getByText(/2 set aside again: meter_id NOBODY is not in the network/).waitFor();
    const list = page.getByRole('listbox', { name: 'Set-aside records' });
    await list.focus();
    await page.keyboard.press('j');
    assert.equal(await list.getByRole('option').nth(1).getAttribute('aria-selected'), 'true');
    const detail = page.getByRole('region', { name: /^Record \d+/ });
    await detail.getByRole('button', { name: 'Dismiss…' }).click();
    await detail.getByLabel('Reason').fill('a meter of the neighbour');
    await detail.getByRole('button', { name: 'Dismiss', exact: true }).click();
    await page.getByLabel('State').selectOption('dismissed');
    await page.getByText('a meter of the neighbour').waitFor();
  });

  test('on a phone: the pages are a menu, nothing is wider than the screen', async () => {
    const phone = await openSignedIn(browser, center, {
      viewport: { width: 390, height: 844 },
      colorScheme: 'light',
      storageState: await watch.page.context().storageState(),
    });
    await phone.page.getByRole('button', { name: /^Pages; now/ }).click();
    await phone.page.getByRole('menuitem', { name: 'Pipeline' }).click();
    await phone.page.getByRole('heading', { name: 'Data pipeline' }).waitFor();
    assert.ok((await phone.page.evaluate<number>('document.documentElement.scrollWidth')) <= 390);
    await phone.page.context().close();
  });

  test('nothing failed, left the origin or broke the policy', async () => {
    assert.deepEqual([watch.foreign, await watch.violations()], [[], []]);
    assert.deepEqual(
      watch.errors.filter((error) => !error.includes('401')),
      [],
    );
  });
});
