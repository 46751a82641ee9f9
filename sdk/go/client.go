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

// A TokenSource gives the token for a request. It is asked before each, and once more after a 401, so that a token can be renewed;
// it keeps what it gave as long as it likes.
type TokenSource interface {
	Token(ctx context.Context) (string, error)
}

// A TokenFunc is a TokenSource that is a function.
type TokenFunc func(ctx context.Context) (string, error)

// Token calls the function.
func (f TokenFunc) Token(ctx context.Context) (string, error) { return f(ctx) }

// Token is a source whose token stays. New refuses one that is empty, or that begins with "Bearer ".
func Token(token string) TokenSource { return fixedToken(token) }

type fixedToken string

func (t fixedToken) Token(context.Context) (string, error) { return string(t), nil }

// String keeps the token out of what is printed.
func (fixedToken) String() string { return "logmark.Token(…)" }

// GoString does so for %#v.
func (fixedToken) GoString() string { return "logmark.Token(…)" }

// checkedToken is the token without the white space around it, as a file has it.
func checkedToken(token, code string) (string, *Error) {
	token = strings.TrimSpace(token)
	switch {
	case token == "":
		return "", ownError(code, "the token is empty", nil)
	case len(token) > 7 && strings.EqualFold(token[:7], "bearer "):
		return "", ownError(code, "the token begins with `Bearer `: give the token alone", nil)
	case strings.IndexFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0:
		return "", ownError(code, "the token has characters that no token has", nil)
	}
	return token, nil
}

// At is a moment for Start and End.
func At(moment time.Time) string { return moment.UTC().Format(time.RFC3339Nano) }

// A Client of one service, with one identity. It may be used by many goroutines.
type Client struct {
	// API has every operation of the service, generated: with this client's token, retries and errors.
	API *generated.APIClient

	url  string
	http *http.Client
}

// An Option changes what a Client is made of.
type Option func(*transport)

// WithRetry says what is tried again; by default five times, waiting for no more than a minute in all.
func WithRetry(retry Retry) Option {
	return func(t *transport) { t.retry = retry }
}

// WithTransport has requests sent by another transport: with a proxy, with certificates, with other time limits.
func WithTransport(base http.RoundTripper) Option {
	return func(t *transport) { t.base = base }
}

// New is a client of the service at an address, which may have a path.
func New(address string, tokens TokenSource, options ...Option) (*Client, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		// The cause repeats the address, which may have a password in it.
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
	client := &Client{url: strings.TrimRight(address, "/"), http: &http.Client{Transport: sending, CheckRedirect: noRedirect}}
	configuration := generated.NewConfiguration()
	configuration.Servers = generated.ServerConfigurations{{URL: client.url}}
	configuration.UserAgent = userAgent
	configuration.HTTPClient = client.http
	client.API = generated.NewAPIClient(configuration)
	return client, nil
}

// String is the client's address, and nothing of its token.
func (c *Client) String() string { return fmt.Sprintf("logmark.Client(%s)", c.url) }

const userAgent = "logmark-client-go/" + version

// The API has no redirects, and a token is not for whoever sends one.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func defaultTransport() http.RoundTripper {
	const toConnect = 10 * time.Second
	// Longer than the service works on one answer, and than it waits for a query (Prefer: wait=20).
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
