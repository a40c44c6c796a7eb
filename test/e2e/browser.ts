import fs from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Chromium with Mesa's software renderer: the same pictures on every machine. */
const launchArguments = [
  '--headless',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-gl=angle',
  '--use-angle=gl-egl',
  '--ignore-gpu-blocklist',
];

const candidates = [
  process.env.FLUX_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** Path of an installed browser, or undefined: tests skip with that reason outside CI. */
export function browserPath(): string | undefined {
  return candidates.find((candidate) => candidate !== undefined && fs.existsSync(candidate));
}

export async function startBrowser(): Promise<Browser> {
  const executablePath = browserPath();
  if (!executablePath) throw new Error('no Chromium found; install it or set FLUX_CHROMIUM to its path');
  return chromium.launch({
    executablePath,
    args: launchArguments,
    env: { ...process.env, EGL_PLATFORM: 'surfaceless', LIBGL_ALWAYS_SOFTWARE: '1' },
  });
}

/** What a page did that it must not do. */
export interface Watch {
  page: Page;
  /** requests that left the own origin */
  foreign: string[];
  /** errors on the console and uncaught ones */
  errors: string[];
  /** violations of the content security policy */
  violations(): Promise<string[]>;
}

// in the browser's words: the server's types know no DOM
const keepViolations = `
globalThis.cspViolations = [];
addEventListener('securitypolicyviolation', (event) => {
  cspViolations.push([event.violatedDirective, event.blockedURI, event.sourceFile].join(' '));
});`;
const colorsOf = (png: string): string => `(async () => {
  const blob = await (await fetch('data:image/png;base64,${png}')).blob();
  const bitmap = await createImageBitmap(blob);
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  return new Set(new Uint32Array(data.buffer)).size;
})()`;

/** A page that keeps a record of foreign requests, errors and CSP violations. */
export async function openPage(browser: Browser, origin: string, options: BrowserContextOptions = {}): Promise<Watch> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const foreign: string[] = [];
  const errors: string[] = [];
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol) && url.origin !== new URL(origin).origin) {
      foreign.push(request.url());
    }
  });
  await context.addInitScript(keepViolations);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  return {
    page,
    foreign,
    errors,
    violations: () => page.evaluate<string[]>('globalThis.cspViolations'),
  };
}

/** How many different colours a picture (PNG) has; more than a few mean that something was drawn. */
export async function countColors(browser: Browser, png: Buffer): Promise<number> {
  const page = await browser.newPage();
  try {
    return await page.evaluate<number>(colorsOf(png.toString('base64')));
  } finally {
    await page.close();
  }
}

/** A page of the administrator: by the one-time link with a first password, or with a state that is signed in already. */
export async function openSignedIn(
  browser: Browser,
  center: { url: string; signInToken: string },
  options: BrowserContextOptions = {},
): Promise<Watch> {
  const watch = await openPage(browser, center.url, options);
  const { page } = watch;
  page.setDefaultTimeout(30_000);
  await page.goto(options.storageState ? center.url : `${center.url}/#signin=${center.signInToken}`);
  if (!options.storageState) {
    const dialog = page.getByRole('dialog', { name: 'Set your password' });
    for (const label of ['New password', 'New password again'])
      await dialog.getByLabel(label, { exact: true }).fill('correct horse battery 1');
    await dialog.getByRole('button', { name: 'Set password' }).click();
    await dialog.waitFor({ state: 'detached' });
  }
  await page.locator('[data-connection="live"]').waitFor();
  return watch;
}
