package logmark

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"logmark.example/logmark/generated"
)

// longestLine is more than a line can have: the largest event is 1 MiB, and JSON may write six characters for one.
const longestLine = 16 << 20

// EventStream is the events of one streamed answer, a line of NDJSON at a time. It ends when the service says so by its last line
// (trailer=line), and nothing else is an end.
type EventStream struct {
	body   io.ReadCloser
	lines  *bufio.Reader
	line   []byte
	event  Event
	cursor string
	stop   StopReason
	err    *Error
}

// Stream gives the events of a whole range as one streamed answer, in constant memory; Limit is the number of events in all. Close it,
// or cancel the context, when it is not read to its end.
func (c *Client) Stream(ctx context.Context, request EventsRequest) (*EventStream, error) {
	if request.PageSize != 0 || request.Follow != 0 {
		return nil, ownError(CodeInvalidRequest, "PageSize and Follow are of events: a stream has a Limit, and an end", nil)
	}
	query := request.query()
	query.Set("format", "ndjson")
	query.Set("trailer", "line")
	asked, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/logs?"+query.Encode(), nil)
	if err != nil {
		return nil, ownError(CodeInvalidRequest, "", err)
	}
	asked.Header.Set("Accept", "application/x-ndjson")
	asked.Header.Set("User-Agent", userAgent)
	answer, err := c.http.Do(asked)
	if err != nil {
		return nil, errorOf(err)
	}
	return &EventStream{body: answer.Body, lines: bufio.NewReaderSize(answer.Body, 64<<10)}, nil
}

// Next goes to the next event. False: the stream has ended, as the service says itself, or Err says what went wrong.
func (s *EventStream) Next() bool {
	if s.err != nil || s.stop != "" {
		return false
	}
	if s.err = s.readLine(); s.err == nil {
		s.err = s.take()
	}
	if s.err != nil || s.stop != "" {
		s.body.Close()
		return false
	}
	return true
}

// Event is the event that Next went to; the following Next writes over it.
func (s *EventStream) Event() *Event { return &s.event }

// Err is why Next was false; nil: the end.
func (s *EventStream) Err() error {
	if s.err == nil {
		return nil
	}
	return s.err
}

// Cursor is where a later request goes on; known when the stream has ended.
func (s *EventStream) Cursor() string { return s.cursor }

// StopReason is why the stream ended: only End means that there is nothing more now. Known when it has.
func (s *EventStream) StopReason() StopReason { return s.stop }

// Close ends a stream that is not read to its end.
func (s *EventStream) Close() error { return s.body.Close() }

func (s *EventStream) readLine() *Error {
	s.line = s.line[:0]
	for {
		part, err := s.lines.ReadSlice('\n')
		s.line = append(s.line, part...)
		switch {
		case err == nil:
			return nil
		case len(s.line) > longestLine:
			return ownError(CodeUnexpectedAnswer, fmt.Sprintf("a line is longer than %d bytes", longestLine), nil)
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return ownError(CodeIncompleteBody, "the stream ended without its last line", nil)
		default:
			return ownError(CodeIncompleteBody, "", err)
		}
	}
}

// take reads the line as what it is: an event, the last line, or the failure that ends the stream.
func (s *EventStream) take() *Error {
	var line struct {
		Event
		Cursor     *string            `json:"cursor"`
		StopReason *StopReason        `json:"stopReason"`
		Error      *generated.Problem `json:"error"`
	}
	if err := json.Unmarshal(s.line, &line); err != nil {
		return ownError(CodeUnexpectedAnswer, "", err)
	}
	switch {
	case line.Error != nil:
		return errorOfProblem(line.Error)
	case line.Cursor != nil && line.StopReason != nil:
		s.cursor, s.stop = *line.Cursor, *line.StopReason
	case line.Timestamp.IsZero():
		return ownError(CodeUnexpectedAnswer, "a line is neither an event nor the end of the stream", nil)
	default:
		s.event = line.Event
	}
	return nil
}
