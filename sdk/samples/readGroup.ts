import { Logmark } from 'logmark';

const logmark = new Logmark({ url: process.env.LOGMARK_URL!, token: process.env.LOGMARK_TOKEN! });

// One response of any length, read as it arrives. An incomplete stream is an error.
for await (const event of logmark.stream({ group: '/acme/api', start: '-15m' })) {
  console.log(event.logStream, event.message);
}
