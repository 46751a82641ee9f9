import { LogmarkError } from './error.js';
import type { Client } from './generated/client/index.js';
import { readLogs, type Event, type ReadLogsData } from './generated/index.js';
import { withTimes, type Moment } from './values.js';

type Parameters = NonNullable<ReadLogsData['query']>;

export interface StreamOptions
  extends Pick<
    Parameters,
    'group' | 'stream' | 'streams' | 'streamPrefix' | 'from' | 'filter' | 'source' | 'cursor' | 'limit'
  > {
  /** First moment of the range. */
  start?: Moment;
  /** First moment after the range. */
  end?: Moment;
  /** Ends the stream with its reason. */
  signal?: AbortSignal;
}

/** Events of one answer, read as they come. It ends well only when the service has said that it is whole. */
export class EventStream implements AsyncIterable<Event> {
  /** Where a later request goes on; there at the end. */
  cursor: string | undefined;
  /** Why it ended; there at the end. */
  stopReason: string | undefined;
  readonly #client: Client;
  readonly #options: StreamOptions;
  readonly #timeout: number;

  constructor(client: Client, options: StreamOptions, timeout: number) {
    this.#client = client;
    this.#options = options;
    this.#timeout = timeout;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    const { signal, ...parameters } = this.#options;
    const query = { ...withTimes(parameters), format: 'ndjson' as const, trailer: 'line' as const };
    const body = await readLogs({ client: this.#client, query, signal, parseAs: 'stream' });
    for await (const line of lines(body as unknown as ReadableStream<Uint8Array>, this.#timeout, signal)) {
      const value = read(line);
      if ('error' in value) throw LogmarkError.ofProblem(value['error'], 0, line);
      if (!('stopReason' in value)) {
        yield value as unknown as Event;
        continue;
      }
      this.cursor = String(value['cursor']);
      this.stopReason = String(value['stopReason']);
      return;
    }
    throw LogmarkError.local('incomplete_body', 'the stream ended without its last line');
  }
}

function read(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch (error) {
    throw LogmarkError.local('incomplete_body', 'the stream ended within a line', error);
  }
}

/** The body's lines; a last one without an end is given too. */
async function* lines(body: ReadableStream<Uint8Array>, timeout: number, signal?: AbortSignal): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let begun = '';
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), timeout, signal);
      const parts = (done ? decoder.decode() : decoder.decode(value, { stream: true })).split('\n');
      begun += parts[0] ?? '';
      for (const part of parts.slice(1)) {
        yield begun;
        begun = part;
      }
      if (done) break;
    }
    if (begun !== '') yield begun;
  } finally {
    // Whoever leaves the loop early wants no more of it; at the end there is no more.
    await reader.cancel().catch(() => undefined);
  }
}

/** What the reading brings, if it does so in time. */
async function within<T>(reading: Promise<T>, seconds: number, signal?: AbortSignal): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came for ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([reading, late]);
  } catch (error) {
    signal?.throwIfAborted();
    const detail = error instanceof Error ? error.message : String(error);
    throw LogmarkError.local('incomplete_body', `the stream broke off: ${detail}`, error);
  } finally {
    clearTimeout(timer);
  }
}
