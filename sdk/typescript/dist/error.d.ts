import type { FieldError } from './generated/index.js';
/** What went wrong: the service's problem document, or one of the client's own codes. */
export declare class LogmarkError extends Error {
    readonly name = "LogmarkError";
    /** The answer's status; 0: there was none. */
    readonly status: number;
    /** The kind, for programs; stable. */
    readonly code: string;
    /** The kind, in words. */
    readonly title: string;
    /** This error, in words. */
    readonly detail: string;
    /** The request's id, for the service's operator. */
    readonly requestId: string | undefined;
    /** What is wrong with the input, each fault on its own. */
    readonly errors: ReadonlyArray<FieldError>;
    /** Seconds after which it may be worth asking again. */
    readonly retryAfter: number | undefined;
    constructor(problem: {
        status: number;
        code: string;
        title: string;
        detail: string;
        instance?: string;
        errors?: Array<FieldError>;
    }, more?: {
        retryAfter?: number;
        cause?: unknown;
    });
    /** Of the client's own: there was no answer, or none that is whole. */
    static local(code: string, detail: string, cause?: unknown): LogmarkError;
    /** Of a problem document that was read already, as in a stream. */
    static ofProblem(problem: unknown, status: number, text: string, headers?: Headers): LogmarkError;
    /** Of an answer whose status is no success. */
    static ofAnswer(response: Response): Promise<LogmarkError>;
}
/** `Retry-After` in seconds, of either of its forms (RFC 9110 §10.2.3). */
export declare function retryAfterOf(headers: Headers): number | undefined;
