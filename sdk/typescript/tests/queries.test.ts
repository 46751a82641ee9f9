import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkQuery, queryLanguage, readQuery } from 'logmark';
import { acme, failure, seen, through } from './stage.js';

const query = (group: string) => ({ query: 'fields status, n', logGroups: [group], start: '-1h' });

test('a query is waited for', async () => {
  const found = await acme().query(query('/acme/queried'));
  assert.deepEqual(found.rows, [{ status: '0' }, { status: '1' }, { status: '2' }]);
  assert.deepEqual(found.statistics, { recordsMatched: 3, recordsScanned: 1000, bytesScanned: 2_000_000_000 });
  assert.equal(found.estimatedCostUsd, 0.01);
});

test('more rows than a page holds come all', async () => {
  const { rows } = await acme().query({ ...query('/acme/many'), limit: 20_000 });
  assert.deepEqual(rows.map((row) => row['n']), Array.from({ length: 12_000 }, (_, number) => String(number)));
});

test('a query that fails is an error', async () => {
  const error = await failure(() => acme().query(query('/acme/failing')));
  assert.equal(error.code, 'query_failed');
  assert.match(error.detail, /Failed/);
});

/** The id of the last of so many queries that were stopped through the proxy. */
async function stopped(count: number): Promise<string> {
  const deleted = await seen('DELETE /plain/queries/');
  assert.equal(deleted.length, count);
  return decodeURIComponent(deleted.at(-1)!.split('/').at(-1)!);
}

test('a query that takes too long is stopped', async () => {
  const error = await failure(() => through('plain').query({ ...query('/acme/endless'), timeout: 3 }));
  assert.equal(error.code, 'query_timeout');
  const ended = await readQuery({ client: acme().client, path: { id: await stopped(1) } });
  assert.equal(typeof ended === 'string' ? ended : ended.status, 'Cancelled');
});

test('a query that is given up is stopped', async () => {
  const stop = new AbortController();
  const running = through('plain').query({ ...query('/acme/endless'), signal: stop.signal });
  const rejected = assert.rejects(running, /not any more/);
  const looks = (await seen('GET /plain/queries/')).length;
  while ((await seen('GET /plain/queries/')).length === looks) await new Promise((resolve) => setTimeout(resolve, 20));
  stop.abort(new Error('not any more'));
  await rejected;
  const ended = await readQuery({ client: acme().client, path: { id: await stopped(2) } });
  assert.equal(typeof ended === 'string' ? ended : ended.status, 'Cancelled');
});

test('a check tells columns and faults, and starts nothing', async () => {
  const { client } = acme();
  const checked = async (text: string, group = '/acme/api') =>
    checkQuery({ client, body: { query: text, logGroups: [group], start: '-1h' } });
  const good = await checked('stats count(*) as n by status');
  assert.deepEqual([good.columns, good.shape, good.diagnostics, good.refusals], [['status', 'n'], 'table', [], []]);
  assert.ok(['exact', 'stored', 'unknown'].includes(good.estimate.basis));
  const fault = (await checked('fields status\n| stat count(*)')).diagnostics[0]!;
  assert.deepEqual([fault.severity, fault.line, fault.column, fault.fix], ['error', 2, 3, 'stats']);
  assert.ok((await checked("SOURCE '/other'")).refusals[0]!.detail);
  assert.equal((await failure(() => checked('fields status', '/other/x'))).status, 404);
});

test('the language lists commands and functions', async () => {
  const { commands, functions } = await queryLanguage({ client: acme().client });
  const names = commands.map((command) => command.name);
  for (const name of ['fields', 'filter', 'stats', 'parse']) assert.ok(names.includes(name), name);
  assert.ok(commands.every((command) => command.description && command.example));
  for (const name of ['count', 'pct']) assert.ok(functions.some((found) => found.name === name), name);
});
