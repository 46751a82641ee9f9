import { LogmarkError } from './error.js';
import type { Client } from './generated/client/index.js';
import type { TailOptions } from './tail.js';
import { timeText } from './values.js';

/** A ticket for one GET of one URL. Anybody who has it can use it once, until it expires. */
export interface Ticket {
  ticket: string;
  /** The URL with the ticket, relative to the service. */
  url: string;
  expiresAt: string;
}

/** A ticket for one GET of a URL such as `/logs/:acme:api?follow=true`. */
export async function ticket(client: Client, url: string, signal?: AbortSignal): Promise<Ticket> {
  const body = JSON.stringify({ url });
  const options = { url: '/tickets', body, bodySerializer: null, headers: { 'content-type': 'application/json' }, signal };
  const answer = (await client.post(options as Parameters<Client['post']>[0])) as unknown as Partial<Ticket>;
  const { ticket, url: withTicket, expiresAt } = answer;
  if (ticket === undefined || withTicket === undefined || expiresAt === undefined) {
    throw LogmarkError.local('unexpected_answer', 'the service gave no ticket');
  }
  return { ticket, url: withTicket, expiresAt };
}

/** The path of a tail, for a ticket. */
export function tailPath(options: Omit<TailOptions, 'signal'>): string {
  const { start, streams, cursor, ...texts } = options;
  const query = new URLSearchParams();
  if (cursor !== undefined) {
    query.set('cursor', cursor);
  } else {
    for (const [name, value] of Object.entries(texts)) if (value !== undefined) query.set(name, String(value));
    for (const stream of streams ?? []) query.append('streams', stream);
    if (start !== undefined) query.set('start', timeText('start', start));
  }
  query.set('follow', 'true');
  return `/logs?${query}`;
}
