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
	// EventPage is a page of events of the service.
	EventPage = generated.EventPage
	// StopReason is the reason why a page or a stream ended.
	StopReason = generated.StopReason
)

// End means that all events up to now were returned.
const End = generated.STOPREASON_END

// EventsRequest has the parameters of GET /logs. Empty fields are not sent. Write names unencoded: /acme/api.
type EventsRequest struct {
	// Group is the log group; required without a Cursor.
	Group string
	// Stream is the log stream; empty: all streams of the group.
	Stream string
	// Streams selects up to 100 streams.
	Streams []string
	// StreamPrefix selects streams with this prefix; not together with Streams.
	StreamPrefix string
	// Start is the start of the range (inclusive): At(…), RFC 3339, epoch milliseconds or seconds, or relative to now (-15m).
	Start string
	// End is the end of the range (exclusive), in the same forms.
	End string
	// From is head or tail: start with the oldest or the newest events. Default: head with a Start, otherwise tail.
	From string
	// Filter selects events whose message matches this CloudWatch filter pattern.
	Filter string
	// Source is the source of the group, if several sources have a group of that name.
	Source string
	// Cursor is a cursor of an earlier response. It contains the request, so no other field is needed.
	Cursor string
	// PageSize, for Client.Events, is the number of events in a page, 1 to 10,000; default 1000.
	PageSize int
	// Follow, for Client.Events, polls for new events at the end, at this interval.
	Follow time.Duration
	// Limit, for Client.Stream, is the total number of events; 0: all.
	Limit int
}

// Events iterates over events in the order of time:
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
	// Cursor of the current page.
	begun string
	page  []Event
	given int
	atEnd bool
	// Wait before the next page is requested.
	pause time.Duration
	err   *Error
}

// Wait while the source is throttled.
const afterThrottled = time.Second

// Events returns an iterator over events, page by page to the end; with Follow it also polls for new ones. The first Next sends the
// first request.
func (c *Client) Events(ctx context.Context, request EventsRequest) *Events {
	return &Events{ctx: ctx, client: c, request: request, begun: request.Cursor}
}

// Next advances to the next event. False: all events were returned, or Err is set; then continue with new Events from Cursor.
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

// Event is the current event.
func (e *Events) Event() *Event { return &e.page[e.given-1] }

// Err is the error after Next returned false; nil at the end.
func (e *Events) Err() error {
	if e.err == nil {
		return nil
	}
	return e.err
}

// NextPage returns the next whole page, and skips the rest of a page that Next has started. An empty page is not the end: nil is, or
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
	// A cursor contains its request: repeated relative times would differ.
	e.request = EventsRequest{Cursor: page.NextCursor, PageSize: e.request.PageSize, Follow: e.request.Follow}
	return page
}

// Cursor is the position after the last page whose events were all returned. A program that stores it after each event loses no event,
// and reads at most one page again. Empty: at the start.
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
	// Each setter works on a copy, so it is looked up when it is used.
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
