import type { FieldError } from './generated/index.js';

/** An error: the service's problem document, or one of the client's own codes. */
export class LogmarkError extends Error {
  override readonly name = 'LogmarkError';
  /** HTTP status; 0: there was no response. */
  readonly status: number;
  /** Stable error code, for programs. */
  readonly code: string;
  /** Title of the code. */
  readonly title: string;
  /** Description of this error. */
  readonly detail: string;
  /** Request id; give it to the operator of the service. */
  readonly requestId: string | undefined;
  /** Faults of the input, one entry each. */
  readonly errors: ReadonlyArray<FieldError>;
  /** Seconds to wait before a retry. */
  readonly retryAfter: number | undefined;

  constructor(
    problem: { status: number; code: string; title: string; detail: string; instance?: string; errors?: Array<FieldError> },
    more: { retryAfter?: number; cause?: unknown } = {},
  ) {
    const faults = (problem.errors ?? []).map(faultText).join('');
    super(`${problem.status || problem.title} ${problem.code}: ${problem.detail}${faults}`, { cause: more.cause });
    this.status = problem.status;
    this.code = problem.code;
    this.title = problem.title;
    this.detail = problem.detail;
    this.requestId = problem.instance;
    this.errors = problem.errors ?? [];
    this.retryAfter = more.retryAfter;
  }

  /** An error of the client: no response, or an incomplete one. */
  static local(code: string, detail: string, cause?: unknown): LogmarkError {
    return new LogmarkError({ status: 0, code, title: TITLES[code] ?? code, detail }, { cause });
  }

  /** From a problem document that was already read, for example in a stream. */
  static ofProblem(problem: unknown, status: number, text: string, headers?: Headers, place = ''): LogmarkError {
    const retryAfter = headers && retryAfterOf(headers);
    const found = typeof problem === 'object' && problem !== null ? (problem as Partial<Record<string, unknown>>) : {};
    const word = (name: string): string | undefined => (typeof found[name] === 'string' ? (found[name] as string) : undefined);
    const code = word('code');
    const instance = word('instance') ?? headers?.get('x-request-id') ?? undefined;
    if (code === undefined) {
      const detail = place + (text.trim().slice(0, 500) || 'the response has no body');
      return new LogmarkError({ status, code: 'http_error', title: 'Not a response of the service', detail, instance }, { retryAfter });
    }
    return new LogmarkError(
      {
        status: typeof found['status'] === 'number' ? found['status'] : status,
        code,
        title: word('title') ?? code,
        detail: word('detail') ?? '',
        instance,
        errors: Array.isArray(found['errors']) ? (found['errors'] as Array<FieldError>) : [],
      },
      { retryAfter },
    );
  }

  /** From an error response; `place` precedes the text of responses that are not the service's. */
  static async ofAnswer(response: Response, place: string): Promise<LogmarkError> {
    const text = await response.text().catch(() => '');
    return LogmarkError.ofProblem(parsed(text), response.status, text, response.headers, place);
  }
}

const TITLES: Record<string, string> = {
  connection_failed: 'No answer',
  incomplete_body: 'The response is incomplete',
  invalid_request: "The request can't be sent",
  query_failed: 'The query failed',
  query_timeout: 'The query took too long',
  token_failed: 'No token',
  unexpected_answer: 'Not a response of the service',
};

function faultText(fault: FieldError): string {
  const place = ('parameter' in fault && fault.parameter) || ('pointer' in fault && fault.pointer) || 'body';
  return `\n  ${place}: ${fault.detail}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `Retry-After` in seconds, from either of its forms (RFC 9110 §10.2.3). */
export function retryAfterOf(headers: Headers): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+$/.test(value)) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
}
