import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TailItem } from 'logmark';
import { acme, BEGIN, BIG, EXPIRED, failure, through, TOKEN, WATCHER } from './stage.js';

const BIG_STREAM = { group: '/acme/big', stream: 'web-1', start: BEGIN };

/** The messages of so many events. */
async function take(items: AsyncIterable<TailItem>, count: number): Promise<Array<string>> {
  const found: Array<string> = [];
  for await (const item of items) {
    assert.equal(item.type, 'event');
    if (item.type === 'event') found.push(item.event.message);
    if (found.length === count) break;
  }
  return found;
}

test('a tail begins with its history and outlives cuts', async () => {
  assert.deepEqual(await take(through('live').tail(BIG_STREAM), BIG.length), BIG);
});

for (const habit of ['ragged', 'buffered']) {
  test(`a tail outlives cuts at any byte and buffers that are lost: ${habit}`, async () => {
    assert.deepEqual(await take(through(habit).tail(BIG_STREAM), BIG.length), BIG);
  });
}

test('nothing is lost where idle connections are closed', async () => {
  const found = await take(through('idle', { token: WATCHER }).tail({ group: '/watched/ticks' }), 6);
  const first = Number(found[0]?.slice('tick '.length));
  assert.deepEqual(found, Array.from({ length: 6 }, (_, number) => `tick ${first + number}`));
});

test('a tail is resumed by its cursor', async () => {
  const first = acme().tail(BIG_STREAM);
  const found = await take(first, 100);
  found.push(...(await take(acme().tail({ cursor: first.cursor }), 100)));
  assert.deepEqual(found, BIG.slice(0, 200));
});

test('every kind of item has its type, and a refusal ends it', async () => {
  const tail = through('items').tail({ group: '/acme/big' });
  const found: Array<unknown> = [];
  const error = await failure(async () => {
    for await (const item of tail) found.push(item.type === 'event' ? item.event.message : item);
  });
  assert.deepEqual(found, [
    'one',
    { type: 'gap', from: '2026-11-20T10:00:00.000Z', to: '2026-11-20T10:00:01.000Z', reason: 'dropped', recovered: true },
    { type: 'sampled', above: 500 },
    { type: 'notice', mode: 'sweeps' },
    'two',
  ]);
  assert.equal(`${error.status} ${error.code}`, '403 insufficient_scope');
  assert.equal(tail.cursor, 'e');
});

test('a refused tail is an error at once', async () => {
  const code = async (items: AsyncIterable<TailItem>) => (await failure(() => take(items, 1))).code;
  assert.equal(await code(acme().tail({ group: '/acme/none' })), 'not_found');
  assert.equal(await code(acme({ token: EXPIRED }).tail({ group: '/acme/big' })), 'expired_token');
  assert.equal(await code(through('html', { retries: 0 }).tail({ group: '/acme/big' })), 'http_error');
});

test('a renewed token lets it begin, and a signal ends it', async () => {
  const tokens = [EXPIRED, TOKEN];
  const stop = new AbortController();
  const tail = acme({ token: () => tokens.shift() ?? 'none' }).tail({ ...BIG_STREAM, signal: stop.signal });
  const reading = (async () => {
    for await (const _item of tail) stop.abort(new Error('enough'));
  })();
  await assert.rejects(reading, /enough/);
});

test('a ticket replaces the token once', async () => {
  const url = await acme().tailUrl(BIG_STREAM);
  const answer = await fetch(url, { headers: { accept: 'text/event-stream' } });
  assert.equal(answer.status, 200);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('event 00000')) text += (await reader.read()).value ?? '';
  await reader.cancel();
  const again = await fetch(url, { headers: { accept: 'text/event-stream' } });
  assert.equal(again.status, 401);
  assert.equal(((await again.json()) as { code: string }).code, 'invalid_ticket');
});
