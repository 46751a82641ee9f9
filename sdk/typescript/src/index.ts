/**
 * Client for Logmark. `Logmark` has helper functions. Every operation of the API is a function here, called with
 * `{ client: logmark.client }`. Uses only `fetch`, no Node APIs. Durations are in seconds.
 */
export * from './generated/index.js';
export { Logmark, type LogmarkOptions } from './logmark.js';
export { LogmarkError } from './error.js';
export { EventIterator, type EventsOptions } from './events.js';
export { EventStream, type StreamOptions } from './stream.js';
export {
  Tail,
  type TailEvent,
  type TailGap,
  type TailItem,
  type TailNotice,
  type TailOptions,
  type TailSampled,
} from './tail.js';
export { collect, GroupIterator, StreamIterator, type GroupsOptions, type StreamsOptions } from './listing.js';
export type { QueryOptions, QueryResult } from './query.js';
export type { Ticket } from './ticket.js';
export type { Token } from './transport.js';
export type { Moment } from './values.js';
