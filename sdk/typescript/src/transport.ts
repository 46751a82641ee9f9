import { LogmarkError } from './error.js';
import { checkedToken, shownUrl } from './values.js';

/** A token, or a function that returns one and is called before each request. */
export type Token = string | (() => string | Promise<string>);

export interface TransportSettings {
  token: Token;
  retries: number;
  maxWait: number;
  timeout: number;
  fetch: (request: Request) => Promise<Response>;
}

/** Upper bound of the first random wait; it doubles with each retry. */
const FIRST_WAIT = 0.2;
const LONGEST_WAIT = 5;
const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'];

/** A `fetch` that adds the token, retries, and throws errors. */
export function transport(settings: TransportSettings): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    let waited = 0;
    for (let attempt = 0; ; attempt++) {
      const outcome = await authorized(settings, request).catch(failure);
      if (!(outcome instanceof LogmarkError)) return outcome;
      // The caller aborted and gave the reason.
      request.signal.throwIfAborted();
      const wait = pause(outcome, request.method, attempt);
      if (wait === undefined || attempt >= settings.retries || waited + wait > settings.maxWait) throw outcome;
      await sleep(wait, request.signal);
      waited += wait;
    }
  };
}

function failure(error: unknown): LogmarkError {
  if (error instanceof LogmarkError) return error;
  throw error;
}

/** Seconds to wait before the next attempt; undefined: there is none. */
function pause(error: LogmarkError, method: string, attempt: number): number | undefined {
  const { status, retryAfter } = error;
  // With `Retry-After` the service has not carried out the request.
  const isRefused = (status === 429 || status === 503) && retryAfter !== undefined;
  const isPassing = [0, 429, 502, 503, 504].includes(status) && IDEMPOTENT.includes(method);
  if (!isRefused && !isPassing) return undefined;
  const backoff = Math.random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt);
  return Math.max(backoff, (retryAfter ?? 0) * (1 + Math.random() / 10));
}

/** One attempt, and a second one if the token was renewed. */
async function authorized(settings: TransportSettings, request: Request): Promise<Response> {
  const { token } = settings;
  if (typeof token === 'string') return exchange(settings, request, token);
  const used = checkedToken(await token(), 'token_failed');
  try {
    return await exchange(settings, request, used);
  } catch (error) {
    if (!(error instanceof LogmarkError) || error.status !== 401) throw error;
    const renewed = checkedToken(await token(), 'token_failed');
    if (renewed === used) throw error;
    return exchange(settings, request, renewed);
  }
}

async function exchange(settings: TransportSettings, request: Request, token: string): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${settings.timeout} s`)), settings.timeout * 1000);
  try {
    const headers = new Headers(request.headers);
    headers.set('authorization', `Bearer ${token}`);
    const signal = AbortSignal.any([request.signal, late.signal]);
    const response = await settings.fetch(new Request(request.clone(), { headers, signal }));
    if (!response.ok) throw await LogmarkError.ofAnswer(response, `${shownUrl(request.url)}: `);
    if (isPage(response)) throw notTheService(request.url, response.status);
    return isStreamed(response) ? response : await whole(response);
  } catch (error) {
    if (error instanceof LogmarkError) throw error;
    request.signal.throwIfAborted();
    const detail = late.signal.aborted ? String(late.signal.reason.message) : reason(error);
    throw LogmarkError.local('connection_failed', `no response from ${shownUrl(request.url)}: ${detail}`, error);
  } finally {
    clearTimeout(timer);
  }
}

/** An HTML page is a response of another server. */
function isPage(response: Response): boolean {
  return (response.headers.get('content-type') ?? '').startsWith('text/html');
}

function notTheService(url: string, status: number): LogmarkError {
  const detail = `${shownUrl(url)} responded with a page of HTML: is this the address of the service?`;
  return new LogmarkError({ status, code: 'unexpected_answer', title: 'Not a response of the service', detail });
}

function isStreamed(response: Response): boolean {
  return !(response.headers.get('content-type') ?? '').startsWith('application/json');
}

/** Reads the body: an incomplete body is a failed attempt. */
async function whole(response: Response): Promise<Response> {
  const body = await response.arrayBuffer();
  return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
}

/** `fetch` reports only "fetch failed"; the cause has the reason. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

/** Waits, or ends early when aborted. */
export function sleep(seconds: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
