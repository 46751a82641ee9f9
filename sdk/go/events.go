package logmark

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"logmark.example/logmark/generated"
)

type (
	// Event is one event.
	Event = generated.Event
	// EventPage is a page of events, as the service gives it.
	EventPage = generated.EventPage
	// StopReason is why a page or a stream ended.
	StopReason = generated.StopReason
)

// End is the one StopReason that means that there is nothing more now.
const End = generated.STOPREASON_END

// EventsRequest says which events: the parameters of GET /logs. What is empty is not said. Names are as they are, /acme/api.
type EventsRequest struct {
	// Group is the log group; needed without a Cursor.
	Group string
	// Stream is the log stream; empty: all of the group's.
	Stream string
	// Streams has only these streams, at most 100.
	Streams []string
	// StreamPrefix has only streams that begin so; not together with Streams.
	StreamPrefix string
	// Start is the first moment: At(…), RFC 3339, epoch milliseconds or seconds, or relative to now (-15m).
	Start string
	// End is the first moment after the range, in the same forms.
	End string
	// From is head or tail: begin at the oldest or the newest events; head when there is a Start, else tail.
	From string
	// Filter has only events whose message matches this CloudWatch filter pattern.
	Filter string
	// Source is in which of the operator's sources the group is, where several have one of that name.
	Source string
	// Cursor goes on where an earlier answer says: it carries its request, so nothing else is needed.
	Cursor string
	// PageSize is for Client.Events: the events in a page, 1 to 10,000; 1000 when 0.
	PageSize int
	// Follow is for Client.Events: go on from the end too, and ask every so often for what is new.
	Follow time.Duration
	// Limit is for Client.Stream: the events in all; all when 0.
	Limit int
}

// Events are events in the order of time, each once:
//
//	events := client.Events(ctx, logmark.EventsRequest{Group: "/acme/api", Start: "-15m"})
//	for events.Next() {
//		fmt.Println(events.Event().Message)
//	}
//	if err := events.Err(); err != nil {
type Events struct {
	ctx     context.Context
	client  *Client
	request EventsRequest
	// Where the page came from whose events are given now.
	begun string
	page  []Event
	given int
	atEnd bool
	// How long to wait before the next page is asked for.
	pause time.Duration
	err   *Error
}

// What an upstream that throttles is left alone for.
const afterThrottled = time.Second

// Events gives events one by one, page after page, to the end or for ever. Nothing is sent before the first Next.
func (c *Client) Events(ctx context.Context, request EventsRequest) *Events {
	return &Events{ctx: ctx, client: c, request: request, begun: request.Cursor}
}

// Next goes to the next event. False: there is nothing more now, or Err says what went wrong: go on then with new Events, from Cursor.
func (e *Events) Next() bool {
	for e.given >= len(e.page) {
		page := e.NextPage()
		if page == nil {
			return false
		}
		e.page, e.given = page.Events, 0
	}
	e.given++
	return true
}

// Event is the event that Next went to.
func (e *Events) Event() *Event { return &e.page[e.given-1] }

// Err is why Next was false; nil: the end.
func (e *Events) Err() error {
	if e.err == nil {
		return nil
	}
	return e.err
}

// NextPage is the next page, whole; what is left of a page that Next has begun is left out. An empty page is not the end: nil is, or
// an error.
func (e *Events) NextPage() *EventPage {
	if e.err != nil || (e.atEnd && e.request.Follow <= 0) {
		return nil
	}
	if e.request.Limit != 0 {
		e.err = ownError(CodeInvalidRequest, "Limit is of a stream: events have a PageSize", nil)
		return nil
	}
	if err := sleep(e.ctx, e.pause); err != nil {
		e.err = ownError(CodeConnectionFailed, "", err)
		return nil
	}
	page, _, err := e.request.operation(e.ctx, e.client).Execute()
	if err != nil {
		e.err = errorOf(err)
		return nil
	}
	if page.NextCursor == "" || page.StopReason == "" {
		e.err = ownError(CodeUnexpectedAnswer, "a page has no `nextCursor` or no `stopReason`", nil)
		return nil
	}
	e.page, e.given = nil, 0
	e.atEnd, e.pause = page.StopReason == End, 0
	switch page.StopReason {
	case End:
		e.pause = e.request.Follow
	case generated.STOPREASON_THROTTLED:
		e.pause = afterThrottled
	}
	e.begun = e.request.Cursor
	// A cursor carries its request: relative times, said again, would be others.
	e.request = EventsRequest{Cursor: page.NextCursor, PageSize: e.request.PageSize, Follow: e.request.Follow}
	return page
}

// Cursor is where to go on: behind the last page whose events were all given. Who keeps it after an event loses nothing, and sees at
// most a page again. Empty: at the beginning.
func (e *Events) Cursor() string {
	if e.given >= len(e.page) {
		return e.request.Cursor
	}
	return e.begun
}

func (r *EventsRequest) operation(ctx context.Context, client *Client) generated.ApiReadLogsRequest {
	operation := client.API.EventsAPI.ReadLogs(ctx)
	set := func(value string, setter func(string) generated.ApiReadLogsRequest) {
		if value != "" {
			operation = setter(value)
		}
	}
	// Each setter is a copy's, so it is named when it is its turn.
	set(r.Group, func(v string) generated.ApiReadLogsRequest { return operation.Group(v) })
	set(r.Stream, func(v string) generated.ApiReadLogsRequest { return operation.Stream(v) })
	set(r.StreamPrefix, func(v string) generated.ApiReadLogsRequest { return operation.StreamPrefix(v) })
	set(r.Start, func(v string) generated.ApiReadLogsRequest { return operation.Start(v) })
	set(r.End, func(v string) generated.ApiReadLogsRequest { return operation.End(v) })
	set(r.From, func(v string) generated.ApiReadLogsRequest { return operation.From(v) })
	set(r.Filter, func(v string) generated.ApiReadLogsRequest { return operation.Filter(v) })
	set(r.Source, func(v string) generated.ApiReadLogsRequest { return operation.Source(v) })
	set(r.Cursor, func(v string) generated.ApiReadLogsRequest { return operation.Cursor(v) })
	if len(r.Streams) > 0 {
		operation = operation.Streams(r.Streams)
	}
	if r.PageSize != 0 {
		operation = operation.Limit(int32(r.PageSize))
	}
	return operation
}

func (r *EventsRequest) query() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{
		"group": r.Group, "stream": r.Stream, "streamPrefix": r.StreamPrefix, "start": r.Start, "end": r.End,
		"from": r.From, "filter": r.Filter, "source": r.Source, "cursor": r.Cursor,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	for _, stream := range r.Streams {
		values.Add("streams", stream)
	}
	if r.Limit != 0 {
		values.Set("limit", strconv.Itoa(r.Limit))
	}
	return values
}
