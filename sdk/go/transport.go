package logmark

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// transport handles token, retries and errors of all requests, generated operations and helper functions.
//
// It returns error responses as *Error, which a general RoundTripper must not do. This one is only for this API, so that generated
// operations return the same errors. JSON bodies are read here, so that an interrupted body is retried; other bodies are passed on
// as they arrive.
type transport struct {
	base   http.RoundTripper
	tokens TokenSource
	retry  Retry
}

func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	token, failure := t.token(request)
	if failure != nil {
		return nil, failure
	}
	renewed := false
	waited := time.Duration(0)
	for retries := 0; ; retries++ {
		answer, failure := t.sendOnce(request, token)
		if failure == nil {
			return answer, nil
		}
		if failure.Status == http.StatusUnauthorized && !renewed {
			renewed = true
			newer, lacking := t.token(request)
			if lacking != nil {
				return nil, lacking
			}
			if newer != token {
				token = newer
				retries--
				continue
			}
		}
		pause, again := t.retry.pause(request.Method, failure, retries, waited)
		if !again || ctx.Err() != nil {
			return nil, failure
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, ownError(CodeConnectionFailed, "", err)
		}
		waited += pause
		if token, failure = t.token(request); failure != nil {
			return nil, failure
		}
	}
}

func (t *transport) token(request *http.Request) (string, *Error) {
	token, err := t.tokens.Token(request.Context())
	if err != nil {
		return "", ownError(CodeTokenFailed, "", err)
	}
	return checkedToken(token, CodeTokenFailed)
}

func (t *transport) sendOnce(request *http.Request, token string) (*http.Response, *Error) {
	sent := request.Clone(request.Context())
	if request.GetBody != nil {
		body, err := request.GetBody()
		if err != nil {
			return nil, ownError(CodeInvalidRequest, "", err)
		}
		sent.Body = body
	}
	sent.Header.Set("Authorization", "Bearer "+token)
	answer, err := t.base.RoundTrip(sent)
	if err != nil {
		return nil, ownError(CodeConnectionFailed, "no response from "+shown(request.URL), err)
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		// The status is sufficient: an unreadable body is ignored.
		body, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
		answer.Body.Close()
		return nil, errorOfAnswer(answer, body, shown(request.URL)+": ")
	}
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
		// An HTML page is a response of another server.
		answer.Body.Close()
		detail := shown(request.URL) + " responded with a page of HTML: is this the address of the service?"
		failure := ownError(CodeUnexpectedAnswer, detail, nil)
		failure.Status = answer.StatusCode
		return nil, failure
	}
	if !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
		return answer, nil
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil {
		return nil, ownError(CodeConnectionFailed, fmt.Sprintf("the answer broke off after %d bytes", len(body)), err)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// shown is the URL for error messages, which may be logged: without credentials, and without the query, which contains cursors.
func shown(address *url.URL) string {
	return (&url.URL{Scheme: address.Scheme, Host: address.Host, Path: address.Path, RawPath: address.RawPath}).String()
}
