// A real OpenID provider (npm's oidc-provider) as the issuer of a test: discovery, keys, and access tokens as JWTs.
//
// Prints its URL. Then each line of standard input is a command, answered by one line of JSON:
//   token CLIENT RESOURCE   an access token for the resource, by client credentials; RESOURCE `-`: none, so the token is opaque
//   rotate                  a new key signs, and the old key is withdrawn
// Ends with standard input.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

const SCOPES = 'logs:read:/acme/* logs:query:/acme/api openid';

function key() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'ES256' };
}

function client(id, scope) {
  return {
    client_id: id, client_secret: `${id}-secret`, grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope,
    id_token_signed_response_alg: 'ES256',
  };
}

/** A provider with one key. Its claims name the tenant and the groups of the client. */
function provider(issuer) {
  const made = new Provider(issuer, {
    jwks: { keys: [key()] },
    cookies: { keys: [randomUUID()] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clients: [client('portal', SCOPES), client('batch')],
    scopes: SCOPES.split(' '),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        getResourceServerInfo: (_context, resource) => ({
          scope: SCOPES, audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 600, jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    extraTokenClaims: (_context, token) => ({
      tenant: 'acme', groups: token.clientId === 'batch' ? ['log-readers', 'staff'] : ['staff'],
    }),
  });
  made.on('server_error', (_context, error) => console.error(error));
  return made.callback();
}

let current;
const server = createServer((request, response) => current(request, response));
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
current = provider(issuer);
console.log(issuer);

async function token(name, resource) {
  const discovered = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (resource !== '-') form.set('resource', resource);
  if (name === 'portal') form.set('scope', 'logs:read:/acme/* logs:query:/acme/api');
  const authorization = `Basic ${Buffer.from(`${name}:${name}-secret`).toString('base64')}`;
  return (await fetch(discovered.token_endpoint, { method: 'POST', headers: { authorization }, body: form })).json();
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...words] = line.split(' ');
  if (command === 'rotate') current = provider(issuer);
  console.log(JSON.stringify(command === 'token' ? await token(...words) : {}));
}
server.close();
server.closeAllConnections();
