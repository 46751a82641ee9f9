import { LogmarkError } from './error.js';

/** A moment: a `Date`, or the API's own forms: RFC 3339, epoch seconds or milliseconds, relative to now (`-15m`). */
export type Moment = string | number | Date;

/** Parameters with `start` and `end` as the API takes them. */
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

/** A moment as the API takes it. */
export function timeText(name: string, value: Moment): string {
  if (!(value instanceof Date)) return String(value);
  if (Number.isNaN(value.getTime())) throw invalid(`\`${name}\` is a Date that is not valid`);
  return value.toISOString();
}

/** The service's address without the slashes at its end; it may have a path. */
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

/** The token without the white space around it, as a file has it. */
export function checkedToken(token: unknown, code = 'invalid_request'): string {
  const text = typeof token === 'string' ? token.trim() : '';
  if (text === '') throw LogmarkError.local(code, 'the token is empty');
  if (/^bearer /i.test(text)) throw LogmarkError.local(code, 'the token begins with `Bearer `: give the token alone');
  if (!/^[\x21-\x7e]+$/.test(text)) throw LogmarkError.local(code, 'the token has characters that no token has');
  return text;
}

/** The address for an error, which goes to a log: without the query, which has cursors. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function invalid(detail: string): LogmarkError {
  return LogmarkError.local('invalid_request', detail);
}
