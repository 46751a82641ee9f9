// Tests the landing page and the documentation in a real browser.
//
// Arguments: the service's URL, a token of the demo's tenant acme. Exits with 1 at the first error, and prints it.
// SCREENSHOTS=<folder> keeps screenshots.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const [, , url, token] = process.argv;
const folder = process.env.SCREENSHOTS;
const host = new URL(url).host;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

/** A page that keeps what it asks for and what it complains of. */
async function open(path, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const asked = [];
  const complaints = [];
  context.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const response = await page.goto(url + path, { waitUntil: 'networkidle' });
  assert.equal(response.status(), 200, path);
  return { context, page, asked, complaints };
}

async function close({ context, asked, complaints }, expected = []) {
  const elsewhere = asked.filter((target) => !target.startsWith('data:') && new URL(target).host !== host);
  assert.deepEqual(elsewhere, [], 'another host was asked');
  assert.deepEqual(complaints.filter((complaint) => !expected.some((one) => complaint.includes(one))), []);
  await context.close();
}

async function shot(page, name, whole = true) {
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: whole });
}

async function landing() {
  for (const colorScheme of ['light', 'dark']) {
    const opened = await open('/', { colorScheme, javaScriptEnabled: false });
    const { page } = opened;
    assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'Logmark');
    assert.match(await page.getByRole('status').innerText(), /^This service is running, version \d+\.\d+\.\d+/);
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    // The style is applied, or the policy would have said so.
    assert.notEqual(await page.locator('body').evaluate((body) => getComputedStyle(body).maxWidth), 'none');
    await shot(page, `landing-${colorScheme}`);
    await page.getByRole('link', { name: 'Documentation' }).click();
    await page.waitForURL(`${url}/docs/`);
    await close(opened);
  }
  const narrow = await open('/', { viewport: { width: 320, height: 640 } });
  assert.ok(await narrow.page.evaluate(() => document.documentElement.scrollWidth <= 320), 'it fits a small screen');
  await contrast(narrow.page);
  await shot(narrow.page, 'landing-narrow');
  await close(narrow);
}

/** Every text against what is behind it: 4.5 to 1 at least (WCAG 2.2, 1.4.3). */
async function contrast(page) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const low = await page.evaluate(() => {
      const luminance = (color) => {
        const [r, g, b] = color.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255)
          .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
          const color = getComputedStyle(at).backgroundColor;
          if (!color.endsWith(', 0)')) return color;
        }
        return 'rgb(255, 255, 255)';
      };
      return [...document.querySelectorAll('h1, h2, p, a, li, code')].map((element) => {
        const [a, b] = [luminance(getComputedStyle(element).color), luminance(behind(element))].sort((x, y) => y - x);
        return { text: element.innerText.slice(0, 30), ratio: (a + 0.05) / (b + 0.05) };
      }).filter(({ ratio }) => ratio < 4.5);
    });
    assert.deepEqual(low, [], colorScheme);
  }
}

/** The pages of the problem codes, as people reach them. */
async function problems() {
  const opened = await open('/', { javaScriptEnabled: false });
  const { page } = opened;
  await page.getByRole('link', { name: 'Problem codes' }).click();
  await page.waitForURL(`${url}/problems`);
  assert.ok(await page.locator('tbody tr').count() > 20);
  await shot(page, 'problems');
  await page.getByRole('link', { name: 'insufficient_scope' }).click();
  await page.waitForURL(`${url}/problems/insufficient_scope`);
  assert.deepEqual(await page.getByRole('heading', { level: 2 }).allInnerTexts(), ['What it means', 'What causes it', 'What to do']);
  await shot(page, 'problem');
  await page.getByRole('link', { name: 'Documentation' }).click();
  await page.waitForURL(`${url}/docs/`);
  await close(opened);
  for (const path of ['/problems', '/problems/invalid_cursor']) {
    const narrow = await open(path, { viewport: { width: 320, height: 640 } });
    assert.ok(await narrow.page.evaluate(() => document.documentElement.scrollWidth <= 320), `${path} fits a small screen`);
    await contrast(narrow.page);
    await narrow.page.emulateMedia({ colorScheme: 'dark' });
    await shot(narrow.page, `narrow-dark${path.replaceAll('/', '-')}`);
    await close(narrow);
  }
}

async function authorize(page, text) {
  await page.locator('.auth-wrapper .btn.authorize').click();
  const box = page.locator('.modal-ux');
  await box.locator('.btn-done').waitFor();
  const leave = box.locator('.modal-btn.auth', { hasText: 'Logout' });
  if (await leave.count()) await leave.click();
  await box.locator('input').fill(text);
  await shot(page, 'docs-authorize', false);
  await box.locator('button.authorize').click();
  await box.locator('.btn-done').click();
}

/** Tries an operation out and gives status, target and body of the answer. */
async function tryOut(page, operation, values, name) {
  const block = page.locator(`[id="operations-${operation}"]`);
  if (!(await block.getAttribute('class')).includes('is-open')) await block.locator('.opblock-summary-control').click();
  for (const [parameter, value] of Object.entries(values)) {
    const field = block.locator(`tr[data-param-name="${parameter}"] input`).first();
    await field.fill(value);
  }
  const answered = page.waitForResponse((response) => !response.url().endsWith('.json'));
  await block.locator('button.execute').click();
  const response = await answered;
  const shown = block.locator('.live-responses-table tbody .response-col_status').first();
  await shown.waitFor();
  assert.match(await shown.innerText(), new RegExp(`^${response.status()}`));
  const body = await block.locator('.live-responses-table tbody .highlight-code').first().innerText();
  await shot(page, name);
  return { status: response.status(), target: response.url().slice(url.length), body, text: await response.text() };
}

