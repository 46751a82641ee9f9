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
type TokenSource func(ctx context.Context) (string, error)

// Token is a source whose token stays.
func Token(token string) TokenSource {
	return func(context.Context) (string, error) { return token, nil }
}

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
		return nil, ownError(CodeInvalidRequest, fmt.Sprintf("`%s` is not a URL", address), err)
	}
	if (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Host == "" {
		return nil, ownError(CodeInvalidRequest, fmt.Sprintf("`%s` is neither an http nor an https URL", address), nil)
	}
	if tokens == nil {
		return nil, ownError(CodeInvalidRequest, "a client needs a source of tokens", nil)
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
