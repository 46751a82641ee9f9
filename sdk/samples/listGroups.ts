import { Logmark } from 'logmark';

const logmark = new Logmark({ url: process.env.LOGMARK_URL!, token: process.env.LOGMARK_TOKEN! });

for await (const group of logmark.groups()) console.log(group.name, group.storedBytes);
