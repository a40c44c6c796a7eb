/** The public pages in a browser: phone and desktop, light and dark, with and without script, current and old. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { type RunningCenter, startCenter, until } from '../running_center.ts';
import { edgesOf, postEvents, type SceneEdge } from '../scene.ts';
import { browserPath, openPage, startBrowser } from './browser.ts';

const missing = browserPath() === undefined && !process.env.CI;
const phone = { width: 390, height: 844 };
const desktop = { width: 1440, height: 900 };

/**
 * Contrast of every text on the page against what is behind it, smallest first, by the formula of WCAG 2. In the browser's
 * words: the server's types know no DOM.
 */
const lowContrast = `(() => {
  const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const groundOf = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const [r, g, b, a = 1] = channels(getComputedStyle(e).backgroundColor);
      if (a > 0) return [r, g, b];
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [0, 0, 0] : [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('body *:not(svg *)')) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent).join('').trim();
    if (!text || !element.checkVisibility()) continue;
    const [a, b] = [luminance(channels(getComputedStyle(element).color)), luminance(groundOf(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(ratio.toFixed(2) + ' ' + text.slice(0, 40));
  }
  return found;
})()`;

describe('the public pages', { skip: missing && 'no Chromium is installed (set FLUX_CHROMIUM)' }, () => {
  let center: RunningCenter;
  let browser: Browser;
  let transformer: SceneEdge;

  before(async () => {
    const environment = {
      FLUX_PUBLIC_SECONDS: '1',
      FLUX_LOOKUPS_PER_MINUTE: '0',
      FLUX_UTILITY_PHONE: '1-800-555-0100',
    };
    [center, browser] = await Promise.all([startCenter({ meters: 3000, environment }), startBrowser()]);
    transformer = (await edgesOf(center, 'power_transformer')).find((edge) => edge.meters.length >= 7)!;
    await postEvents(center, 'last_gasp', transformer.meters, Date.now() - 10 * 60_000);
    await until('the page shows the outage', async () =>
      (await (await fetch(`${center.url}/public/`)).text()).includes('<li id="o-'),
    );
  });
  after(async () => {
    await browser?.close();
    await center?.stop();
  });

  const fits = async (page: Page): Promise<void> => {
    const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    assert.ok(Number(wide) <= 0, `the page is ${wide} px too wide`);
  };

  for (const viewport of [phone, desktop])
    for (const colorScheme of ['light', 'dark'] as const)
      test(`${viewport.width} px, ${colorScheme}: fits, readable, from its own origin alone`, async () => {
        const watch = await openPage(browser, center.url, { viewport, colorScheme });
        const { page } = watch;
        for (const address of [
          '/public/',
          '/public/es.html',
          `/restoration?q=${transformer.meters[0]}`,
          '/restoration?q=1%20Nowhere%20St&lang=es',
        ]) {
          await page.goto(`${center.url}${address}`);
          await page.locator('h1').waitFor();
          await fits(page);
          assert.deepEqual(await page.evaluate(lowContrast), [], address);
          assert.deepEqual(await watch.violations(), [], address);
        }
        assert.deepEqual([watch.foreign, watch.errors], [[], []]);
        await page.context().close();
      });

  test('without script: the map leads to the list by keyboard, the form answers', async () => {
    const context = await browser.newContext({ viewport: phone, javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${center.url}/public/`);
    const circle = page.locator('svg.map a').first();
    assert.match((await circle.getAttribute('aria-label')) ?? '', /customers without power/);
    await circle.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/#o-/);
    await page.locator('.outages li').first().waitFor();
    assert.ok(await page.locator('noscript p').isVisible());
    await page.getByRole('link', { name: 'Is the power out at my home?' }).click();
    await page.getByLabel('Account number, meter number or address').fill(transformer.meters[1]);
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.getByRole('heading', { name: /power is out here/ }).waitFor();
    // an estimate comes within a minute of the outage
    await page.getByText(/We do not have an estimate yet\.|We expect it back /).waitFor();
    await page.getByRole('link', { name: 'Español' }).click();
    await page.getByRole('heading', { name: /no hay luz aquí/i }).waitFor();
    await context.close();
  });

  test('an open page takes up what is new, and says that it is old when nothing comes any more', async () => {
    const context = await browser.newContext({ viewport: phone });
    const page = await context.newPage();
    await page.clock.install();
    await page.goto(`${center.url}/public/`);
    assert.equal(await page.locator('.banner').isVisible(), false);
    await page.locator('.asof [data-age]', { hasText: 'less than a minute ago' }).waitFor();
    await postEvents(center, 'power_restored', transformer.meters);
    await until(
      'the page has no outage',
      async () => !(await (await fetch(`${center.url}/public/`)).text()).includes('<li id="o-'),
    );
    await page.clock.fastForward(61_000);
    await page.getByText('No outage to show.').waitFor();
    await center.kill();
    await page.clock.fastForward(12 * 60_000);
    await page.locator('.banner').waitFor();
    assert.match((await page.locator('.banner').textContent()) ?? '', /1[1-4] min ago/);
    await context.close();
  });
});
