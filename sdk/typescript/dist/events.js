import { readLogs } from './generated/index.js';
import { sleep } from './transport.js';
/** Seconds to wait when the source takes no more calls at the moment. */
const THROTTLED = 1;
/** Events over as many pages as they take. A second loop goes on where the first was left. */
export class EventIterator {
    /** Where to go on: behind the last page whose events were all handed out. */
    cursor;
    #client;
    #options;
    constructor(client, options) {
        this.#client = client;
        this.#options = options;
        this.cursor = options.cursor;
    }
    async *[Symbol.asyncIterator]() {
        for await (const page of this.#walk()) {
            const last = page.events.length - 1;
            if (last < 0)
                this.cursor = page.nextCursor;
            for (const [index, event] of page.events.entries()) {
                if (index === last)
                    this.cursor = page.nextCursor;
                yield event;
            }
        }
    }
    /** Whole pages, empty ones too. */
    async *pages() {
        for await (const page of this.#walk()) {
            this.cursor = page.nextCursor;
            yield page;
        }
    }
    async *#walk() {
        const { cursor: _begin, pageSize, follow, interval, signal, ...parameters } = this.#options;
        for (let cursor = this.cursor;;) {
            const query = { ...(cursor === undefined ? parameters : { cursor }), limit: pageSize, format: 'json' };
            const page = (await readLogs({ client: this.#client, query, signal }));
            cursor = page.nextCursor;
            yield page;
            if (page.stopReason === 'end') {
                if (!follow)
                    return;
                await sleep(interval ?? 5, signal);
            }
            else if (page.stopReason === 'throttled') {
                await sleep(THROTTLED, signal);
            }
        }
    }
}
