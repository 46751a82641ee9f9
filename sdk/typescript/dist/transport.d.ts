/** A token, or a function that gives one and is asked before each request. */
export type Token = string | (() => string | Promise<string>);
export interface TransportSettings {
    token: Token;
    retries: number;
    maxWait: number;
    timeout: number;
    fetch: (request: Request) => Promise<Response>;
}
/** A `fetch` that puts the token in, sends again what is worth it, and throws what is no success. */
export declare function transport(settings: TransportSettings): typeof fetch;
/** Waits, unless it is aborted meanwhile. */
export declare function sleep(seconds: number, signal?: AbortSignal | null): Promise<void>;
