import { Logmark } from 'logmark';

const logmark = new Logmark({ url: process.env.LOGMARK_URL!, token: process.env.LOGMARK_TOKEN! });

const { rows, statistics } = await logmark.query({
  query: 'stats count(*) by status',
  logGroups: ['/acme/api'],
  start: '-1h',
  timeout: 120,
});
for (const row of rows) console.log(row);
console.log(statistics?.bytesScanned, 'bytes scanned');
