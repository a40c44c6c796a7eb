/** The generator page in a real browser: a run is reckoned, started, seen to its end, paused and cancelled by keys. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { type RunningCenter, startCenter } from '../running_center.ts';
import { browserPath, openSignedIn, startBrowser, type Watch } from './browser.ts';

const missing = browserPath() === undefined && !process.env.CI;
const meters = 500;

describe('the generator page', { skip: missing && 'no Chromium is installed (set FLUX_CHROMIUM)' }, () => {
  let center: RunningCenter;
  let browser: Browser;
  let watch: Watch;
  before(async () => {
    [center, browser] = await Promise.all([startCenter({ meters }), startBrowser()]);
    watch = await openSignedIn(browser, center);
  });
  after(async () => {
    await browser?.close();
    await center?.stop();
  });

  test('what is wrong is said at its field, and nothing can be started', async () => {
    const { page } = watch;
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.getByRole('heading', { name: 'Generator' }).waitFor();
    assert.match(page.url(), /page=generator/);
    await page.getByText('No run yet').waitFor();
    await page.getByLabel('Loss').fill('150');
    await page.getByText('Must be from 0 to 100.').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Start run' }).isDisabled(), true);
    await page.getByLabel('Loss').fill('0');
  });

  test('a run is reckoned, started, and ends with its checksum and its command', async () => {
    const { page } = watch;
    const form = page.getByRole('form', { name: 'New run' });
    await form.getByText((meters * 96).toLocaleString('en-US'), { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Start run' }).click();
    const run = page.locator('[data-run="1"]');
    await run.getByText('✓ done').waitFor();
    assert.equal(await run.getByRole('progressbar').getAttribute('aria-valuenow'), '100');
    await run.getByText('Result and command').click();
    await run.getByText(/^[0-9a-f]{64}$/).waitFor();
    assert.match(String(await run.locator('code').textContent()), /^npx flux generate --data /);
  });

  test('by keys alone: paused, resumed, cancelled after a question', async () => {
    const { page } = watch;
    await page.getByLabel('At most').fill('1000');
    await page.getByRole('button', { name: 'Start run' }).click();
    const run = page.locator('[data-run="2"]');
    await run.getByText('● running').waitFor();
    await run.focus();
    await page.keyboard.press('p');
    await run.getByText('‖ paused').waitFor();
    await page.keyboard.press('p');
    await run.getByText('● running').waitFor();
    await page.keyboard.press('x');
    await run.getByRole('button', { name: 'Cancel the run' }).click();
    await run.getByText('✕ cancelled').waitFor();
    await page.locator('[data-run="2"]').focus();
    await page.keyboard.press('j');
    await page.locator('[data-run="1"]:focus').waitFor();
  });

  test('nothing failed, left the origin or broke the policy', async () => {
    assert.deepEqual([watch.foreign, await watch.violations()], [[], []]);
    assert.deepEqual(
      watch.errors.filter((error) => !error.includes('401')),
      [],
    );
  });
});
