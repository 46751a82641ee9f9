import { createClient, type Client } from './generated/client/index.js';
import { EventIterator, type EventsOptions } from './events.js';
import { me, type Me } from './generated/index.js';
import { GroupIterator, StreamIterator, type GroupsOptions, type StreamsOptions } from './listing.js';
import { query, type QueryOptions, type QueryResult } from './query.js';
import { EventStream, type StreamOptions } from './stream.js';
import { transport, type Token } from './transport.js';
import { checkedToken, checkedUrl } from './values.js';

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
  readonly #url: string;
  readonly #timeout: number;

  constructor(options: LogmarkOptions) {
    this.#url = checkedUrl(options.url);
    this.#timeout = options.timeout ?? 60;
    this.client = createClient({
      baseUrl: this.#url,
      fetch: transport({
        token: typeof options.token === 'function' ? options.token : checkedToken(options.token),
        retries: options.retries ?? 5,
        maxWait: options.maxWait ?? 60,
        timeout: this.#timeout,
        fetch: options.fetch ?? ((request) => globalThis.fetch(request)),
      }),
      throwOnError: true,
      responseStyle: 'data',
    });
  }

  /** The token's tenant, scopes and grants, and the tenant's limits. */
  me(options: { signal?: AbortSignal } = {}): Promise<Me> {
    return me({ client: this.client, ...options });
  }

  /** The log groups you may see, ascending by name. */
  groups(options: GroupsOptions = {}): GroupIterator {
    return new GroupIterator(this.client, options);
  }

  /** The streams of a group that you may see; by name, or with `orderBy: 'lastEvent'` the newest first. */
  streams(options: StreamsOptions): StreamIterator {
    return new StreamIterator(this.client, options);
  }

  toString(): string {
    return `Logmark(${this.#url})`;
  }

  /** What `console.log` prints on Node: the address, and nothing of the token. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
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
