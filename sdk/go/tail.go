package logmark

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"logmark.example/logmark/generated"
)

const (
	// reconnectWithin is the upper bound of the random wait after a planned end, so that the viewers of a service that restarts do not
	// return together.
	reconnectWithin = 500 * time.Millisecond
	// withoutAByte is longer than the service's keep-alives, which come every 15 seconds.
	withoutAByte = time.Minute
)

// TailRequest selects the events of a tail. Empty fields are not sent. Write names unencoded: /acme/api.
type TailRequest struct {
	// Group is the log group; required without a Cursor.
	Group string
	// Stream is the log stream; empty: all streams of the group.
	Stream string
	// Streams selects up to 100 streams.
	Streams []string
	// StreamPrefix selects streams with this prefix; not together with Streams.
	StreamPrefix string
	// Start: events since then first, in the forms of EventsRequest.Start; empty: only new events.
	Start string
	// Filter selects events whose message matches this CloudWatch filter pattern.
	Filter string
	// Source is the source of the group, if several sources have a group of that name.
	Source string
	// Cursor resumes an earlier tail. It contains the request, so no other field is needed.
	Cursor string
}

// TailItem is an item of a tail. Exactly one field is set.
type TailItem struct {
	// Event is a new event.
	Event *Event
	// Gap is a time for which the source did not supply all events.
	Gap *Gap
	// Sampled: the source shows only a part of the events live at this rate. The others follow later.
	Sampled *Sampled
	// Notice is information on how the tail is supplied.
	Notice *Notice
}

// Gap is a time for which the source did not supply all events.
type Gap struct {
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
	// Reason is the reason.
	Reason string `json:"reason"`
	// Recovered: the missing events were found later, and are part of the tail.
	Recovered bool `json:"recovered"`
}

// Sampled is the rate above which the source samples.
type Sampled struct {
	// Above is in events per second; 0: unknown.
	Above int `json:"above"`
}

// Notice is information on how the tail is supplied, such as sweeps.
type Notice struct {
	Mode string `json:"mode"`
}

// Tail iterates over new events, gaps and other items as they arrive:
//
//	tail := client.Tail(ctx, logmark.TailRequest{Group: "/acme/api"})
//	defer tail.Close()
//	for tail.Next() {
//		if event := tail.Item().Event; event != nil {
//			fmt.Println(event.Message)
//		}
//	}
//	if err := tail.Err(); err != nil {
//
// It reconnects when the connection is cut, and no item is lost or repeated.
type Tail struct {
	ctx      context.Context
	client   *Client
	request  TailRequest
	open     *tailConnection
	item     TailItem
	failures int
	err      *Error
}

// Tail returns new events as they arrive, until the context ends. The first Next sends the first request.
func (c *Client) Tail(ctx context.Context, request TailRequest) *Tail {
	return &Tail{ctx: ctx, client: c, request: request}
}

// Next waits for the next item. False: Err is set.
func (t *Tail) Next() bool {
	for t.err == nil {
		reconnects, failure := t.advance()
		switch {
		case failure == nil && !reconnects:
			return true
		case failure == nil:
			t.Close()
			failure = t.sleep(time.Duration(float64(reconnectWithin) * random()))
		default:
			t.Close()
			failure = t.waitAfter(failure)
		}
		t.err = failure
	}
	return false
}

// Item is the current item.
func (t *Tail) Item() TailItem { return t.item }

// Err is the error after Next returned false.
func (t *Tail) Err() error {
	if t.err == nil {
		return nil
	}
	return t.err
}

// Cursor is the position after the current item: it resumes the tail later, in another process too.
func (t *Tail) Cursor() string { return t.request.Cursor }

// Close ends the connection.
func (t *Tail) Close() {
	if t.open != nil {
		t.open.close()
		t.open = nil
	}
}

// advance takes the next item; true: the service ended the connection as planned.
func (t *Tail) advance() (bool, *Error) {
	if t.open == nil {
		open, failure := t.connect()
		if failure != nil {
			return false, failure
		}
		t.open = open
	}
	for {
		kind, data, failure := t.open.message()
		if failure != nil {
			return false, failure
		}
		t.failures = 0
		// The caller gets the item next: the cursor is then the position after it.
		t.request.Cursor = t.open.id
		if kind == "reconnect" {
			return true, nil
		}
		if data == nil {
			continue
		}
		if isItem, failure := t.take(kind, data); failure != nil || isItem {
			return false, failure
		}
	}
}

// take reads an item; false: a kind that a newer service has.
func (t *Tail) take(kind string, data []byte) (bool, *Error) {
	var into any
	var problem generated.Problem
	t.item = TailItem{}
	switch kind {
	case "event":
		t.item.Event = new(Event)
		into = t.item.Event
	case "gap":
		t.item.Gap = new(Gap)
		into = t.item.Gap
	case "sampled":
		t.item.Sampled = new(Sampled)
		into = t.item.Sampled
	case "notice":
		t.item.Notice = new(Notice)
		into = t.item.Notice
	case "error":
		into = &problem
	default:
		return false, nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return false, ownError(CodeUnexpectedAnswer, "", err)
	}
	if kind == "error" {
		return false, errorOfProblem(&problem)
	}
	return true, nil
}

