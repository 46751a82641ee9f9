import { listGroups, Logmark } from 'logmark';

const logmark = new Logmark({ url: process.env.LOGMARK_URL!, token: process.env.LOGMARK_TOKEN! });

let cursor: string | null | undefined;
do {
  const page = await listGroups({ client: logmark.client, query: { cursor: cursor ?? undefined } });
  for (const group of page.groups) console.log(group.name, group.storedBytes);
  cursor = page.nextCursor;
} while (cursor);
