import { Logmark } from 'logmark';

const logmark = new Logmark({ url: process.env.LOGMARK_URL!, token: process.env.LOGMARK_TOKEN! });

const events = logmark.events({ group: '/acme/api', stream: 'prod-a', start: '-15m' });
for await (const event of events) {
  console.log(event.timestamp, event.message);
}
console.log('continue from cursor', events.cursor);
