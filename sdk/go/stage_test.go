package logmark_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"logmark.example/logmark"
)

// The environment of the tests; sdk/CONTRIBUTING.md describes the service.

const (
	begin     = "2026-11-20T10:00:00Z"
	oddStream = "2026/11/20/[$LATEST]a#b?c d é%2F+&="
)

var small = []string{"plain", `quotes " and \ and 'these'`, "two lines\nof ünïcödé 🪵"}

func variable(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: these tests are run by `cargo test --test integration sdk::`", name)
	}
	return value
}

func newClient(t *testing.T, address string, tokens logmark.TokenSource, options ...logmark.Option) *logmark.Client {
	t.Helper()
	client, err := logmark.New(address, tokens, options...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// acme is of tenant acme, with all scopes.
func acme(t *testing.T, options ...logmark.Option) *logmark.Client {
	t.Helper()
	return withToken(t, "LOGMARK_TOKEN", options...)
}

func withToken(t *testing.T, name string, options ...logmark.Option) *logmark.Client {
	t.Helper()
	return newClient(t, variable(t, "LOGMARK_URL"), logmark.Token(variable(t, name)), options...)
}

// through is acme through the faulty proxy, at one of its paths.
func through(t *testing.T, habit string, options ...logmark.Option) *logmark.Client {
	t.Helper()
	address := variable(t, "LOGMARK_FRONT_URL") + "/" + habit + "/"
	return newClient(t, address, logmark.Token(variable(t, "LOGMARK_TOKEN")), options...)
}

func retries(count int) logmark.Option {
	return logmark.WithRetry(logmark.Retry{Retries: count, MaxWait: time.Minute})
}

// seen returns the requests to the proxy so far that contain this text.
func seen(t *testing.T, text string) []string {
	t.Helper()
	answer, err := http.Get(variable(t, "LOGMARK_FRONT_URL") + "/seen")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var all, found []string
	if err := json.Unmarshal(body, &all); err != nil {
		t.Fatal(err)
	}
	for _, line := range all {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

func bigRequest() logmark.EventsRequest {
	return logmark.EventsRequest{Group: "/acme/big", Stream: "web-1", Start: begin}
}

func smallRequest() logmark.EventsRequest {
	return logmark.EventsRequest{Group: "/acme/small", Stream: oddStream, Start: begin}
}

func allOfBig() []string {
	messages := make([]string, 10000)
	for number := range messages {
		messages[number] = fmt.Sprintf("event %05d", number)
	}
	return messages
}

// iterator is what Events and EventStream have in common.
type iterator interface {
	Next() bool
	Event() *logmark.Event
	Err() error
}

func collect(events iterator) ([]string, error) {
	messages := []string{}
	for events.Next() {
		messages = append(messages, events.Event().Message)
	}
	return messages, events.Err()
}

func expectMessages(t *testing.T, events iterator, expected []string) {
	t.Helper()
	messages, err := collect(events)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(messages, expected) {
		t.Fatalf("%d messages, not the %d expected: %.300q", len(messages), len(expected), messages)
	}
}

// expectError fails unless it is the client's error with this status (0: none) and code.
func expectError(t *testing.T, err error, expected string) *logmark.Error {
	t.Helper()
	var failure *logmark.Error
	if !errors.As(err, &failure) {
		t.Fatalf("not %s, but %v", expected, err)
	}
	if summary := fmt.Sprintf("%d %s", failure.Status, failure.Code); summary != expected {
		t.Fatalf("not %s, but %v", expected, failure)
	}
	return failure
}

func open(t *testing.T, client *logmark.Client, request logmark.EventsRequest) *logmark.EventStream {
	t.Helper()
	stream, err := client.Stream(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Close() })
	return stream
}
