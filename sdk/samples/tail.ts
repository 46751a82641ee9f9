import { Logmark } from 'logmark';

const logmark = new Logmark({ url: process.env.LOGMARK_URL!, token: process.env.LOGMARK_TOKEN! });

// Reconnects by itself; stop it with Ctrl-C. Store `tail.cursor` to resume it in another process.
const tail = logmark.tail({ group: '/acme/java/orders', start: '-15m' });
for await (const item of tail) {
  if (item.type === 'event') console.log(item.event.timestamp, item.event.message);
  if (item.type === 'gap') console.log(`events from ${item.from} to ${item.to} may be missing: ${item.reason}`);
}
