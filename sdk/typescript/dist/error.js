/** What went wrong: the service's problem document, or one of the client's own codes. */
export class LogmarkError extends Error {
    name = 'LogmarkError';
    /** The answer's status; 0: there was none. */
    status;
    /** The kind, for programs; stable. */
    code;
    /** The kind, in words. */
    title;
    /** This error, in words. */
    detail;
    /** The request's id, for the service's operator. */
    requestId;
    /** What is wrong with the input, each fault on its own. */
    errors;
    /** Seconds after which it may be worth asking again. */
    retryAfter;
    constructor(problem, more = {}) {
        super(`${problem.status || problem.title} ${problem.code}: ${problem.detail}`, { cause: more.cause });
        this.status = problem.status;
        this.code = problem.code;
        this.title = problem.title;
        this.detail = problem.detail;
        this.requestId = problem.instance;
        this.errors = problem.errors ?? [];
        this.retryAfter = more.retryAfter;
    }
    /** Of the client's own: there was no answer, or none that is whole. */
    static local(code, detail, cause) {
        return new LogmarkError({ status: 0, code, title: TITLES[code] ?? code, detail }, { cause });
    }
    /** Of a problem document that was read already, as in a stream. */
    static ofProblem(problem, status, text, headers) {
        const retryAfter = headers && retryAfterOf(headers);
        const found = typeof problem === 'object' && problem !== null ? problem : {};
        const word = (name) => (typeof found[name] === 'string' ? found[name] : undefined);
        const code = word('code');
        const instance = word('instance') ?? headers?.get('x-request-id') ?? undefined;
        if (code === undefined) {
            const detail = text.trim().slice(0, 500) || 'the answer has no body';
            return new LogmarkError({ status, code: 'http_error', title: 'Not an answer of the service', detail, instance }, { retryAfter });
        }
        return new LogmarkError({
            status: typeof found['status'] === 'number' ? found['status'] : status,
            code,
            title: word('title') ?? code,
            detail: word('detail') ?? '',
            instance,
            errors: Array.isArray(found['errors']) ? found['errors'] : [],
        }, { retryAfter });
    }
    /** Of an answer whose status is no success. */
    static async ofAnswer(response) {
        const text = await response.text().catch(() => '');
        return LogmarkError.ofProblem(parsed(text), response.status, text, response.headers);
    }
}
const TITLES = {
    connection_failed: 'No answer',
    incomplete_body: 'The answer is not whole',
    query_failed: 'The query failed',
    query_timeout: 'The query took too long',
};
function parsed(text) {
    try {
        return JSON.parse(text);
    }
    catch {
        return undefined;
    }
}
/** `Retry-After` in seconds, of either of its forms (RFC 9110 §10.2.3). */
export function retryAfterOf(headers) {
    const value = headers.get('retry-after')?.trim();
    if (value === undefined || value === '')
        return undefined;
    if (/^\d+$/.test(value))
        return Number(value);
    const at = Date.parse(value);
    return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
}
