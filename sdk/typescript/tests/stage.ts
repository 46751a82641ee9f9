// The environment of the tests; `sdk/CONTRIBUTING.md` describes the service.
import { Logmark, LogmarkError, type LogmarkOptions } from 'logmark';

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: these tests are run by \`cargo test --test integration sdk::\``);
  return value;
}

export const URL = variable('LOGMARK_URL');
export const TOKEN = variable('LOGMARK_TOKEN');
export const NARROW = variable('LOGMARK_TOKEN_NARROW');
export const EXPIRED = variable('LOGMARK_TOKEN_EXPIRED');
export const LIMITED = variable('LOGMARK_TOKEN_LIMITED');
export const WATCHER = variable('LOGMARK_TOKEN_WATCHER');
const FRONT = variable('LOGMARK_FRONT_URL');

export const BEGIN = '2026-11-20T10:00:00Z';
export const ODD_STREAM = '2026/11/20/[$LATEST]a#b?c d é%2F+&=';
export const BIG = Array.from({ length: 10_000 }, (_, number) => `event ${String(number).padStart(5, '0')}`);
export const SMALL = ['plain', `quotes " and \\ and 'these'`, 'two lines\nof ünïcödé 🪵'];

export function acme(options: Partial<LogmarkOptions> = {}): Logmark {
  return new Logmark({ url: URL, token: TOKEN, ...options });
}

/** The same through the faulty proxy, at one of its paths. */
export function through(habit: string, options: Partial<LogmarkOptions> = {}): Logmark {
  return acme({ url: `${FRONT}/${habit}/`, ...options });
}

/** Requests to the proxy so far that contain this text. */
export async function seen(text: string): Promise<Array<string>> {
  const all = (await (await fetch(`${FRONT}/seen`)).json()) as Array<string>;
  return all.filter((line) => line.includes(text));
}

/** The error that it ends in. */
export async function failure(what: () => Promise<unknown>): Promise<LogmarkError> {
  try {
    await what();
  } catch (error) {
    if (error instanceof LogmarkError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

export async function all<T>(items: AsyncIterable<T>): Promise<Array<T>> {
  const found: Array<T> = [];
  for await (const item of items) found.push(item);
  return found;
}
