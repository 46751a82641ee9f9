import type { Client } from './generated/client/index.js';
import { readLogs, type Event, type EventPage, type ReadLogsData } from './generated/index.js';
import { sleep } from './transport.js';
import { withTimes, type Moment } from './values.js';

type Parameters = NonNullable<ReadLogsData['query']>;

export interface EventsOptions
  extends Pick<Parameters, 'group' | 'stream' | 'streams' | 'streamPrefix' | 'from' | 'filter' | 'source'> {
  /** Start of the range (inclusive). */
  start?: Moment;
  /** End of the range (exclusive). */
  end?: Moment;
  /** Cursor of an earlier iterator. It contains the other parameters. */
  cursor?: string;
  /** Events in a page, 1 to 10000; default 1000. */
  pageSize?: number;
  /** Poll for new events at the end, until `signal` aborts or the loop ends. */
  follow?: boolean;
  /** Seconds between two polls at the end; default 5. */
  interval?: number;
  /** Ends the iteration with the signal's reason. */
  signal?: AbortSignal;
}

/** Seconds to wait while the source is throttled. */
const THROTTLED = 1;

/** Events from any number of pages. A second loop continues after the first. */
export class EventIterator implements AsyncIterable<Event> {
  /** Position after the last page whose events were all returned. */
  cursor: string | undefined;
  readonly #client: Client;
  readonly #options: EventsOptions;

  constructor(client: Client, options: EventsOptions) {
    this.#client = client;
    this.#options = options;
    this.cursor = options.cursor;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    for await (const page of this.#walk()) {
      const last = page.events.length - 1;
      if (last < 0) this.cursor = page.nextCursor;
      for (const [index, event] of page.events.entries()) {
        if (index === last) this.cursor = page.nextCursor;
        yield event;
      }
    }
  }

  /** Whole pages, including empty ones. */
  async *pages(): AsyncGenerator<EventPage, void, undefined> {
    for await (const page of this.#walk()) {
      this.cursor = page.nextCursor;
      yield page;
    }
  }

  async *#walk(): AsyncGenerator<EventPage, void, undefined> {
    const { cursor: _begin, pageSize, follow, interval, signal, ...selection } = this.#options;
    const parameters = withTimes(selection);
    for (let cursor = this.cursor; ; ) {
      const query = { ...(cursor === undefined ? parameters : { cursor }), limit: pageSize, format: 'json' as const };
      const page = (await readLogs({ client: this.#client, query, signal })) as EventPage;
      cursor = page.nextCursor;
      yield page;
      if (page.stopReason === 'end') {
        if (!follow) return;
        await sleep(interval ?? 5, signal);
      } else if (page.stopReason === 'throttled') {
        await sleep(THROTTLED, signal);
      }
    }
  }
}
