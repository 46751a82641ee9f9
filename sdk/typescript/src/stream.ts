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
  /** Start of the range (inclusive). */
  start?: Moment;
  /** End of the range (exclusive). */
  end?: Moment;
  /** Ends the stream with the signal's reason. */
  signal?: AbortSignal;
}

/** Events of one response, read as they arrive. It ends without an error only if the service confirms that it is complete. */
export class EventStream implements AsyncIterable<Event> {
  /** Cursor for a later request; set at the end. */
  cursor: string | undefined;
  /** The reason why it ended; set at the end. */
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

/** The lines of the body, including a last line without line end. */
export async function* lines(body: ReadableStream<Uint8Array>, timeout: number, signal?: AbortSignal): AsyncGenerator<string> {
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
    // Releases the body if the loop ended early.
    await reader.cancel().catch(() => undefined);
  }
}

/** The result of reading, or an error after the timeout. */
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
