package logmark_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"logmark.example/logmark"
)

func bigTail() logmark.TailRequest {
	return logmark.TailRequest{Group: "/acme/big", Stream: "web-1", Start: begin}
}

// take returns the messages of the next count events.
func take(t *testing.T, tail *logmark.Tail, count int) []string {
	t.Helper()
	t.Cleanup(tail.Close)
	var found []string
	for len(found) < count && tail.Next() {
		if tail.Item().Event == nil {
			t.Fatalf("%+v", tail.Item())
		}
		found = append(found, tail.Item().Event.Message)
	}
	if err := tail.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestATailBeginsWithItsHistoryAndOutlivesCuts(t *testing.T) {
	if found := take(t, through(t, "live").Tail(ctx, bigTail()), 10000); !reflect.DeepEqual(found, allOfBig()) {
		t.Fatalf("%d messages: %.300q", len(found), found)
	}
}

func TestATailOutlivesCutsAtAnyByteAndBuffersThatAreLost(t *testing.T) {
	for _, habit := range []string{"ragged", "buffered"} {
		if found := take(t, through(t, habit).Tail(ctx, bigTail()), 10000); !reflect.DeepEqual(found, allOfBig()) {
			t.Fatalf("%s: %d messages: %.300q", habit, len(found), found)
		}
	}
}

func TestNothingIsLostWhereIdleConnectionsAreClosed(t *testing.T) {
	address := variable(t, "LOGMARK_FRONT_URL") + "/idle/"
	client := newClient(t, address, logmark.Token(variable(t, "LOGMARK_TOKEN_WATCHER")))
	found := take(t, client.Tail(ctx, logmark.TailRequest{Group: "/watched/ticks"}), 6)
	var first int
	if _, err := fmt.Sscanf(found[0], "tick %d", &first); err != nil {
		t.Fatal(err)
	}
	for number, message := range found {
		if message != fmt.Sprintf("tick %d", first+number) {
			t.Fatalf("%q", found)
		}
	}
}

func TestATailIsResumedByItsCursor(t *testing.T) {
	first := acme(t).Tail(ctx, bigTail())
	found := take(t, first, 100)
	found = append(found, take(t, acme(t).Tail(ctx, logmark.TailRequest{Cursor: first.Cursor()}), 100)...)
	if !reflect.DeepEqual(found, allOfBig()[:200]) {
		t.Fatalf("%q", found)
	}
}

func TestEveryKindOfItemHasItsFieldAndARefusalEndsIt(t *testing.T) {
	tail := through(t, "items").Tail(ctx, logmark.TailRequest{Group: "/acme/big"})
	defer tail.Close()
	var found []string
	for tail.Next() {
		switch item := tail.Item(); {
		case item.Event != nil:
			found = append(found, item.Event.Message)
		case item.Gap != nil:
			from, to := item.Gap.From.Format(time.RFC3339), item.Gap.To.Format(time.RFC3339)
			found = append(found, fmt.Sprint(from, " ", to, " ", item.Gap.Reason, " ", item.Gap.Recovered))
		case item.Sampled != nil:
			found = append(found, fmt.Sprintf("%+v", *item.Sampled))
		case item.Notice != nil:
			found = append(found, fmt.Sprintf("%+v", *item.Notice))
		}
	}
	expectError(t, tail.Err(), "403 insufficient_scope")
	expected := []string{"one", "2026-11-20T10:00:00Z 2026-11-20T10:00:01Z dropped true", "{Above:500}", "{Mode:sweeps}", "two"}
	if !reflect.DeepEqual(found, expected) || tail.Cursor() != "e" {
		t.Fatalf("%q, %q", found, tail.Cursor())
	}
}

func TestARefusedTailIsAnErrorAtOnce(t *testing.T) {
	refused := func(client *logmark.Client, group, expected string) {
		t.Helper()
		tail := client.Tail(ctx, logmark.TailRequest{Group: group})
		defer tail.Close()
		if tail.Next() {
			t.Fatalf("%+v", tail.Item())
		}
		expectError(t, tail.Err(), expected)
	}
	refused(acme(t), "/acme/none", "404 not_found")
	refused(withToken(t, "LOGMARK_TOKEN_EXPIRED"), "/acme/big", "401 expired_token")
	refused(through(t, "html", logmark.WithRetry(logmark.NeverRetry)), "/acme/big", "502 http_error")
}
