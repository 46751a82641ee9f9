/**
 * Client of Logmark. `Logmark` has the conveniences; every operation of the API is a function here, called with
 * `{ client: logmark.client }`. Uses `fetch` and nothing of Node's own. All times are in seconds.
 */
export * from './generated/index.js';
export { Logmark } from './logmark.js';
export { LogmarkError } from './error.js';
export { EventIterator } from './events.js';
export { EventStream } from './stream.js';
