import type { Client } from './generated/client/index.js';
import { type Event, type EventPage, type ReadLogsData } from './generated/index.js';
type Parameters = NonNullable<ReadLogsData['query']>;
export interface EventsOptions extends Pick<Parameters, 'group' | 'stream' | 'streams' | 'streamPrefix' | 'start' | 'end' | 'from' | 'filter' | 'source'> {
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
/** Events over as many pages as they take. A second loop goes on where the first was left. */
export declare class EventIterator implements AsyncIterable<Event> {
    #private;
    /** Where to go on: behind the last page whose events were all handed out. */
    cursor: string | undefined;
    constructor(client: Client, options: EventsOptions);
    [Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined>;
    /** Whole pages, empty ones too. */
    pages(): AsyncGenerator<EventPage, void, undefined>;
}
export {};
