import type { Client } from './generated/client/index.js';
import { listGroups, listStreams, type Group, type ListStreamsData, type Stream } from './generated/index.js';

/** Items in a page; the maximum of the API. */
const PAGE = 1000;

export interface GroupsOptions {
  /** Only groups with this prefix. */
  prefix?: string;
  /** Ends the iteration with the signal's reason. */
  signal?: AbortSignal;
}

export interface StreamsOptions extends Pick<NonNullable<ListStreamsData['query']>, 'prefix' | 'orderBy' | 'order' | 'source'> {
  group: string;
  /** Ends the iteration with the signal's reason. */
  signal?: AbortSignal;
}

/** Groups from any number of pages, ascending by name. */
export class GroupIterator implements AsyncIterable<Group> {
  /** Sources that did not answer; their groups are missing. Known at the end of the list. */
  incomplete: Array<string> = [];
  readonly #client: Client;
  readonly #options: GroupsOptions;

  constructor(client: Client, options: GroupsOptions) {
    this.#client = client;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Group, void, undefined> {
    const { prefix, signal } = this.#options;
    let cursor: string | undefined;
    do {
      const page = await listGroups({ client: this.#client, query: { prefix, cursor, limit: PAGE }, signal });
      this.incomplete = page.incomplete ?? [];
      yield* page.groups;
      cursor = page.nextCursor;
    } while (cursor);
  }
}

/** Streams of a group from any number of pages. */
export class StreamIterator implements AsyncIterable<Stream> {
  readonly #client: Client;
  readonly #options: StreamsOptions;

  constructor(client: Client, options: StreamsOptions) {
    this.#client = client;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Stream, void, undefined> {
    const { group, signal, ...query } = this.#options;
    // `:` for `/`, because some proxies decode `%2F` in a path, which changes the path.
    const path = { group: group.replaceAll('/', ':') };
    let cursor: string | undefined;
    do {
      const page = await listStreams({ client: this.#client, path, query: { ...query, cursor, limit: PAGE }, signal });
      yield* page.streams;
      cursor = page.nextCursor;
    } while (cursor);
  }
}

/** All items of a list. */
export async function collect<T>(items: AsyncIterable<T>): Promise<Array<T>> {
  const found: Array<T> = [];
  for await (const item of items) found.push(item);
  return found;
}
