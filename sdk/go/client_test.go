package logmark_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"logmark.example/logmark"
)

func groupNames() []string {
	names := strings.Fields("api big down/502 down/503 down/504 endless failing java/orders many midway queried small")
	for place := range names {
		names[place] = "/acme/" + names[place]
	}
	return names
}

func TestGroupsStreamsAndTheCallerAreListed(t *testing.T) {
	client := acme(t)
	groups := client.Groups(ctx, "")
	var found []string
	for groups.Next() {
		found = append(found, groups.Group().Name)
	}
	if groups.Err() != nil || len(groups.Incomplete()) != 0 || !reflect.DeepEqual(found, groupNames()) {
		t.Fatal(found, groups.Err())
	}
	down, err := client.Groups(ctx, "/acme/down/").All()
	if err != nil || len(down) != 3 {
		t.Fatal(down, err)
	}
	streams := client.Streams(ctx, logmark.StreamsRequest{Group: "/acme/small", OrderBy: "lastEvent", Order: "desc"})
	if !streams.Next() || streams.Stream().Name != oddStream || streams.Next() || streams.Err() != nil {
		t.Fatal(streams.Err())
	}
	caller, err := client.Me(ctx)
	if err != nil || caller.Tenant != "acme" || !reflect.DeepEqual(caller.Scopes, []string{"logs:*:*"}) {
		t.Fatal(caller, err)
	}
}

func TestAGroupsNameGoesIntoAPathThatNoProxyChanges(t *testing.T) {
	if _, err := through(t, "plain").Streams(ctx, logmark.StreamsRequest{Group: "/acme/small"}).All(); err != nil {
		t.Fatal(err)
	}
	if asked := seen(t, "/plain/groups/:acme:small/streams"); len(asked) != 1 {
		t.Fatal(seen(t, "/streams"))
	}
}

func TestTimesMayBeMoments(t *testing.T) {
	moment, err := time.Parse(time.RFC3339, begin)
	if err != nil {
		t.Fatal(err)
	}
	request := smallRequest()
	request.Start, request.End = logmark.At(moment.In(time.FixedZone("", 7200))), logmark.At(moment.Add(time.Second))
	expectMessages(t, acme(t).Events(ctx, request), small[:1])
	expectMessages(t, open(t, acme(t), request), small[:1])
}

func TestATokenOrAnAddressThatCanNotWorkIsRefusedAtOnce(t *testing.T) {
	address := variable(t, "LOGMARK_URL")
	for token, said := range map[string]string{
		"": "empty", " \n": "empty", "Bearer e30": "pass only the token", "a b": "characters",
	} {
		_, err := logmark.New(address, logmark.Token(token))
		if failure := expectError(t, err, "0 invalid_request"); !strings.Contains(failure.Detail, said) {
			t.Fatal(failure)
		}
	}
	for _, address := range []string{"", "logs.example.com", "ftp://logs.example.com", "http://user:secret@127.0.0.1", "http://user:secret@127.0.0.1:x"} {
		_, err := logmark.New(address, logmark.Token("t"))
		if failure := expectError(t, err, "0 invalid_request"); strings.Contains(failure.Error(), "secret") {
			t.Fatal(failure)
		}
	}
	fromFile := newClient(t, address, logmark.Token(variable(t, "LOGMARK_TOKEN")+"\n"))
	if caller, err := fromFile.Me(ctx); err != nil || caller.Tenant != "acme" {
		t.Fatal(err)
	}
	empty := logmark.TokenFunc(func(context.Context) (string, error) { return "", nil })
	_, err := newClient(t, address, empty).Me(ctx)
	expectError(t, err, "0 token_failed")
}

func TestConnectionErrorsNameTheAddressAndNoCursor(t *testing.T) {
	gone := newClient(t, "http://127.0.0.1:1/prod/", logmark.Token("t"), logmark.WithRetry(logmark.NeverRetry))
	request := logmark.EventsRequest{Cursor: "made-up"}
	_, caller := gone.Me(ctx)
	_, page := collect(gone.Events(ctx, request))
	_, stream := gone.Stream(ctx, request)
	for path, err := range map[string]error{"me": caller, "logs": page, "logs: ": stream} {
		failure := expectError(t, err, "0 connection_failed")
		expected := "no response from http://127.0.0.1:1/prod/" + path
		if !strings.HasPrefix(failure.Detail, expected) || strings.Contains(failure.Error(), "made-up") {
			t.Fatal(failure)
		}
	}
}

func TestTheAddressOfSomethingElseIsSaid(t *testing.T) {
	_, err := through(t, "page").Me(ctx)
	failure := expectError(t, err, "200 unexpected_answer")
	if !strings.HasSuffix(failure.Detail, "/page/me responded with a page of HTML: is this the address of the service?") {
		t.Fatal(failure)
	}
	_, err = through(t, "html", logmark.WithRetry(logmark.NeverRetry)).Groups(ctx, "").All()
	if failure = expectError(t, err, "502 http_error"); !strings.Contains(failure.Detail, "/html/groups: <html>") {
		t.Fatal(failure)
	}
}

func TestErrorsSayEveryFaultAndWhatIsPrintedIsReadable(t *testing.T) {
	err := failureOf(acme(t), logmark.EventsRequest{Group: "/acme/big", Start: "yesterday", PageSize: -1})
	failure := expectError(t, err, "400 invalid_parameter")
	if text := failure.Error(); !strings.Contains(text, "\n  start: ") || !strings.Contains(text, "\n  limit: ") {
		t.Fatal(text)
	}
	events := acme(t).Events(ctx, smallRequest())
	if !events.Next() {
		t.Fatal(events.Err())
	}
	for _, text := range []string{fmt.Sprint(events.Event()), fmt.Sprintf("%v", *events.Event())} {
		if !strings.Contains(text, `"message":"plain"`) || strings.Contains(text, "0x") {
			t.Fatal(text)
		}
	}
	token := variable(t, "LOGMARK_TOKEN")
	client := newClient(t, "http://127.0.0.1:1/prod/", logmark.Token(token))
	if text := fmt.Sprint(client); text != "logmark.Client(http://127.0.0.1:1/prod)" {
		t.Fatal(text)
	}
	if text := fmt.Sprintf("%v %+v %#v", logmark.Token(token), logmark.Token(token), logmark.Token(token)); strings.Contains(text, token) {
		t.Fatal(text)
	}
}