// waitAfter waits before the tail is resumed; the error, if it is final.
func (t *Tail) waitAfter(failure *Error) *Error {
	isPassing := failure.Code == CodeConnectionFailed || failure.Code == CodeIncompleteBody ||
		failure.Status == http.StatusTooManyRequests || (failure.Status >= 502 && failure.Status <= 504)
	isRenewable := failure.Status == http.StatusUnauthorized && t.client.renewsTokens && t.failures == 0
	// Without a cursor it never began, and the client has already tried it several times.
	if t.ctx.Err() != nil || t.request.Cursor == "" || (!isPassing && !isRenewable) {
		return failure
	}
	pause := backoff(t.failures)
	if failure.RetryAfter > pause {
		pause = failure.RetryAfter
	}
	t.failures++
	return t.sleep(pause)
}

func (t *Tail) sleep(pause time.Duration) *Error {
	if err := sleep(t.ctx, pause); err != nil {
		return ownError(CodeConnectionFailed, "", err)
	}
	return nil
}

func (r TailRequest) query() url.Values {
	query := url.Values{"follow": {"true"}}
	if r.Cursor != "" {
		// A cursor contains its request: repeated relative times would differ.
		query.Set("cursor", r.Cursor)
		return query
	}
	for name, value := range map[string]string{
		"group": r.Group, "stream": r.Stream, "streamPrefix": r.StreamPrefix, "start": r.Start, "filter": r.Filter, "source": r.Source,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	for _, stream := range r.Streams {
		query.Add("streams", stream)
	}
	return query
}

// tailConnection reads the Server-Sent Events of one connection (WHATWG HTML §9.2.6).
type tailConnection struct {
	body   io.ReadCloser
	lines  *bufio.Reader
	line   []byte
	id     string
	cancel context.CancelFunc
	idle   *time.Timer
}

func (t *Tail) connect() (*tailConnection, *Error) {
	ctx, cancel := context.WithCancel(t.ctx)
	asked, err := http.NewRequestWithContext(ctx, http.MethodGet, t.client.url+"/logs?"+t.request.query().Encode(), nil)
	if err != nil {
		cancel()
		return nil, ownError(CodeInvalidRequest, "", err)
	}
	asked.Header.Set("Accept", "text/event-stream")
	asked.Header.Set("User-Agent", userAgent)
	answer, err := t.client.http.Do(asked)
	if err != nil {
		cancel()
		return nil, errorOf(err)
	}
	if kind := answer.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		cancel()
		answer.Body.Close()
		return nil, ownError(CodeUnexpectedAnswer, fmt.Sprintf("the service has no live tail: it sent `%s`", kind), nil)
	}
	idle := time.AfterFunc(withoutAByte, cancel)
	return &tailConnection{answer.Body, bufio.NewReaderSize(answer.Body, 64<<10), nil, t.request.Cursor, cancel, idle}, nil
}

func (c *tailConnection) close() {
	c.idle.Stop()
	c.cancel()
	c.body.Close()
}

// message reads a message; data is nil where only the id moved.
func (c *tailConnection) message() (kind string, data []byte, failure *Error) {
	size := 0
	for {
		if failure = c.readLine(); failure != nil {
			return "", nil, failure
		}
		if len(c.line) == 0 {
			return kind, data, nil
		}
		name, value, _ := strings.Cut(string(c.line), ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "event":
			kind = value
		case "id":
			if !strings.Contains(value, "\x00") {
				c.id = value
			}
		case "data":
			if data != nil {
				data = append(data, '\n')
			}
			data = append(data, value...)
			if data == nil {
				data = []byte{}
			}
			if size += len(value); size > longestLine {
				return "", nil, ownError(CodeUnexpectedAnswer, fmt.Sprintf("an event is longer than %d bytes", longestLine), nil)
			}
		}
	}
}

func (c *tailConnection) readLine() *Error {
	c.line = c.line[:0]
	for {
		part, err := c.lines.ReadSlice('\n')
		c.line = append(c.line, part...)
		switch {
		case err == nil:
			c.idle.Reset(withoutAByte)
			c.line = bytes.TrimRight(c.line, "\r\n")
			return nil
		case len(c.line) > longestLine:
			return ownError(CodeUnexpectedAnswer, fmt.Sprintf("a line is longer than %d bytes", longestLine), nil)
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return ownError(CodeIncompleteBody, "the tail ended without a reason", nil)
		default:
			return ownError(CodeIncompleteBody, "", err)
		}
	}
}