async function logout(page) {
  await page.locator('.auth-wrapper .btn.authorize').first().click();
  await page.locator('.modal-ux .modal-btn.auth', { hasText: 'Logout' }).click();
  await page.locator('.modal-ux .btn-done').click();
}

/** Code samples stand in an open operation; its errors are one line each, which leads to a page. */
async function samplesAndErrors(page) {
  const block = page.locator('[id="operations-events-readStream"]');
  const samples = block.locator('.logmark-samples');
  assert.deepEqual(await samples.getByRole('tab').allInnerTexts(), ['curl', 'TypeScript', 'Python', 'Rust', 'Go']);
  assert.match(await samples.locator('pre').innerText(), /curl .*\$LOGMARK_URL/s);
  await samples.getByRole('tab', { name: 'Python' }).click();
  assert.match(await samples.locator('pre').innerText(), /from logmark import/);
  const problem = block.locator('tr.logmark-problem[data-code="404"]');
  assert.match(await problem.innerText(), /404\s+not_found/);
  assert.equal(await problem.locator('a').first().getAttribute('href'), '../problems/not_found');
  const height = (await problem.boundingBox()).height;
  assert.ok(height < 80, `an error takes ${height} pixels`);
  const other = page.locator('[id="operations-caller-me"]');
  await other.locator('.opblock-summary-control').click();
  assert.match(await other.locator('.logmark-samples pre').innerText(), /"\$LOGMARK_URL\/me"/);
  await other.locator('.opblock-summary-control').click();
}

/** Dark colours, and a small screen. */
async function docsInOtherColours() {
  for (const [colorScheme, width] of [['dark', 1400], ['dark', 400], ['light', 400]]) {
    const opened = await open('/docs/#/events/readStream', { colorScheme, viewport: { width, height: 900 } });
    const { page } = opened;
    await page.locator('.logmark-samples').first().waitFor();
    const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(back === 'rgb(255, 255, 255)', colorScheme === 'light', `${colorScheme}: ${back}`);
    await shot(page, `docs-${colorScheme}-${width}`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `/docs/ fits ${width} pixels`);
    await close(opened);
  }
}

async function docs() {
  const opened = await open('/docs/');
  const { page } = opened;
  await page.locator('.opblock').first().waitFor();
  assert.equal(await page.title(), 'Logmark API');
  assert.equal(await page.locator('.topbar').count(), 0, "no bar with another's logo");
  const { paths } = await (await fetch(new URL('/openapi.json', url))).json();
  const operations = Object.values(paths).flatMap((path) => Object.keys(path).filter((name) => ['get', 'post', 'put', 'delete'].includes(name)));
  assert.equal(await page.locator('.opblock').count(), operations.length);
  await shot(page, 'docs');

  await authorize(page, 'not-a-token');
  const refused = await tryOut(page, 'groups-listGroups', {}, 'docs-refused');
  assert.equal(refused.status, 401);
  assert.match(refused.body, /invalid_token/);

  // Prefilled values exist on the demo: operations work without changes.
  await authorize(page, token);
  const asItStands = await tryOut(page, 'events-readStream', {}, 'docs-prefilled');
  assert.equal(asItStands.status, 200, asItStands.text);
  assert.match(asItStands.target, /start=-15m/);
  assert.ok(JSON.parse(asItStands.text).events.length > 0);
  await samplesAndErrors(page);

  // The token outlives a reload, in this tab only, and ends with the logout.
  assert.deepEqual(await page.evaluate(() => [Object.keys(localStorage), Object.keys(sessionStorage)]), [[], ['logmark.token']]);
  await page.reload({ waitUntil: 'networkidle' });
  await page.locator('.opblock').first().waitFor();
  const groups = await tryOut(page, 'groups-listGroups', {}, 'docs-groups');
  assert.equal(groups.status, 200);
  assert.match(groups.body, /\/acme\/api/);

  for (const [spelling, sent] of [[':acme:api', '%3Aacme%3Aapi'], ['/acme/api', '%2Facme%2Fapi']]) {
    const read = await tryOut(page, 'events-readStream', { group: spelling, stream: 'prod-a', limit: '3' }, `docs-events-${sent}`);
    assert.equal(read.status, 200, read.text);
    assert.ok(read.target.startsWith(`/logs/${sent}/prod-a?`) || read.target.startsWith('/logs/:acme:api/prod-a?'), read.target);
    assert.equal(JSON.parse(read.text).events.length, 3);
    assert.match(read.body, /"events"/);
  }
  await logout(page);
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);

  // The browser itself logs a 401 answer as an error.
  await close(opened, ['the server responded with a status of 401']);
}

try {
  await landing();
  await problems();
  await docs();
  await docsInOtherColours();
  console.log('the landing page and the documentation work in', await browser.version());
} finally {
  await browser.close();
}
