import { defineConfig } from '@hey-api/openapi-ts';

export default defineConfig({
  input: '../../openapi/openapi.json',
  output: { path: 'src/generated', module: { extension: '.js' } },
  logs: { level: 'silent', file: false },
  plugins: [
    '@hey-api/typescript',
    // Errors are thrown and answers are the data: what the conveniences do, too.
    { name: '@hey-api/client-fetch', throwOnError: true },
    // No client of the module's own: each call names the one that it goes through.
    { name: '@hey-api/sdk', client: false, responseStyle: 'data' },
  ],
});
