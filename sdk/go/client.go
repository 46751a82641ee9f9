package logmark

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"logmark.example/logmark/generated"
)

// version is sent as part of the user agent.
const version = "0.1.0"

// A TokenSource returns the token for a request. It is called before each request, and again after a 401, so that it can renew the
// token. It may cache tokens.
type TokenSource interface {
	Token(ctx context.Context) (string, error)
}

// A TokenFunc is a function that is a TokenSource.
type TokenFunc func(ctx context.Context) (string, error)

// Token calls the function.
func (f TokenFunc) Token(ctx context.Context) (string, error) { return f(ctx) }

// Token is a source with a fixed token. New refuses an empty token, and one that begins with "Bearer ".
func Token(token string) TokenSource { return fixedToken(token) }

type fixedToken string

func (t fixedToken) Token(context.Context) (string, error) { return string(t), nil }

// String does not print the token.
func (fixedToken) String() string { return "logmark.Token(…)" }

// GoString does not print the token with %#v.
func (fixedToken) GoString() string { return "logmark.Token(…)" }

// checkedToken removes surrounding white space, such as a file's last newline.
func checkedToken(token, code string) (string, *Error) {
	token = strings.TrimSpace(token)
	switch {
	case token == "":
		return "", ownError(code, "the token is empty", nil)
	case len(token) > 7 && strings.EqualFold(token[:7], "bearer "):
		return "", ownError(code, "the token begins with `Bearer `: pass only the token", nil)
	case strings.IndexFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0:
		return "", ownError(code, "the token contains characters that are not allowed", nil)
	}
	return token, nil
}

// At formats a time for Start and End.
func At(moment time.Time) string { return moment.UTC().Format(time.RFC3339Nano) }

// A Client for one service, with one identity. It is safe for concurrent use.
type Client struct {
	// API has the generated operations of the service, with this client's token, retries and errors.
	API *generated.APIClient

	url          string
	http         *http.Client
	renewsTokens bool
}

// An Option configures a Client.
type Option func(*transport)

// WithRetry sets the retries; by default five, with at most a minute of waiting in total.
func WithRetry(retry Retry) Option {
	return func(t *transport) { t.retry = retry }
}

// WithTransport replaces the transport, for example to set a proxy, certificates or timeouts.
func WithTransport(base http.RoundTripper) Option {
	return func(t *transport) { t.base = base }
}

// New returns a client for the service at a URL, which may have a path.
func New(address string, tokens TokenSource, options ...Option) (*Client, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		// The cause repeats the URL, which may contain a password.
		return nil, ownError(CodeInvalidRequest, "the address is not a URL", nil)
	}
	if (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Host == "" {
		return nil, ownError(CodeInvalidRequest, fmt.Sprintf("`%s` is neither an http nor an https URL", address), nil)
	}
	if parsed.User != nil {
		return nil, ownError(CodeInvalidRequest, "the URL has a user name or a password", nil)
	}
	if tokens == nil {
		return nil, ownError(CodeInvalidRequest, "a client needs a source of tokens", nil)
	}
	if fixed, is := tokens.(fixedToken); is {
		if _, failure := checkedToken(string(fixed), CodeInvalidRequest); failure != nil {
			return nil, failure
		}
	}
	sending := &transport{base: defaultTransport(), tokens: tokens, retry: DefaultRetry}
	for _, option := range options {
		option(sending)
	}
	_, isFixed := tokens.(fixedToken)
	client := &Client{
		url:          strings.TrimRight(address, "/"),
		http:         &http.Client{Transport: sending, CheckRedirect: noRedirect},
		renewsTokens: !isFixed,
	}
	configuration := generated.NewConfiguration()
	configuration.Servers = generated.ServerConfigurations{{URL: client.url}}
	configuration.UserAgent = userAgent
	configuration.HTTPClient = client.http
	client.API = generated.NewAPIClient(configuration)
	return client, nil
}

// String returns the client's URL, without the token.
func (c *Client) String() string { return fmt.Sprintf("logmark.Client(%s)", c.url) }

const userAgent = "logmark-client-go/" + version

// The API has no redirects, and a redirect must not receive the token.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func defaultTransport() http.RoundTripper {
	const toConnect = 10 * time.Second
	// Longer than the service needs for one response, and than it waits for a query (Prefer: wait=20).
	const toFirstByte = 60 * time.Second
	dialer := &net.Dialer{Timeout: toConnect, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSHandshakeTimeout:   toConnect,
		ResponseHeaderTimeout: toFirstByte,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
	}
}
