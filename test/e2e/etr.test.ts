/** The Restoration times page against a whole center: times, the ledger's plot, a crew's word, an override, a study. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { Outage } from '#model/api/outages.ts';
import { type RunningCenter, startCenter, until } from '../running_center.ts';
import { edgesOf, postEvents } from '../scene.ts';
import { browserPath, openSignedIn, startBrowser, type Watch } from './browser.ts';

const missing = browserPath() === undefined && !process.env.CI;

describe('the Restoration times page', { skip: missing && 'no Chromium is installed (set FLUX_CHROMIUM)' }, () => {
  let center: RunningCenter;
  let browser: Browser;
  let watch: Watch;
  let page: Page;
  let outages: Outage[];

  before(async () => {
    [center, browser] = await Promise.all([startCenter({ meters: 3000 }), startBrowser()]);
    const transformers = (await edgesOf(center, 'power_transformer')).filter(({ meters }) => meters.length > 2);
    for (let i = 0; i < transformers.length; i += Math.ceil(transformers.length / 9))
      await postEvents(center, 'last_gasp', transformers[i].meters);
    outages = await until(
      'times of some outages',
      async () => {
        const { body } = await center.call<Outage[]>('GET', '/api/outages');
        return body.length >= 5 && body.every(({ etr_p50 }) => etr_p50 !== null) && body;
      },
      90_000,
    );
    watch = await openSignedIn(browser, center, { colorScheme: 'dark' });
    page = watch.page;
  });
  after(async () => {
    await browser?.close();
    await center?.stop();
  });
  const shot = async (name: string): Promise<void> => {
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
  };

  test('two keys lead to the open outages with P50, P90 and who says it; one opens its ledger and plot', async () => {
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.waitForURL(/page=restoration/);
    const rows = page.getByRole('region', { name: 'Open outages by restoration time' }).locator('tbody tr');
    await rows.first().waitFor();
    assert.equal(await rows.count(), outages.length);
    assert.match(String(await rows.first().textContent()), /model/);
    await page.getByRole('button', { name: new RegExp(outages[0].id) }).click();
    await page
      .getByRole('img', { name: /Restoration times told/ })
      .locator('canvas')
      .waitFor();
    assert.equal(
      await page
        .getByRole('list', { name: /Revisions/ })
        .locator('li')
        .count(),
      1,
    );
    await shot('open');
  });

  test("a crew's time is entered, stands in the list, and is withdrawn", async () => {
    await page.getByRole('button', { name: 'Give a time…' }).click();
    const form = page.getByRole('form', { name: 'Give a restoration time' });
    await form.getByLabel('Reason').fill('pole is broken');
    await form.getByRole('button', { name: 'Give this time' }).click();
    const row = page.locator('tbody tr', { hasText: outages[0].id });
    await row.getByText('crew', { exact: true }).waitFor();
    await page.getByText('pole is broken').waitFor();
    await page.getByRole('button', { name: 'Give a time…' }).click();
    await shot('entry');
    await form.getByLabel('Reason').fill('it was another pole');
    await form.getByRole('button', { name: 'Withdraw the standing one' }).click();
    await row.getByText('model', { exact: true }).waitFor();
  });

  test('an override of an area is set, bears on its outages, and is ended', async () => {
    await page.getByRole('tab', { name: 'Overrides' }).click();
    const form = page.getByRole('form', { name: 'New override' });
    await form.getByLabel('Area, substation or feeder').fill('no such place');
    await form.getByLabel('Reason').fill('flooded roads');
    await form.getByRole('button', { name: 'Set override' }).click();
    await page.getByText(/there is no area, substation or feeder/).waitFor();
    await form.getByLabel('Area, substation or feeder').fill(outages[0].area_id);
    await form.getByRole('button', { name: 'Set override' }).click();
    await page.getByText(/flooded roads/).waitFor();
    await shot('overrides');
    await page.getByRole('tab', { name: 'Open outages' }).click();
    await page.locator('tbody tr', { hasText: outages[0].id }).getByText('zone override').waitFor();
    await page.getByRole('tab', { name: 'Overrides' }).click();
    await page.getByRole('button', { name: 'End', exact: true }).click();
    await page.getByText(/None: every time is computed/).waitFor();
  });

  test('what-if is visibly a study and draws both curves', async () => {
    await page.getByRole('tab', { name: 'What if' }).click();
    await page.getByText(/nothing here is live/).waitFor();
    await page.getByRole('button', { name: 'Run the study' }).click();
    await page
      .getByRole('img', { name: /Customers without supply/ })
      .locator('canvas')
      .waitFor();
    await page.getByText(/customer-hours fewer than as is|customer-hours more than as is/).waitFor();
    await shot('study');
  });

  test('calibration scores what is restored; nothing foreign was asked and no rule of content was broken', async () => {
    await page.getByRole('tab', { name: 'Calibration' }).click();
    await page.getByText(/Model etr-/).waitFor();
    await shot('calibration');
    for (const scheme of ['light'] as const) {
      await page.keyboard.press('L');
      await page.getByRole('tab', { name: 'What if' }).click();
      await page.getByRole('button', { name: 'Run the study' }).click();
      await page
        .getByRole('img', { name: /Customers without supply/ })
        .locator('canvas')
        .waitFor();
      await shot(`study_${scheme}`);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await shot('phone_study');
    await page.getByRole('tab', { name: 'Open outages' }).click();
    await page.getByRole('button', { name: new RegExp(outages[1].id) }).waitFor();
    await shot('phone_open');
    assert.deepEqual(watch.foreign, []);
    assert.deepEqual(await watch.violations(), []);
    // the refused override is the one error the browser tells of
    assert.deepEqual(
      watch.errors.filter((error) => !error.includes('400')),
      [],
    );
  });
});
