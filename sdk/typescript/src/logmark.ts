import { createClient, type Client } from './generated/client/index.js';
import { EventIterator, type EventsOptions } from './events.js';
import { me, type Me } from './generated/index.js';
import { GroupIterator, StreamIterator, type GroupsOptions, type StreamsOptions } from './listing.js';
import { query, type QueryOptions, type QueryResult } from './query.js';
import { EventStream, type StreamOptions } from './stream.js';
import { Tail, type TailOptions } from './tail.js';
import { tailPath, ticket, type Ticket } from './ticket.js';
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
  readonly #renewable: boolean;

  constructor(options: LogmarkOptions) {
    this.#url = checkedUrl(options.url);
    this.#timeout = options.timeout ?? 60;
    this.#renewable = typeof options.token === 'function';
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

  /** New events as they arrive, resumed after cuts and restarts, without lost or repeated events, until you stop it. */
  tail(options: TailOptions): Tail {
    return new Tail(this.client, options, this.#timeout, this.#renewable);
  }

  /** A ticket for one GET of a URL such as `/logs/:acme:api?follow=true`, for clients that cannot send a token. */
  ticket(url: string, options: { signal?: AbortSignal } = {}): Promise<Ticket> {
    return ticket(this.client, url, options.signal);
  }

  /**
   * A URL of a tail for a browser's `EventSource`, which cannot send a token. It has a ticket, so it works once, within 60 seconds. When
   * the `EventSource` reports an error, close it and open another with a new URL and the last event id as `cursor`.
   */
  async tailUrl(options: Omit<TailOptions, 'signal'>): Promise<string> {
    const { url } = await this.ticket(tailPath(options));
    return this.#url + url;
  }

  /** Starts a Logs Insights query, waits for it, and returns all its rows. */
  query(options: QueryOptions): Promise<QueryResult> {
    return query(this.client, options);
  }
}
