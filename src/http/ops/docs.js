// The documentation: Swagger UI with code samples for every operation, one line for each error, and a token that stays in the tab.
'use strict';

(() => {
  const STORED = 'logmark.token';
  const SCHEME = 'token';

  /** Session storage may be disabled: then the token lasts until the next reload. */
  const storage = {
    read() { try { return sessionStorage.getItem(STORED); } catch { return null; } },
    write(value) { try { sessionStorage.setItem(STORED, value); } catch { /* nothing to keep it in */ } },
    clear() { try { sessionStorage.removeItem(STORED); } catch { /* nothing was kept */ } },
  };

  const SessionToken = () => ({
    statePlugins: {
      auth: {
        wrapActions: {
          authorize: (original) => (payload) => {
            const value = payload?.[SCHEME]?.value;
            if (value) storage.write(value);
            return original(payload);
          },
          logout: (original) => (names) => {
            storage.clear();
            return original(names);
          },
        },
      },
    },
  });

  /** A curl command for an operation without samples, from the examples of its required parameters. */
  function generated(specification, path, method, operation) {
    const parameters = (operation.parameters ?? []).filter((parameter) => parameter.required);
    const value = (parameter) => String(parameter.example ?? parameter.schema?.example ?? parameter.schema?.enum?.[0] ?? parameter.name.toUpperCase());
    let target = path;
    const query = [];
    for (const parameter of parameters) {
      if (parameter.in === 'path') target = target.replace(`{${parameter.name}}`, value(parameter));
      if (parameter.in === 'query') query.push(`${parameter.name}=${value(parameter)}`);
    }
    if (query.length) target += `?${query.join('&')}`;
    const lines = ['curl --fail-with-body --silent --show-error'];
    if (method !== 'get') lines.push(`--request ${method.toUpperCase()}`);
    const security = operation.security ?? specification.security ?? [];
    if (security.some((one) => Object.keys(one).length)) lines.push('--header "Authorization: Bearer $LOGMARK_TOKEN"');
    lines.push(`"$LOGMARK_URL${target}"`);
    return [{ lang: 'Shell', label: 'curl', source: lines.join(' \\\n    ') }];
  }

  let preferred = null;

  const CodeSamples = (system) => {
    const { React } = system;
    const element = React.createElement;

    function Samples({ samples, id }) {
      const [label, choose] = React.useState(preferred);
      const [copied, setCopied] = React.useState(false);
      const shown = samples.find((sample) => sample.label === label) ?? samples[0];
      const pick = (next) => { preferred = next; choose(next); setCopied(false); };
      const tab = (sample) => element('button', {
        key: sample.label, type: 'button', role: 'tab', 'aria-selected': sample === shown, onClick: () => pick(sample.label),
      }, sample.label);
      const copy = navigator.clipboard && element('button', {
        type: 'button', className: 'logmark-copy',
        onClick: () => navigator.clipboard.writeText(shown.source).then(() => setCopied(true), () => setCopied(false)),
      }, copied ? 'Copied' : 'Copy');
      return element('section', { className: 'logmark-samples', 'aria-labelledby': id },
        element('h4', { id }, 'Code samples'),
        element('div', { role: 'tablist', 'aria-labelledby': id }, samples.map(tab), copy),
        element('pre', { tabIndex: 0, 'aria-label': `${shown.label} sample` }, element('code', null, shown.source)));
    }

    /** Shows the samples between the parameters and the responses. */
    const withSamples = (Original) => function Responses(props) {
      const { path, method } = props;
      const specification = system.specSelectors.specJson().toJS();
      const operation = specification.paths?.[path]?.[method];
      const samples = operation && (operation['x-codeSamples'] ?? generated(specification, path, method, operation));
      return element(React.Fragment, null,
        samples && element(Samples, { samples, id: `samples-${operation.operationId}` }),
        element(Original, props));
    };

    /** Errors are described on the pages of their codes; an operation shows one line for each error status. */
    const short = (Original) => function Response(props) {
      const { code, response } = props;
      if (!/^[345]/.test(code)) return element(Original, props);
      const description = String(response.get('description') ?? '');
      // The codes of an error are before the colon; each has a page.
      const codes = /^[45]/.test(code) ? description.indexOf(':') : -1;
      let at = 0;
      const text = description.split('`').map((word, index) => {
        const isCode = at < codes;
        at += word.length + 1;
        if (index % 2 === 0) return word;
        const shown = element('code', { key: index }, word);
        return isCode ? element('a', { key: index, href: `../problems/${word}` }, shown) : shown;
      });
      return element('tr', { className: 'response logmark-problem', 'data-code': code },
        element('td', null, code), element('td', { colSpan: 2 }, text));
    };

    return { wrapComponents: { responses: withSamples, response: short } };
  };

  function colours() {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const apply = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
    dark.addEventListener('change', apply);
    apply();
  }

  colours();
  window.addEventListener('load', () => {
    const ui = SwaggerUIBundle({
      url: '../openapi.json',
      dom_id: '#swagger-ui',
      layout: 'BaseLayout',
      presets: [SwaggerUIBundle.presets.apis],
      plugins: [SessionToken, CodeSamples],
      validatorUrl: null,
      deepLinking: true,
      tryItOutEnabled: true,
      displayRequestDuration: true,
      displayOperationId: true,
      defaultModelsExpandDepth: -1,
      filter: true,
      // Otherwise Swagger UI keeps the token in local storage, where it outlives the tab.
      persistAuthorization: false,
      onComplete: () => {
        const token = storage.read();
        if (token) ui.preauthorizeApiKey(SCHEME, token);
      },
    });
  });
})();
