import { createClient, type Client } from './generated/client/index.js';
import { EventIterator, type EventsOptions } from './events.js';
import { me, type Me } from './generated/index.js';
import { GroupIterator, StreamIterator, type GroupsOptions, type StreamsOptions } from './listing.js';
import { query, type QueryOptions, type QueryResult } from './query.js';
import { EventStream, type StreamOptions } from './stream.js';
import { transport, type Token } from './transport.js';
import { checkedToken, checkedUrl } from './values.js';

export interface LogmarkOptions {
  /** URL of the service; it may have a path. */
  url: string;
  /** A token, or a function that returns one and is called before each request. */
  token: Token;
  /** Maximum number of retries of a request; default 5. */
  retries?: number;
  /** Maximum seconds that a request waits between attempts, in total; default 60. */
  maxWait?: number;
  /** Seconds without a response, or without data of a stream, after which an attempt fails; default 60. */
  timeout?: number;
  /** Replaces the global `fetch`. */
  fetch?: typeof fetch;
}

/** A client for one service. */
export class Logmark {
  /** Client for the generated operations. */
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

  /** The log groups that you may see, ascending by name. */
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

  /** Output of `console.log` on Node: the URL, without the token. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** Events, page by page to the end; with `follow` also new events. */
  events(options: EventsOptions): EventIterator {
    return new EventIterator(this.client, options);
  }

  /** Events of one streamed response, one at a time. */
  stream(options: StreamOptions): EventStream {
    return new EventStream(this.client, options, this.#timeout);
  }

  /** Starts a Logs Insights query, waits for it, and returns all its rows. */
  query(options: QueryOptions): Promise<QueryResult> {
    return query(this.client, options);
  }
}
