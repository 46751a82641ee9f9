import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { describeGroup, listGroups, LogmarkError, me, readLogs, readQuery, startQuery } from 'logmark';
import { acme, all, BEGIN, EXPIRED, failure, LIMITED, NARROW, ODD_STREAM, seen, through } from './stage.js';

const { client } = acme();
const hasty = acme({ retries: 0 });
const query = (group: string, text = 'fields a') => ({ query: text, logGroups: [group], start: '-1h' });
const summary = (error: LogmarkError) => `${error.status} ${error.code}`;

test('what is wrong with the input is said fault by fault', async () => {
  const error = await failure(() => readLogs({ client, query: { group: '/acme/big', start: 'yesterday', limit: 0 } }));
  assert.equal(summary(error), '400 invalid_parameter');
  assert.deepEqual(error.errors.map((fault) => 'parameter' in fault && fault.parameter).sort(), ['limit', 'start']);
  assert.match(error.errors[0]!.detail, /\w/);
  assert.match(error.requestId ?? '', /^[0-9a-f]{32}$/);
  assert.ok(error.title && error.message.includes(error.detail));
  const inBody = await failure(() => startQuery({ client, body: query('/acme/queried', 'stat count(*)') }));
  assert.equal(summary(inBody), '400 invalid_query');
  assert.equal('pointer' in inBody.errors[0]! && inBody.errors[0].pointer, '/query');
  const cursor = await failure(() => all(acme().events({ cursor: 'made-up' })));
  assert.equal(summary(cursor), '400 invalid_cursor');
});

test('a token is refused with its reason', async () => {
  assert.equal(summary(await failure(() => me({ client: acme({ token: EXPIRED }).client }))), '401 expired_token');
  assert.equal(summary(await failure(() => me({ client: acme({ token: () => EXPIRED }).client }))), '401 expired_token');
  const narrow = acme({ token: NARROW });
  assert.equal((await all(narrow.events({ group: '/acme/small', stream: ODD_STREAM, start: BEGIN }))).length, 3);
  const error = await failure(() => all(narrow.events({ group: '/acme/big', start: BEGIN })));
  assert.equal(summary(error), '403 insufficient_scope');
  assert.match(error.detail, /logs:read:\/acme\/big/);
});

test('what is not there, and what is not allowed', async () => {
  for (const group of ['/acme/gone', '/other/x']) {
    assert.equal(summary(await failure(() => all(acme().stream({ group })))), '404 not_found');
  }
  assert.equal(summary(await failure(() => describeGroup({ client, path: { group: '/other/x' } }))), '404 not_found');
  const forbidden = await failure(() => startQuery({ client, body: query('/acme/queried', "SOURCE 'x' | fields a") }));
  assert.equal(summary(forbidden), '422 query_forbidden');
  assert.equal(summary(await failure(() => acme().query(query('/acme/small', 'pattern @message | anomaly')))), '400 invalid_query');
});

test('a query that runs is no file yet, and a body may be too large', async () => {
  const { queryId: id } = (await startQuery({ client, body: query('/acme/endless') })) as { queryId: string };
  const error = await failure(() => readQuery({ client, path: { id }, query: { format: 'csv' } }));
  assert.equal(summary(error), '409 query_incomplete');
  assert.equal(error.retryAfter, 2);
  const large = query('/acme/queried', `fields a | filter b = "${'x'.repeat(5000)}"`);
  assert.equal(summary(await failure(() => startQuery({ client, body: large }))), '413 body_too_large');
});

test('too many requests say when to come back', async () => {
  const { client } = acme({ token: LIMITED, retries: 0 });
  const error = await failure(async () => {
    for (;;) await Promise.all(Array.from({ length: 5 }, () => me({ client })));
  });
  assert.equal(summary(error), '429 rate_limited');
  assert.equal(error.retryAfter, 1);
});

