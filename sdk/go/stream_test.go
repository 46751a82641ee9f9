package logmark_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"testing"

	"logmark.example/logmark"
)

func TestAStreamBringsEverythingInOneAnswerAndSaysWhereItEnded(t *testing.T) {
	stream := open(t, acme(t), bigRequest())
	expectMessages(t, stream, allOfBig())
	if stream.StopReason() != logmark.End {
		t.Fatal(stream.StopReason())
	}
	expectMessages(t, open(t, acme(t), logmark.EventsRequest{Cursor: stream.Cursor()}), []string{})
}

func TestALimitedStreamSaysWhereItGoesOn(t *testing.T) {
	request := bigRequest()
	request.Limit = 10
	stream := open(t, acme(t), request)
	expectMessages(t, stream, allOfBig()[:10])
	if stream.StopReason() != "limit" {
		t.Fatal(stream.StopReason())
	}
	expectMessages(t, open(t, acme(t), logmark.EventsRequest{Cursor: stream.Cursor(), Limit: 1}), []string{"event 00010"})
}

func TestNamesAndMessagesComeThroughAsTheyAre(t *testing.T) {
	expectMessages(t, open(t, acme(t), smallRequest()), small)
	expectMessages(t, open(t, acme(t), logmark.EventsRequest{Group: "/acme/small", Streams: []string{oddStream}}), small)
}

func TestAStreamThatTheSourceCutsShortIsAnError(t *testing.T) {
	stream := open(t, acme(t), logmark.EventsRequest{Group: "/acme/midway", Stream: "web-1"})
	messages, err := collect(stream)
	expectError(t, err, "502 upstream_error")
	var numbers []int
	for _, message := range messages {
		number, err := strconv.Atoi(message)
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, number)
	}
	if !reflect.DeepEqual(numbers, []int{0, 1, 2, 3}) || stream.Next() || stream.StopReason() != "" {
		t.Fatal(numbers, stream.StopReason())
	}
}

func TestABodyThatBreaksOffOrIsShortIsAnError(t *testing.T) {
	for _, habit := range []string{"cut", "short"} {
		_, err := collect(open(t, through(t, habit), bigRequest()))
		expectError(t, err, "0 incomplete_body")
	}
}

func TestAStreamCanBeLeftEarly(t *testing.T) {
	stoppable, stop := context.WithCancel(ctx)
	stream, err := acme(t).Stream(stoppable, bigRequest())
	if err != nil || !stream.Next() {
		t.Fatal(err)
	}
	stop()
	// Buffered events still arrive.
	_, err = collect(stream)
	if err == nil || !errors.Is(err, context.Canceled) {
		t.Fatal(fmt.Sprint(err))
	}
}
