import { LogmarkError } from './error.js';
import type { Client } from './generated/client/index.js';
import { readLogs, type Event, type Problem, type ReadLogsData } from './generated/index.js';
import { lines } from './stream.js';
import { sleep } from './transport.js';
import { timeText, type Moment } from './values.js';

type Parameters = NonNullable<ReadLogsData['query']>;

export interface TailOptions
  extends Pick<Parameters, 'group' | 'stream' | 'streams' | 'streamPrefix' | 'filter' | 'source'> {
  /** Events since then first; without it only new ones. */
  start?: Moment;
  /** Resumes an earlier tail; it contains the other parameters. */
  cursor?: string;
  /** Ends the tail with the signal's reason. */
  signal?: AbortSignal;
}

/** A new event. */
export interface TailEvent {
  type: 'event';
  event: Event;
}

/** A time for which the source did not supply all events. */
export interface TailGap {
  type: 'gap';
  from: string | undefined;
  to: string | undefined;
  reason: string;
  /** The missing events were found later, and are part of the tail. */
  recovered: boolean;
}

/** The source shows only a part of the events live at this rate. The others follow later. */
export interface TailSampled {
  type: 'sampled';
  /** Events per second above which the source samples. */
  above: number | undefined;
}

/** Information on how the tail is supplied, such as `sweeps`. */
export interface TailNotice {
  type: 'notice';
  mode: string;
}

export type TailItem = TailEvent | TailGap | TailSampled | TailNotice;

/** Upper bound of the random wait after a planned end, so that the viewers of a service that restarts do not return together. */
const RECONNECT = 0.5;
const FIRST_WAIT = 0.2;
const LONGEST_WAIT = 10;
/** Exceeds every valid event: the largest is 1 MiB, and JSON may write six characters for one. */
const MAX_DATA = 16 * 1024 * 1024;

/** New events as they arrive, resumed after cuts and restarts. */
export class Tail implements AsyncIterable<TailItem> {
  /** Position after the last item that was returned: resumes the tail later, in another process too. */
  cursor: string | undefined;
  readonly #client: Client;
  readonly #options: TailOptions;
  readonly #timeout: number;
  readonly #renewable: boolean;
  #failures = 0;

  constructor(client: Client, options: TailOptions, timeout: number, renewable: boolean) {
    this.#client = client;
    this.#options = options;
    this.#timeout = timeout;
    this.#renewable = renewable;
    this.cursor = options.cursor;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TailItem, void, undefined> {
    const { signal } = this.#options;
    for (;;) {
      let outcome: 'reconnect' | LogmarkError;
      try {
        yield* this.#connection();
        outcome = 'reconnect';
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof LogmarkError)) throw error;
        outcome = error;
      }
      await sleep(outcome === 'reconnect' ? Math.random() * RECONNECT : this.#waitAfter(outcome), signal);
    }
  }

  /** The items of one connection; it returns after a planned end. */
  async *#connection(): AsyncGenerator<TailItem, void, undefined> {
    const { signal, start, cursor: _first, ...parameters } = this.#options;
    // A cursor contains its request: repeated relative times would differ.
    const selection =
      this.cursor !== undefined
        ? { cursor: this.cursor }
        : { ...parameters, ...(start === undefined ? {} : { start: timeText('start', start) }) };
    const { body, response } = await this.#open({ ...selection, follow: 'true' }, signal);
    if (!(response.headers.get('content-type') ?? '').startsWith('text/event-stream')) {
      await body.cancel().catch(() => undefined);
      const detail = `the service has no live tail: it sent ${response.headers.get('content-type')}`;
      throw LogmarkError.local('unexpected_answer', detail);
    }
    const frame = new Frame(this.cursor);
    for await (const line of lines(body, this.#timeout, signal)) {
      this.#failures = 0;
      const message = frame.line(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (message === undefined) continue;
      const item = message.data === undefined ? undefined : itemOf(message.kind, message.data);
      // The caller gets the item next: the cursor is then the position after it.
      this.cursor = frame.id;
      if (message.kind === 'reconnect') return;
      if (item !== undefined) yield item;
    }
    throw LogmarkError.local('incomplete_body', 'the tail ended without a reason');
  }

  async #open(query: Record<string, unknown>, signal: AbortSignal | undefined) {
    const result = await readLogs({
      client: this.#client,
      query: query as Parameters,
      signal,
      headers: { accept: 'text/event-stream' },
      parseAs: 'stream',
      responseStyle: 'fields',
    });
    const { data, response } = result as unknown as { data: ReadableStream<Uint8Array>; response: Response };
    return { body: data, response };
  }

  /** Seconds until the tail is resumed; throws the error if it is final. */
  #waitAfter(error: LogmarkError): number {
    const isRenewable = error.status === 401 && this.#renewable && this.#failures === 0;
    const isPassing =
      [429, 502, 503, 504].includes(error.status) || ['connection_failed', 'incomplete_body'].includes(error.code);
    // Without a cursor it never began, and the client has already tried it several times.
    if ((!isRenewable && !isPassing) || this.cursor === undefined) throw error;
    const backoff = Math.random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    return Math.max(backoff, error.retryAfter ?? 0);
  }
}

/** The Server-Sent Event that is being read (WHATWG HTML §9.2.6). */
class Frame {
  id: string | undefined;
  #kind = '';
  #data: Array<string> = [];
  #size = 0;

  constructor(id: string | undefined) {
    this.id = id;
  }

  /** The message that the line ends, if it does. */
  line(line: string): { kind: string; data: string | undefined } | undefined {
    if (line === '') {
      const message = { kind: this.#kind, data: this.#data.length === 0 ? undefined : this.#data.join('\n') };
      [this.#kind, this.#data, this.#size] = ['', [], 0];
      return message;
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'event') this.#kind = value;
    if (name === 'id' && !value.includes('\0')) this.id = value;
    if (name === 'data') {
      this.#data.push(value);
      this.#size += value.length;
      if (this.#size > MAX_DATA) throw LogmarkError.local('unexpected_answer', `an event is longer than ${MAX_DATA} bytes`);
    }
    return undefined;
  }
}

function itemOf(kind: string, data: string): TailItem | undefined {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(data) as Record<string, unknown>;
  } catch (error) {
    throw LogmarkError.local('unexpected_answer', 'the tail has an event that is not JSON', error);
  }
  const text = (name: string) => (typeof value[name] === 'string' ? value[name] : undefined);
  switch (kind) {
    case 'event':
      return { type: 'event', event: value as unknown as Event };
    case 'gap':
      return { type: 'gap', from: text('from'), to: text('to'), reason: text('reason') ?? '', recovered: value['recovered'] === true };
    case 'sampled':
      return { type: 'sampled', above: typeof value['above'] === 'number' ? value['above'] : undefined };
    case 'notice':
      return { type: 'notice', mode: text('mode') ?? '' };
    case 'error':
      throw LogmarkError.ofProblem(value as unknown as Problem, 0, data);
    default:
      // `reconnect`, or a kind that a newer service has.
      return undefined;
  }
}
