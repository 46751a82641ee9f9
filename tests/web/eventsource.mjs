// Follows a live tail with the browser's EventSource and tickets, as docs/live-tail.md shows.
//
// Arguments: the service's URL, a token of the demo's tenant acme. Prints the messages, a line each, and resumes after each second one:
// a ticket is used once, so the browser's own reconnect is refused. Ends after as many as the third argument says.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const [, , url, token, count] = process.argv;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

/** In the page: events of one connection, its last id, and how it ended. */
async function follow({ token, target, limit }) {
  const made = await fetch('/tickets', {
    method: 'POST', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ url: target }),
  });
  if (made.status !== 201) return { failed: await made.text() };
  const source = new EventSource((await made.json()).url);
  const events = [];
  let last = '';
  await new Promise((resolve, reject) => {
    const remember = (event) => {
      if (event.lastEventId) last = event.lastEventId;
    };
    source.addEventListener('event', (event) => {
      // More may arrive before the connection is closed: the next one delivers it.
      if (events.length === limit) return;
      remember(event);
      events.push(JSON.parse(event.data).message);
      window.show(`event: ${events.at(-1)}`);
      if (events.length === limit) resolve();
    });
    source.addEventListener('reconnect', remember);
    source.onerror = () => reject(new Error(`the connection ended: state ${source.readyState}`));
    source.onopen = () => window.show('open');
  });
  source.close();
  return { events, last };
}

/** In the page: a ticket that was used is refused, and the browser gives up. */
async function reuse({ token, target }) {
  const made = await fetch('/tickets', {
    method: 'POST', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ url: target }),
  });
  const { url } = await made.json();
  const first = new EventSource(url);
  await new Promise((resolve) => {
    first.onopen = resolve;
  });
  first.close();
  const second = new EventSource(url);
  await new Promise((resolve) => {
    second.onerror = resolve;
  });
  return second.readyState;
}

try {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(`${url}/docs/`, { waitUntil: 'domcontentloaded' });
  await page.exposeFunction('show', (text) => console.log(text));
  let target = '/logs/:acme:live?follow=true';
  let left = Number(count);
  while (left > 0) {
    const found = await page.evaluate(follow, { token, target, limit: Math.min(2, left) });
    assert.equal(found.failed, undefined);
    assert.ok(found.last, 'an event has an id');
    left -= found.events.length;
    target = `/logs?follow=true&cursor=${encodeURIComponent(found.last)}`;
  }
  assert.equal(await page.evaluate(reuse, { token, target: '/logs/:acme:live?follow=true' }), 2, 'EventSource.CLOSED');
} finally {
  await browser.close();
}
