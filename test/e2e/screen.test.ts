/** The operator's screen against a whole center: real stores, real simulation, real browser, the real CSP. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { type RunningCenter, startCenter } from '../running_center.ts';
import { browserPath, countColors, openPage, startBrowser, type Watch } from './browser.ts';
import { freePort } from './free_port.ts';

const missing = browserPath() === undefined && !process.env.CI;
const patienceMs = 30_000;
const meters = 12_000;

describe("the operator's screen", { skip: missing && 'no Chromium is installed (set FLUX_CHROMIUM)' }, () => {
  let center: RunningCenter;
  let home: string;
  let browser: Browser;
  let watch: Watch;
  let page: Page;
  const password = 'correct horse battery 1';

  before(async () => {
    // a fixed port: the page must find the center again after its death
    const flags = ['--port', String(await freePort())];
    [center, browser] = await Promise.all([startCenter({ meters, flags }), startBrowser()]);
    home = `${center.url}/`;
    watch = await openPage(browser, home, { colorScheme: 'dark' });
    page = watch.page;
    page.setDefaultTimeout(patienceMs);
  });
  after(async () => {
    await browser?.close();
    await center?.stop();
  });

  test('the one-time link signs in, asks for a password, and leaves no token in the address', async () => {
    await page.goto(`${home}#signin=${center.signInToken}`);
    const dialog = page.getByRole('dialog', { name: 'Set your password' });
    await dialog.waitFor();
    assert.doesNotMatch(page.url(), /signin/);
    await dialog.getByLabel('New password', { exact: true }).fill(password);
    await dialog.getByLabel('New password again').fill(password);
    await dialog.getByRole('button', { name: 'Set password' }).click();
    await dialog.waitFor({ state: 'detached' });
  });

  test('the header is live and carries units', async () => {
    await page.locator('[data-connection="live"]').waitFor();
    assert.match(String(await page.getByTestId('connection').textContent()), /live \d/);
    const header = String(await page.getByRole('banner').textContent());
    assert.match(header, /\d\d:\d\d:\d\d C[DS]T/);
    assert.match(header, /\d cust \((\d+\.\d|<0\.1)%\)/);
    assert.match(header, new RegExp(`of ${meters.toLocaleString('en-US')} meters`));
    await page.keyboard.press('U');
    await page.getByRole('banner').getByText('UTC', { exact: true }).waitFor();
    await page.keyboard.press('U');
  });

  test('the map has a size and something on it', async () => {
    await page.locator('[data-drawn="true"]').waitFor();
    const canvas = page.locator('.flux-map canvas');
    const box = await canvas.boundingBox();
    assert.ok(box && box.width > 300 && box.height > 200, `canvas is ${JSON.stringify(box)}`);
    await page.waitForTimeout(1000);
    const colors = await countColors(browser, await canvas.screenshot());
    assert.ok(colors > 50, `only ${colors} colours`);
  });

  test('an opened fuse becomes an event: list, map, details and address tell the same', async () => {
    const found = await page.request.get(`${home}api/network/search?q=FU-&limit=5`);
    const hits = (await found.json()) as { id: string; type: string }[];
    const device = hits.find(({ type }) => type === 'fuse')?.id;
    assert.ok(device, 'the territory has a fuse');
    await page.goto(`${home}?sel=asset:${device}`);
    await page.getByRole('button', { name: 'Look ahead: open' }).click();
    const form = page.locator('form', { hasText: 'Reason' });
    await form.getByText(/takes supply from [\d,]+ customers/).waitFor();
    await form.getByLabel('Reason').fill('test of the screen');
    await form.getByRole('button', { name: `Open ${device}` }).click();
    const row = page.locator('[data-outage]', { hasText: device });
    await row.waitFor();

    await row.click();
    await page.waitForURL(/sel=outage:/);
    const details = page.getByRole('region', { name: 'Details' });
    await details.getByRole('heading', { name: device }).waitFor();
    assert.equal(await row.getAttribute('aria-selected'), 'true');
    const selected = new URL(page.url()).searchParams.get('sel');
    assert.equal(selected, `outage:${await row.getAttribute('data-outage')}`);

    const before = page.url();
    await page.keyboard.press('z');
    await page.waitForURL((url) => url.href !== before && url.searchParams.has('view'));
    await page.keyboard.press('t');
    await details.getByText('Transformers').waitFor();
    assert.match(String(await details.textContent()), /Customers[1-9]/);
  });

  test('the address brings the same screen back', async () => {
    const address = page.url();
    await page.goto('about:blank');
    await page.goto(address);
    await page.locator('[data-outage][aria-selected="true"]').waitFor();
    await page.getByRole('region', { name: 'Details' }).getByText('Evidence', { exact: false }).first().waitFor();
  });

  test('a click on the map selects what lies there, within 30 ms of searching', async () => {
    await page.locator('[data-drawn="true"]').waitFor();
    const canvas = page.locator('.flux-map canvas');
    const box = await canvas.boundingBox();
    assert.ok(box);
    await page.keyboard.press('z');
    await page.waitForTimeout(1500);
    const before = new URL(page.url()).searchParams.get('sel');
    for (let i = 1; i < 20; i++) {
      await page.mouse.click(box.x + (box.width * i) / 20, box.y + box.height / 2);
      const now = new URL(page.url()).searchParams.get('sel');
      if (now !== null && now !== before) break;
    }
    await page.waitForURL(/sel=(asset|outage|edge|meter):/);
    const pickMs = await page.evaluate<number>("globalThis.fluxMetrics['pick:ms']");
    assert.ok(pickMs < 30, `picking took ${pickMs} ms`);
  });

  test('a click on a meter tells its newest reading', async () => {
    const found = await page.request.get(`${home}api/network/search?q=M&limit=100`);
    const hits = (await found.json()) as { id: string; type: string; lon: number; lat: number }[];
    const meter = hits.find(({ type }) => type === 'meter');
    assert.ok(meter, 'the search finds a meter');
    const loaded = page.waitForResponse((response) => /\/meters\/\d+$/.test(new URL(response.url()).pathname));
    await page.goto(`${home}?view=${meter.lon},${meter.lat},19`);
    await page.locator('[data-drawn="true"]').waitFor();
    await loaded;
    await page.waitForTimeout(1500);
    const box = await page.locator('.flux-map canvas').boundingBox();
    assert.ok(box);
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await page.waitForURL(/sel=meter:/);
    const details = page.getByRole('region', { name: 'Details' });
    await details.getByText('Newest interval').waitFor();
    assert.match(String(await details.textContent()), /\d kWh/);
  });

  test('the keyboard: help, search, rows; a verb asks and does nothing by itself', async () => {
    await page.goto(home);
    await page.locator('[data-outage]').first().waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /Device, feeder/ }).fill('fu-');
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await page.keyboard.press('j');
    const row = page.locator('[data-outage][aria-selected="true"]');
    await row.waitFor();
    const state = row.getByRole('gridcell').nth(1);
    const before = await state.textContent();
    const posts: string[] = [];
    page.on('request', (request) => request.method() === 'POST' && posts.push(request.url()));
    for (const key of ['x', 'Escape', 'c', 'Escape', 'a', 'Escape']) await page.keyboard.press(key);
    assert.deepEqual(posts, []);
    assert.equal(await state.textContent(), before);
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await page.getByRole('heading', { name: 'Data pipeline' }).waitFor();
    assert.match(page.url(), /page=pipeline/);
    await page.goBack();
    await page.getByRole('region', { name: 'Events' }).waitFor();
  });

  test('on other pages j, k and arrows go from row to row, and Enter opens', async () => {
    await page.goto(`${home}?page=crews`);
    await page.locator('[data-crew]').nth(1).waitFor();
    const focused = () => page.evaluate<string | null>("document.activeElement.getAttribute('data-crew')");
    const ids = await page
      .locator('[data-crew]')
      .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-crew')));
    await page.keyboard.press('j');
    assert.equal(await focused(), ids[0]);
    await page.keyboard.press('ArrowDown');
    assert.equal(await focused(), ids[1]);
    await page.keyboard.press('k');
    assert.equal(await focused(), ids[0]);
    await page.keyboard.press('Enter');
    await page.getByRole('complementary', { name: 'Crew', exact: true }).getByText(String(ids[0])).first().waitFor();
    assert.match(page.url(), new RegExp(`page=crews.*sel=crew:${ids[0]}`));
  });

  test('the first network is shown whole, whatever moved the map before it came', async () => {
    await page.route('**/api/map/*/network', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await route.continue();
    });
    await page.goto('about:blank');
    await page.goto(home);
    await page.locator('.flux-map canvas').waitFor();
    // a map that changes its size says that it moved
    await page.setViewportSize({ width: 1300, height: 820 });
    await page.locator('[data-drawn="true"]').waitFor();
    await page.waitForURL(/view=/);
    const zoom = Number(new URL(page.url()).searchParams.get('view')?.split(',')[2]);
    assert.ok(zoom > 11, `the territory is seen from zoom ${zoom}`);
    await page.unroute('**/api/map/*/network');
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  test('each pane stands alone by its address', async () => {
    for (const [pane, name] of [
      ['events', 'Events'],
      ['map', 'Map'],
      ['alarms', 'Alarms'],
      ['trend', 'Trend'],
    ]) {
      await page.goto(`${home}?pane=${pane}`);
      await page.getByRole('region', { name, exact: true }).waitFor();
      assert.equal(await page.locator('[data-pane]').count(), 1, pane);
    }
  });

  test('light and phone: the theme follows the system, the panes become tabs', async () => {
    const phone = await openPage(browser, home, {
      viewport: { width: 390, height: 844 },
      colorScheme: 'light',
      storageState: await page.context().storageState(),
    });
    try {
      await phone.page.goto(home);
      await phone.page.locator('[data-outage]').first().waitFor();
      const [list, place] = await phone.page.evaluate<number[]>(
        '(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth])(document.querySelector(\'[role="grid"]\'))',
      );
      assert.ok(list <= place, `the list of events is ${list} pixels wide, its place ${place}`);
      await phone.page.getByRole('tab', { name: 'Map' }).click();
      await phone.page.locator('[data-drawn="true"]').waitFor();
      const [red] = await phone.page.evaluate<number[]>(
        'getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)',
      );
      assert.ok(red > 150, `body is ${red}`);
      const wide = await phone.page.evaluate<number>('document.documentElement.scrollWidth');
      assert.ok(wide <= 390, `the page is ${wide} pixels wide`);
      assert.deepEqual(await phone.violations(), []);
      assert.deepEqual(phone.foreign, []);
    } finally {
      await phone.page.context().close();
    }
  });

  test('nothing left the own origin, nothing broke the policy, nothing failed', async () => {
    await page.goto(home);
    await page.locator('[data-drawn="true"]').waitFor();
    assert.deepEqual(await watch.violations(), []);
    assert.deepEqual(watch.foreign, []);
    assert.deepEqual(
      watch.errors.filter((error) => !error.includes('401')),
      [],
    );
  });

  test('without the server the banner says so, values are grey, actions are blocked; it comes back by itself', async () => {
    await page.locator('[data-outage]').first().waitFor();
    await page.keyboard.press('j');
    await page.locator('[data-outage][aria-selected="true"]').waitFor();
    await page.keyboard.press('Enter');
    const details = page.getByRole('region', { name: 'Details' });
    await details.getByRole('button', { name: /^Down t/ }).waitFor();
    await center.kill();
    const banner = page.getByRole('alert').filter({ hasText: 'DISCONNECTED' });
    await banner.waitFor();
    const styleOf = (selector: string, property: string) =>
      page.evaluate<string>(`getComputedStyle(document.querySelector('${selector}')).${property}`);
    assert.match(await styleOf('[role="alert"]', 'backgroundColor'), /^rgb\(1[0-9]{2}, [0-9]{1,2}, [0-9]{1,2}\)$/);
    assert.match(await styleOf('#panes', 'filter'), /grayscale/);
    for (const button of await page.getByRole('button', { name: /^Ack/ }).all()) assert.ok(await button.isDisabled());
    center = await center.again();
    await page.locator('[data-connection="live"]').waitFor();
    await banner.waitFor({ state: 'detached' });
  });
});