test('a query that was refused for the moment is started later', async () => {
  const { client } = acme({ token: LIMITED });
  const starts = Array.from({ length: 5 }, () => startQuery({ client, body: query('/acme/big') }) as Promise<{ queryId: string }>);
  assert.equal(new Set((await Promise.all(starts)).map(({ queryId }) => queryId)).size, 5);
});

test('the upstream fails in each of its ways', async () => {
  const read = (group: string) => failure(() => all(hasty.events({ group, stream: 'web-1', start: BEGIN })));
  assert.equal(summary(await read('/acme/down/502')), '502 upstream_error');
  const busy = await read('/acme/down/503');
  assert.equal(summary(busy), '503 overloaded');
  assert.ok(busy.retryAfter! >= 1);
  assert.equal(summary(await read('/acme/down/504')), '504 upstream_timeout');
});

test('a stream never ends well when it is not whole', async () => {
  const messages: Array<string> = [];
  const error = await failure(async () => {
    for await (const event of acme().stream({ group: '/acme/midway', stream: 'web-1' })) messages.push(event.message);
  });
  assert.equal(summary(error), '502 upstream_error');
  assert.deepEqual(messages.map(Number), [0, 1, 2, 3]);
  const big = { group: '/acme/big', stream: 'web-1', start: BEGIN };
  for (const habit of ['cut', 'short']) {
    assert.equal(summary(await failure(() => all(through(habit).stream(big)))), '0 incomplete_body');
  }
});

test('a page that breaks off is asked for again', async () => {
  const { client } = through('cut', { retries: 1 });
  assert.equal(summary(await failure(() => listGroups({ client, query: { prefix: '/acme/s' } }))), '0 connection_failed');
  assert.equal((await seen('/cut/groups?prefix=%2Facme%2Fs')).length, 2);
});

test('connections that fail are tried again, but no query is started twice', async () => {
  const { client } = through('flaky');
  assert.equal((await listGroups({ client, query: { prefix: '/acme/big' } })).groups.length, 1);
  assert.equal((await seen('GET /flaky/groups?prefix=%2Facme%2Fbig')).length, 3);
  const error = await failure(() => startQuery({ client, body: query('/acme/queried') }));
  assert.equal(summary(error), '0 connection_failed');
  assert.equal((await seen('POST /flaky/queries')).length, 1);
});

test('retries are bounded in number and in time', async () => {
  const { client } = through('gone', { retries: 2 });
  assert.equal(summary(await failure(() => me({ client }))), '0 connection_failed');
  assert.equal((await seen('GET /gone/me')).length, 3);
  const later = await failure(() => me({ client: through('later').client }));
  assert.equal(summary(later), '429 rate_limited');
  assert.equal(later.retryAfter, 3600);
  assert.equal((await seen('GET /later/me')).length, 1);
});

/** Where nobody listens. */
async function nobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return `http://127.0.0.1:${port}`;
}

test('an answer that is not the service’s is an error too', async () => {
  const error = await failure(() => me({ client: through('html', { retries: 1 }).client }));
  assert.equal(summary(error), '502 http_error');
  assert.match(error.detail, /Bad gateway/);
  assert.equal((await seen('GET /html/me')).length, 2);
  const refused = await failure(async () => me({ client: acme({ url: await nobody(), retries: 0 }).client }));
  assert.equal(summary(refused), '0 connection_failed');
  assert.match(refused.detail, /ECONNREFUSED/);
});

test('what takes too long has failed, and what is given up ends with its reason', async () => {
  const slow = () => all(acme({ timeout: 0.3, retries: 0 }).events({ group: '/acme/down/504', stream: 'web-1', start: BEGIN }));
  const error = await failure(slow);
  assert.equal(summary(error), '0 connection_failed');
  assert.match(error.detail, /no answer within 0.3 s/);
  const stop = AbortSignal.timeout(300);
  const events = acme().events({ group: '/acme/down/504', stream: 'web-1', start: BEGIN, signal: stop });
  await assert.rejects(all(events), { name: 'TimeoutError' });
});
