// Reads reports as pages in a real browser: they need no script and no other file, pass axe, and fit small screens and paper.
//
// Arguments: the service's URL, a token, a log group, then the reports: a name with its parameters, such as `traffic?dimension=status`.
// Exits with 1 at the first error, and prints it. SCREENSHOTS=<folder> keeps screenshots.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const [, , url, token, group, ...reports] = process.argv;
const folder = process.env.SCREENSHOTS;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

/** A page, with what it asked for and complained of. */
async function open(target, options) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    extraHTTPHeaders: { authorization: `Bearer ${token}`, accept: 'text/html' },
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const [asked, complaints] = [[], []];
  context.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  const response = await page.goto(target, { waitUntil: 'load' });
  assert.equal(response.status(), 200, `${target}: ${await response.text()}`);
  assert.match(response.headers()['content-type'], /^text\/html/);
  assert.match(response.headers()['content-security-policy'], /^default-src 'none'; style-src 'sha256-/);
  return { context, page, asked, complaints };
}

/** What axe finds wrong, by its rules for WCAG 2.2 A and AA and for good practice. */
async function faults(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html).join(' | ')}`);
}

async function check(report) {
  const [name, rest = ''] = report.split('?');
  const target = `${url}/reports/${name}?group=${encodeURIComponent(group)}${rest && `&${rest}`}`;
  const file = report.replace(/[^a-z0-9]+/gi, '-');
  for (const colorScheme of ['light', 'dark']) {
    const { context, page, asked, complaints } = await open(target, { colorScheme });
    assert.equal(asked.length, 1, `${report} asks for more: ${asked}`);
    assert.deepEqual(complaints, [], report);
    assert.equal(await page.locator('h1').count(), 1);
    assert.notEqual(await page.locator('header').evaluate((header) => getComputedStyle(header).maxWidth), 'none', 'the style is applied');
    assert.deepEqual(await faults(page), [], `${report}, ${colorScheme}`);
    if (folder) await page.screenshot({ path: `${folder}/${file}-${colorScheme}.png`, fullPage: true });
    await context.close();
  }
  const narrow = await open(target, { viewport: { width: 320, height: 640 } });
  assert.ok(await narrow.page.evaluate(() => document.documentElement.scrollWidth <= 320), `${report} fits a small screen`);
  assert.deepEqual(await faults(narrow.page), [], `${report}, narrow`);
  if (folder) await narrow.page.screenshot({ path: `${folder}/${file}-narrow.png` });
  await narrow.context.close();
  const printed = await open(target, { javaScriptEnabled: false });
  const paper = await printed.page.pdf({ format: 'A4', ...(folder && { path: `${folder}/${file}.pdf` }) });
  assert.ok(paper.length > 1000);
  await printed.context.close();
  console.log(`${report}: read in light and dark, on 320 px, and printed`);
}

try {
  for (const report of reports) await check(report);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
