import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { collect, Logmark, type LogmarkError } from 'logmark';
import { acme, all, failure, ODD_STREAM, seen, SMALL, through, TOKEN, URL } from './stage.js';

const NAMES = 'api big down/502 down/503 down/504 endless failing java/orders many midway queried small';
const GROUPS = NAMES.split(' ').map((name) => `/acme/${name}`);
const BEGIN = new Date('2026-11-20T10:00:00Z');
const summary = (error: LogmarkError) => `${error.status} ${error.code}`;
const names = (items: Array<{ name: string }>) => items.map((item) => item.name);

test('groups, streams and the caller are listed', async () => {
  const logmark = acme();
  const groups = logmark.groups();
  assert.deepEqual(names(await collect(groups)), GROUPS);
  assert.deepEqual(groups.incomplete, []);
  assert.deepEqual(names(await collect(logmark.groups({ prefix: '/acme/down/' }))), GROUPS.slice(2, 5));
  assert.deepEqual(names(await collect(logmark.streams({ group: '/acme/small', orderBy: 'lastEvent' }))), [ODD_STREAM]);
  const caller = await logmark.me();
  assert.deepEqual([caller.tenant, caller.scopes], ['acme', ['logs:*:*']]);
});

test('a group’s name goes into a path that no proxy changes', async () => {
  await collect(through('plain').streams({ group: '/acme/small' }));
  assert.equal((await seen('/plain/groups/%3Aacme%3Asmall/streams')).length, 1);
});

test('times may be dates', async () => {
  const named = { group: '/acme/small', stream: ODD_STREAM, start: BEGIN };
  const end = new Date(BEGIN.getTime() + 1000);
  for (const items of [acme().events({ ...named, end }), acme().stream({ ...named, end })]) {
    assert.deepEqual((await all(items)).map((event) => event.message), SMALL.slice(0, 1));
  }
  const hour = new Date(Date.now() - 3_600_000);
  const found = await acme().query({ query: 'fields status', logGroups: ['/acme/queried'], start: hour, end: new Date() });
  assert.equal(found.rows.length, 3);
  const error = await failure(() => all(acme().events({ group: '/acme/small', start: new Date(NaN) })));
  assert.equal(summary(error), '0 invalid_request');
  assert.match(error.detail, /`start`/);
});

test('a token or an address that can’t work is refused at once', async () => {
  for (const [token, said] of [['', /empty/], [' \n', /empty/], ['Bearer e30', /pass only the token/], ['a b', /characters/]] as const) {
    const error = await failure(async () => new Logmark({ url: URL, token }));
    assert.equal(summary(error), '0 invalid_request');
    assert.match(error.detail, said);
  }
  for (const url of ['', 'logs.example.com', 'ftp://logs.example.com', 'http://user:secret@127.0.0.1']) {
    const error = await failure(async () => new Logmark({ url, token: TOKEN }));
    assert.equal(summary(error), '0 invalid_request');
    assert.doesNotMatch(error.message, /secret/);
  }
});

test('a token from a file may end in a newline, and a function may not give an empty one', async () => {
  assert.equal((await acme({ token: `${TOKEN}\n` }).me()).tenant, 'acme');
  assert.equal((await acme({ token: () => `${TOKEN}\n` }).me()).tenant, 'acme');
  assert.equal(summary(await failure(() => acme({ token: () => '' }).me())), '0 token_failed');
});

test('connection errors name the address, and no cursor', async () => {
  const gone = acme({ url: 'http://127.0.0.1:1/prod/', retries: 0 });
  for (const read of [() => gone.me(), () => all(gone.events({ cursor: 'made-up' })), () => all(gone.stream({ cursor: 'made-up' }))]) {
    const error = await failure(read);
    assert.equal(summary(error), '0 connection_failed');
    assert.match(error.detail, /^no response from http:\/\/127\.0\.0\.1:1\/prod\/(me|logs): /);
    assert.doesNotMatch(error.message, /made-up/);
  }
});

test('the address of something else is said', async () => {
  const other = await failure(() => collect(through('html', { retries: 0 }).groups()));
  assert.match(other.detail, /^http:\/\/127\.0\.0\.1:\d+\/html\/groups: /);
  const page = await failure(() => through('page').me());
  assert.equal(summary(page), '200 unexpected_answer');
  assert.match(page.detail, /\/page\/me responded with a page of HTML: is this the address of the service\?/);
});

test('errors say every fault, and what is printed is readable', async () => {
  const error = await failure(() => all(acme().events({ group: '/acme/big', start: 'yesterday', pageSize: 0 })));
  assert.match(error.message, /\n {2}start: .*/);
  assert.match(error.message, /\n {2}limit: .*/);
  const logmark = acme({ url: 'http://127.0.0.1:1/prod/' });
  assert.equal(inspect(logmark), 'Logmark(http://127.0.0.1:1/prod)');
  assert.equal(String(logmark), 'Logmark(http://127.0.0.1:1/prod)');
  assert.ok(!inspect(logmark.client, { depth: 9 }).includes(TOKEN));
});
