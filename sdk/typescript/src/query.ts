import { LogmarkError } from './error.js';
import type { Client } from './generated/client/index.js';
import { readQuery, startQuery, stopQuery, type NewQuery, type Query, type QueryStatistics } from './generated/index.js';
import { sleep } from './transport.js';
import { timeText, withTimes, type Moment } from './values.js';

export interface QueryOptions extends Omit<NewQuery, 'start' | 'end'> {
  /** Start of the range (inclusive). */
  start: Moment;
  /** End of the range (exclusive); default: now. */
  end?: Moment;
  /** Seconds after which the query is stopped; default: none. */
  timeout?: number;
  /** Cancels and stops the query. */
  signal?: AbortSignal;
}

/** The result of a query. */
export interface QueryResult {
  queryId: string;
  /** Values by column, all strings. */
  rows: Array<Record<string, string>>;
  statistics: QueryStatistics | undefined;
  estimatedCostUsd: number | undefined;
}

/** Seconds that one request waits for the query to end. */
const WAIT = { Prefer: 'wait=20' };
/** After a faster response the client pauses; the pause doubles up to the maximum. */
const SOON = 1;
const FIRST_PAUSE = 0.25;
const LONGEST_PAUSE = 5;

/** Starts the query, waits for its end, and returns all its rows. */
export async function query(client: Client, options: QueryOptions): Promise<QueryResult> {
  const { timeout, signal, ...request } = options;
  const body: NewQuery = { ...withTimes(request), start: timeText('start', options.start) };
  const late = new AbortController();
  const timer = timeout === undefined ? undefined : setTimeout(() => late.abort(tooLong(timeout)), timeout * 1000);
  const stop = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  try {
    // If it is cancelled before the id is known, the service stops it, because the client has disconnected.
    const started = (await startQuery({ client, body, headers: WAIT, signal: stop })) as Query;
    return await end(client, started, stop);
  } finally {
    clearTimeout(timer);
  }
}

async function end(client: Client, started: Query, signal: AbortSignal): Promise<QueryResult> {
  const path = { id: started.queryId };
  let found = started;
  try {
    for (let pause = FIRST_PAUSE; runs(found); ) {
      const begun = Date.now();
      found = (await readQuery({ client, path, headers: WAIT, signal })) as Query;
      if (runs(found) && Date.now() - begun < SOON * 1000) {
        await sleep(pause * (0.5 + Math.random() / 2), signal);
        pause = Math.min(2 * pause, LONGEST_PAUSE);
      }
    }
  } catch (error) {
    // The caller's reason is thrown, even if stopping fails.
    if (signal.aborted) await stopQuery({ client, path }).catch(() => undefined);
    throw error;
  }
  if (found.status !== 'Complete') {
    throw LogmarkError.local('query_failed', `the query ended as ${found.status}`);
  }
  const rows = [...((found.results ?? []) as QueryResult['rows'])];
  for (let cursor = found.nextCursor; cursor; ) {
    const page = (await readQuery({ client, path, query: { cursor }, signal })) as Query;
    rows.push(...((page.results ?? []) as QueryResult['rows']));
    cursor = page.nextCursor;
  }
  return {
    queryId: found.queryId,
    rows,
    statistics: found.statistics ?? undefined,
    estimatedCostUsd: found.estimatedCostUsd ?? undefined,
  };
}

function runs(query: Query): boolean {
  return ['Scheduled', 'Running', 'Unknown'].includes(query.status);
}

function tooLong(timeout: number): LogmarkError {
  return LogmarkError.local('query_timeout', `the query had not ended after ${timeout} s, and was stopped`);
}
