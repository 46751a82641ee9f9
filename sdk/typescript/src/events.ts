import type { Client } from './generated/client/index.js';
import { readLogs, type Event, type EventPage, type ReadLogsData } from './generated/index.js';
import { sleep } from './transport.js';
import { withTimes, type Moment } from './values.js';

type Parameters = NonNullable<ReadLogsData['query']>;

export interface EventsOptions
  extends Pick<Parameters, 'group' | 'stream' | 'streams' | 'streamPrefix' | 'from' | 'filter' | 'source'> {
  /** First moment of the range. */
  start?: Moment;
  /** First moment after the range. */
  end?: Moment;
  /** Go on where an earlier iterator's `cursor` was; the other parameters are in it. */
  cursor?: string;
  /** Events that are asked for at a time, 1 to 10000; 1000. */
  pageSize?: number;
  /** Go on beyond the end, until `signal` aborts or the loop is left. */
  follow?: boolean;
  /** Seconds between two looks at the end; 5. */
  interval?: number;
  /** Ends the iteration with its reason. */
  signal?: AbortSignal;
}

/** Seconds to wait when the source takes no more calls at the moment. */
const THROTTLED = 1;

/** Events over as many pages as they take. A second loop goes on where the first was left. */
export class EventIterator implements AsyncIterable<Event> {
  /** Where to go on: behind the last page whose events were all handed out. */
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

  /** Whole pages, empty ones too. */
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
