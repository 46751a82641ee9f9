import { createClient } from './generated/client/index.js';
import { EventIterator } from './events.js';
import { query } from './query.js';
import { EventStream } from './stream.js';
import { transport } from './transport.js';
/** A client of one service. */
export class Logmark {
    /** For the generated operations. */
    client;
    #timeout;
    constructor(options) {
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
    events(options) {
        return new EventIterator(this.client, options);
    }
    /** Events of one answer, streamed; one is held at a time. */
    stream(options) {
        return new EventStream(this.client, options, this.#timeout);
    }
    /** Starts a Logs Insights query, waits for it, and gives all its rows. */
    query(options) {
        return query(this.client, options);
    }
}
