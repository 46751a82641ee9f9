import { LogmarkError } from './error.js';

/** A time: a `Date`, or the API's forms: RFC 3339, epoch seconds or milliseconds, relative to now (`-15m`). */
export type Moment = string | number | Date;

/** Parameters with `start` and `end` in forms of the API. */
export function withTimes<T extends { start?: Moment; end?: Moment }>(
  parameters: T,
): Omit<T, 'start' | 'end'> & { start?: string; end?: string } {
  const { start, end, ...others } = parameters;
  return {
    ...others,
    ...(start === undefined ? {} : { start: timeText('start', start) }),
    ...(end === undefined ? {} : { end: timeText('end', end) }),
  };
}

/** The time in a form of the API. */
export function timeText(name: string, value: Moment): string {
  if (!(value instanceof Date)) return String(value);
  if (Number.isNaN(value.getTime())) throw invalid(`\`${name}\` is a Date that is not valid`);
  return value.toISOString();
}

/** The URL of the service without trailing slashes; it may have a path. */
export function checkedUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw invalid(`\`${url}\` is not a URL, such as https://logs.example.com`);
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw invalid(`\`${url}\` is not an http or https URL`);
  }
  if (parsed.username !== '' || parsed.password !== '') throw invalid('the URL has a user name or a password');
  return url.replace(/\/+$/, '');
}

/** The token without surrounding white space, such as a file's last newline. */
export function checkedToken(token: unknown, code = 'invalid_request'): string {
  const text = typeof token === 'string' ? token.trim() : '';
  if (text === '') throw LogmarkError.local(code, 'the token is empty');
  if (/^bearer /i.test(text)) throw LogmarkError.local(code, 'the token begins with `Bearer `: pass only the token');
  if (!/^[\x21-\x7e]+$/.test(text)) throw LogmarkError.local(code, 'the token contains characters that are not allowed');
  return text;
}

/** The URL for error messages, which may be logged: without the query, which contains cursors. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function invalid(detail: string): LogmarkError {
  return LogmarkError.local('invalid_request', detail);
}
