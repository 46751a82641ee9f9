import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeGroup, listGroups, listStreams, readGroup, readStream } from 'logmark';
import { acme, all, BEGIN, BIG, EXPIRED, LIMITED, ODD_STREAM, seen, SMALL, through, TOKEN } from './stage.js';

const BIG_STREAM = { group: '/acme/big', stream: 'web-1', start: BEGIN };

test('groups are listed to the end', async () => {
  const names: Array<string> = [];
  let cursor: string | null | undefined;
  do {
    const page = await listGroups({ client: acme().client, query: { limit: 4, cursor: cursor ?? undefined } });
    names.push(...page.groups.map((group) => group.name));
    cursor = page.nextCursor;
  } while (cursor);
  const expected = 'api big down/502 down/503 down/504 endless failing java/orders many midway queried small';
  assert.deepEqual(names, expected.split(' ').map((name) => `/acme/${name}`));
});

test('events come once and in order over many pages', async () => {
  const events = acme().events({ ...BIG_STREAM, pageSize: 777 });
  assert.deepEqual((await all(events)).map((event) => event.message), BIG);
  assert.deepEqual(await all(acme().events({ cursor: events.cursor })), [], 'there is nothing more');
});

test('too many requests are waited out', async () => {
  const events = acme({ token: LIMITED }).events({ ...BIG_STREAM, pageSize: 1000 });
  assert.deepEqual((await all(events)).map((event) => event.message), BIG);
});

test('an iteration goes on where another was left', async () => {
  const logmark = acme();
  const first = logmark.events({ ...BIG_STREAM, pageSize: 500 });
  const messages: Array<string> = [];
  for await (const page of first.pages()) {
    messages.push(...page.events.map((event) => event.message));
    if (messages.length >= 2000) break;
  }
  const second = logmark.events({ cursor: first.cursor, pageSize: 3000 });
  messages.push(...(await all(second)).map((event) => event.message));
  assert.deepEqual(messages, BIG);
});

test('within a page the cursor stays before it, and behind its last event it is behind it', async () => {
  const logmark = acme();
  const events = logmark.events({ ...BIG_STREAM, pageSize: 100 });
  const cursors = new Map<number, string | undefined>();
  let number = 0;
  for await (const _event of events) {
    number += 1;
    if ([99, 100, 199, 200].includes(number)) cursors.set(number, events.cursor);
    if (number === 250) break;
  }
  assert.equal(cursors.get(99), undefined);
  assert.equal(cursors.get(100), cursors.get(199));
  assert.notEqual(cursors.get(199), cursors.get(200));
  const next = await logmark.events({ cursor: cursors.get(200) })[Symbol.asyncIterator]().next();
  assert.equal(next.value?.message, 'event 00200');
});

test('following goes on beyond the end until it is told to stop', async () => {
  const stop = new AbortController();
  const source = { group: '/acme/small', stream: ODD_STREAM, start: BEGIN };
  const events = through('plain').events({ ...source, follow: true, interval: 0.05, signal: stop.signal });
  const messages: Array<string> = [];
  const following = (async () => {
    for await (const event of events) messages.push(event.message);
  })();
  while ((await seen('/plain/logs?cursor=')).length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
  stop.abort(new Error('enough'));
  await assert.rejects(following, /enough/);
  assert.deepEqual(messages, SMALL);
});

test('a stream brings everything in one answer, and says where it ended', async () => {
  const logmark = acme();
  const stream = logmark.stream(BIG_STREAM);
  assert.deepEqual((await all(stream)).map((event) => event.message), BIG);
  assert.equal(stream.stopReason, 'end');
  assert.deepEqual(await all(logmark.stream({ cursor: stream.cursor })), []);
  const limited = logmark.stream({ ...BIG_STREAM, limit: 10 });
  assert.equal((await all(limited)).length, 10);
  assert.equal(limited.stopReason, 'limit');
  const next = await all(logmark.stream({ cursor: limited.cursor, limit: 1 }));
  assert.equal(next[0]?.message, 'event 00010');
});

test('a stream can be left early', async () => {
  for await (const event of acme().stream(BIG_STREAM)) {
    assert.equal(event.message, 'event 00000');
    break;
  }
});

test('names are put in safely, by the conveniences and by the generated operations', async () => {
  const { client } = acme();
  const messages = async (items: AsyncIterable<{ message: string }>) => (await all(items)).map((event) => event.message);
  const named = { group: '/acme/small', stream: ODD_STREAM, start: BEGIN };
  assert.deepEqual(await messages(acme().events(named)), SMALL);
  assert.deepEqual(await messages(acme().stream(named)), SMALL);
  assert.deepEqual(await messages(acme().stream({ group: '/acme/small', streams: [ODD_STREAM] })), SMALL);
  for (const [group, stream] of [
    ['/acme/small', ODD_STREAM],
    [':acme:small', ODD_STREAM.replaceAll('/', ':')],
  ] as const) {
    const page = await readStream({ client, path: { group, stream }, query: { start: BEGIN } });
    assert.deepEqual(typeof page === 'string' ? page : page.events.map((event) => event.message), SMALL);
    assert.equal((await describeGroup({ client, path: { group } })).name, '/acme/small');
    assert.equal((await listStreams({ client, path: { group } })).streams[0]?.name, ODD_STREAM);
    const whole = await readGroup({ client, path: { group }, query: { start: BEGIN, streams: [ODD_STREAM], filter: '"two lines"' } });
    assert.deepEqual(typeof whole === 'string' ? whole : whole.events.map((event) => event.message), SMALL.slice(2));
  }
});

test('a token is asked for before each request, and once more when it is refused', async () => {
  const tokens = [EXPIRED, TOKEN, TOKEN];
  let asked = 0;
  const logmark = acme({ token: async () => tokens[asked++] ?? 'none' });
  assert.equal((await all(logmark.events({ group: '/acme/small', stream: ODD_STREAM, start: BEGIN }))).length, 3);
  assert.equal(asked, 2);
  await listGroups({ client: logmark.client });
  assert.equal(asked, 3);
});
