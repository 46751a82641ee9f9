package logmark_test

import (
	"fmt"
	"reflect"
	"sort"
	"strings"
	"testing"
	"time"

	"logmark.example/logmark"
	"logmark.example/logmark/generated"
)

func start(client *logmark.Client, group, query string) error {
	body := generated.NewQueryToStart([]string{group}, query, "-1h")
	_, _, err := client.API.QueriesAPI.StartQuery(ctx).QueryToStart(*body).Execute()
	return err
}

func me(client *logmark.Client) error {
	_, _, err := client.API.CallerAPI.Me(ctx).Execute()
	return err
}

func list(client *logmark.Client, prefix string) (int, error) {
	page, _, err := client.API.GroupsAPI.ListGroups(ctx).Prefix(prefix).Execute()
	if err != nil {
		return 0, err
	}
	return len(page.Groups), nil
}

func failureOf(client *logmark.Client, request logmark.EventsRequest) error {
	_, err := collect(client.Events(ctx, request))
	return err
}

func TestWhatIsWrongWithTheInputIsSaidFaultByFault(t *testing.T) {
	client := acme(t)
	err := failureOf(client, logmark.EventsRequest{Group: "/acme/big", Start: "yesterday", PageSize: -1})
	failure := expectError(t, err, "400 invalid_parameter")
	var parameters []string
	for _, fault := range failure.Errors {
		parameters = append(parameters, fault.GetParameter())
	}
	sort.Strings(parameters)
	if !reflect.DeepEqual(parameters, []string{"limit", "start"}) || len(failure.RequestID) != 32 || failure.Title == "" {
		t.Fatalf("%+v", failure)
	}
	if !strings.Contains(failure.Error(), failure.Detail) {
		t.Fatal(failure)
	}
	failure = expectError(t, start(client, "/acme/queried", "stat count(*)"), "400 invalid_query")
	if failure.Errors[0].GetPointer() != "/query" || failure.Errors[0].Position == nil {
		t.Fatalf("%+v", failure.Errors)
	}
	expectError(t, failureOf(client, logmark.EventsRequest{Cursor: "made-up"}), "400 invalid_cursor")
}

func TestATokenIsRefusedWithItsReason(t *testing.T) {
	expectError(t, me(withToken(t, "LOGMARK_TOKEN_EXPIRED")), "401 expired_token")
	narrow := withToken(t, "LOGMARK_TOKEN_NARROW")
	expectMessages(t, narrow.Events(ctx, smallRequest()), small)
	failure := expectError(t, failureOf(narrow, bigRequest()), "403 insufficient_scope")
	if !strings.Contains(failure.Detail, "logs:read:/acme/big") {
		t.Fatal(failure)
	}
}

func TestWhatIsNotThereAndWhatIsNotAllowed(t *testing.T) {
	client := acme(t)
	for _, group := range []string{"/acme/gone", "/other/x"} {
		_, err := client.Stream(ctx, logmark.EventsRequest{Group: group})
		expectError(t, err, "404 not_found")
	}
	_, _, err := client.API.GroupsAPI.DescribeGroup(ctx, "/other/x").Execute()
	expectError(t, err, "404 not_found")
	expectError(t, start(client, "/acme/queried", "SOURCE 'x' | fields a"), "422 query_forbidden")
	expectError(t, start(client, "/acme/small", "pattern @message | anomaly"), "400 invalid_query")
	large := fmt.Sprintf("fields a | filter b = %q", strings.Repeat("x", 5000))
	expectError(t, start(client, "/acme/queried", large), "413 body_too_large")
}

func TestTooManyRequestsSayWhenToComeBack(t *testing.T) {
	client := withToken(t, "LOGMARK_TOKEN_LIMITED", logmark.WithRetry(logmark.NeverRetry))
	var err error
	for err == nil {
		err = me(client)
	}
	if failure := expectError(t, err, "429 rate_limited"); failure.RetryAfter != time.Second {
		t.Fatal(failure.RetryAfter)
	}
}

func TestTheUpstreamFailsInEachOfItsWays(t *testing.T) {
	hasty := acme(t, logmark.WithRetry(logmark.NeverRetry))
	read := func(group string) error {
		return failureOf(hasty, logmark.EventsRequest{Group: group, Stream: "web-1", Start: begin})
	}
	expectError(t, read("/acme/down/502"), "502 upstream_error")
	if busy := expectError(t, read("/acme/down/503"), "503 overloaded"); busy.RetryAfter < time.Second {
		t.Fatal(busy.RetryAfter)
	}
	expectError(t, read("/acme/down/504"), "504 upstream_timeout")
}

func TestAPageThatBreaksOffIsAskedForAgain(t *testing.T) {
	_, err := list(through(t, "cut", retries(1)), "/acme/s")
	expectError(t, err, "0 connection_failed")
	if asked := seen(t, "/cut/groups?prefix=%2Facme%2Fs"); len(asked) != 2 {
		t.Fatal(asked)
	}
}

func TestConnectionsThatFailAreTriedAgainButNoQueryIsStartedTwice(t *testing.T) {
	client := through(t, "flaky")
	if count, err := list(client, "/acme/big"); count != 1 || err != nil {
		t.Fatal(count, err)
	}
	if asked := seen(t, "GET /flaky/groups?prefix=%2Facme%2Fbig"); len(asked) != 3 {
		t.Fatal(asked)
	}
	expectError(t, start(client, "/acme/queried", "fields a"), "0 connection_failed")
	if asked := seen(t, "POST /flaky/queries"); len(asked) != 1 {
		t.Fatal(asked)
	}
}

func TestRetriesAreBoundedInNumberAndInTime(t *testing.T) {
	expectError(t, me(through(t, "gone", retries(2))), "0 connection_failed")
	if asked := seen(t, "GET /gone/me"); len(asked) != 3 {
		t.Fatal(asked)
	}
	failure := expectError(t, me(through(t, "later")), "429 rate_limited")
	if asked := seen(t, "GET /later/me"); len(asked) != 1 || failure.RetryAfter != time.Hour {
		t.Fatal(asked, failure.RetryAfter)
	}
}

func TestAnAnswerThatIsNotTheServicesIsAnErrorToo(t *testing.T) {
	failure := expectError(t, me(through(t, "html", retries(1))), "502 http_error")
	if asked := seen(t, "GET /html/me"); len(asked) != 2 || !strings.Contains(failure.Detail, "Bad gateway") {
		t.Fatal(asked, failure)
	}
	nobody := newClient(t, "http://127.0.0.1:1", logmark.Token("t"), logmark.WithRetry(logmark.NeverRetry))
	failure = expectError(t, me(nobody), "0 connection_failed")
	if !strings.Contains(failure.Detail, "refused") {
		t.Fatal(failure)
	}
}

func TestWhatDoesNotFitTogetherIsRefusedBeforeItIsSent(t *testing.T) {
	request := bigRequest()
	request.Limit = 1
	expectError(t, failureOf(acme(t), request), "0 invalid_request")
	request = bigRequest()
	request.PageSize = 1
	_, err := acme(t).Stream(ctx, request)
	expectError(t, err, "0 invalid_request")
	for _, address := range []string{"logs.example.com", "ftp://logs.example.com"} {
		_, err := logmark.New(address, logmark.Token("t"))
		expectError(t, err, "0 invalid_request")
	}
}
