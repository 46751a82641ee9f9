import type { Client } from './generated/client/index.js';
import { type Event, type ReadLogsData } from './generated/index.js';
type Parameters = NonNullable<ReadLogsData['query']>;
export interface StreamOptions extends Pick<Parameters, 'group' | 'stream' | 'streams' | 'streamPrefix' | 'start' | 'end' | 'from' | 'filter' | 'source' | 'cursor' | 'limit'> {
    /** Ends the stream with its reason. */
    signal?: AbortSignal;
}
/** Events of one answer, read as they come. It ends well only when the service has said that it is whole. */
export declare class EventStream implements AsyncIterable<Event> {
    #private;
    /** Where a later request goes on; there at the end. */
    cursor: string | undefined;
    /** Why it ended; there at the end. */
    stopReason: string | undefined;
    constructor(client: Client, options: StreamOptions, timeout: number);
    [Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined>;
}
export {};
