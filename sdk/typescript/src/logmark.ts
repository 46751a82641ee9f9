import { createClient, type Client } from './generated/client/index.js';
import { EventIterator, type EventsOptions } from './events.js';
import { query, type QueryOptions, type QueryResult } from './query.js';
import { EventStream, type StreamOptions } from './stream.js';
import { transport, type Token } from './transport.js';

export interface LogmarkOptions {
  /** Where the service is; it may have a path. */
  url: string;
  /** A token, or a function that gives one and is asked before each request. */
  token: Token;
  /** Times that a request is sent again at most; 5. */
  retries?: number;
  /** Seconds that a request waits between its attempts at most, in all; 60. */
  maxWait?: number;
  /** Seconds without an answer, or without more of a stream, until an attempt has failed; 60. */
  timeout?: number;
  /** Instead of the global one. */
  fetch?: typeof fetch;
}

/** A client of one service. */
export class Logmark {
  /** For the generated operations. */
  readonly client: Client;
  readonly #timeout: number;

  constructor(options: LogmarkOptions) {
    this.#timeout = options.timeout ?? 60;
    this.client = createClient({
      baseUrl: options.url.replace(/\/+$/, ''),
      fetch: transport({
        token: options.token,
        retries: options.retries ?? 5,
        maxWait: options.maxWait ?? 60,
        timeout: this.#timeout,
        fetch: options.fetch ?? ((request) => globalThis.fetch(request)),
      }),
      throwOnError: true,
      responseStyle: 'data',
    });
  }

  /** Events, page by page to the end; with `follow`, beyond it. */
  events(options: EventsOptions): EventIterator {
    return new EventIterator(this.client, options);
  }

  /** Events of one answer, streamed; one is held at a time. */
  stream(options: StreamOptions): EventStream {
    return new EventStream(this.client, options, this.#timeout);
  }

  /** Starts a Logs Insights query, waits for it, and gives all its rows. */
  query(options: QueryOptions): Promise<QueryResult> {
    return query(this.client, options);
  }
}
