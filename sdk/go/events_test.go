package logmark_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"logmark.example/logmark"
)

var ctx = context.Background()

func TestGroupsAreListedToTheEnd(t *testing.T) {
	var names []string
	list := acme(t).API.GroupsAPI.ListGroups(ctx).Limit(4)
	for {
		page, _, err := list.Execute()
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range page.Groups {
			names = append(names, group.Name)
		}
		if page.GetNextCursor() == "" {
			break
		}
		list = list.Cursor(page.GetNextCursor())
	}
	expected := "/acme/api /acme/big /acme/down/502 /acme/down/503 /acme/down/504 /acme/endless /acme/failing /acme/java/orders /acme/many /acme/midway /acme/queried /acme/small"
	if got := strings.Join(names, " "); got != expected {
		t.Fatal(got)
	}
}

func TestEventsComeOnceAndInOrderOverManyPages(t *testing.T) {
	request := bigRequest()
	request.PageSize = 777
	events := acme(t).Events(ctx, request)
	expectMessages(t, events, allOfBig())
	// The end.
	expectMessages(t, acme(t).Events(ctx, logmark.EventsRequest{Cursor: events.Cursor()}), []string{})
}

func TestTooManyRequestsAreWaitedOut(t *testing.T) {
	request := bigRequest()
	request.PageSize = 1000
	expectMessages(t, withToken(t, "LOGMARK_TOKEN_LIMITED").Events(ctx, request), allOfBig())
}

func TestReadingGoesOnWhereItWasLeft(t *testing.T) {
	client := acme(t)
	request := bigRequest()
	request.PageSize = 500
	first := client.Events(ctx, request)
	var messages []string
	for len(messages) < 2000 {
		page := first.NextPage()
		if page == nil {
			t.Fatal(first.Err())
		}
		for _, event := range page.Events {
			messages = append(messages, event.Message)
		}
	}
	rest, err := collect(client.Events(ctx, logmark.EventsRequest{Cursor: first.Cursor(), PageSize: 3000}))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(append(messages, rest...), allOfBig()) {
		t.Fatal("something is missing, or came twice")
	}
}

func TestWithinAPageTheCursorStaysBeforeIt(t *testing.T) {
	request := bigRequest()
	request.PageSize = 100
	events := acme(t).Events(ctx, request)
	var cursors []string
	for len(cursors) < 200 {
		if !events.Next() {
			t.Fatal(events.Err())
		}
		cursors = append(cursors, events.Cursor())
	}
	if cursors[98] != "" || cursors[99] == "" || cursors[99] != cursors[198] || cursors[198] == cursors[199] {
		t.Fatal(cursors[98], cursors[99], cursors[198], cursors[199])
	}
	next := acme(t).Events(ctx, logmark.EventsRequest{Cursor: cursors[199]})
	if !next.Next() || next.Event().Message != "event 00200" {
		t.Fatal(next.Err())
	}
}

func TestFollowingGoesOnBeyondTheEndUntilItIsToldToStop(t *testing.T) {
	stoppable, stop := context.WithCancel(ctx)
	defer stop()
	request := smallRequest()
	request.Follow = 50 * time.Millisecond
	events := through(t, "plain").Events(stoppable, request)
	for _, message := range small {
		if !events.Next() || events.Event().Message != message {
			t.Fatal(message, events.Err())
		}
	}
	for round := 0; round < 2; round++ {
		if page := events.NextPage(); page == nil || len(page.Events) != 0 {
			t.Fatal(page, events.Err())
		}
	}
	stop()
	if events.Next() || !errors.Is(events.Err(), context.Canceled) {
		t.Fatal(events.Err())
	}
}

func TestNamesArePutInSafely(t *testing.T) {
	client := acme(t)
	expectMessages(t, client.Events(ctx, smallRequest()), small)
	names := map[string]string{"/acme/small": oddStream, ":acme:small": strings.ReplaceAll(oddStream, "/", ":")}
	for group, stream := range names {
		page, _, err := client.API.EventsAPI.ReadStream(ctx, group, stream).Start(begin).Execute()
		if err != nil {
			t.Fatal(group, err)
		}
		var messages []string
		for _, event := range page.Events {
			messages = append(messages, event.Message)
		}
		if !reflect.DeepEqual(messages, small) {
			t.Fatal(group, messages)
		}
		described, _, err := client.API.GroupsAPI.DescribeGroup(ctx, group).Execute()
		if err != nil || described.Name != "/acme/small" {
			t.Fatal(described, err)
		}
	}
}

func TestATokenIsAskedForBeforeEachRequestAndOnceMoreWhenItIsRefused(t *testing.T) {
	tokens := []string{variable(t, "LOGMARK_TOKEN_EXPIRED"), variable(t, "LOGMARK_TOKEN"), variable(t, "LOGMARK_TOKEN")}
	source := func(context.Context) (string, error) {
		if len(tokens) == 0 {
			return "", errors.New("there are no more tokens")
		}
		token := tokens[0]
		tokens = tokens[1:]
		return token, nil
	}
	client := newClient(t, variable(t, "LOGMARK_URL"), logmark.TokenFunc(source))
	expectMessages(t, client.Events(ctx, smallRequest()), small)
	if len(tokens) != 1 {
		t.Fatal(len(tokens))
	}
	if _, _, err := client.API.GroupsAPI.ListGroups(ctx).Execute(); err != nil {
		t.Fatal(err)
	}
	_, err := collect(client.Events(ctx, smallRequest()))
	if failure := expectError(t, err, "0 token_failed"); failure.Detail != "there are no more tokens" {
		t.Fatal(failure)
	}
}
