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

// longestLine exceeds every valid line: the largest event is 1 MiB, and JSON may write six characters for one.
const longestLine = 16 << 20

// EventStream iterates over the events of one streamed response, one NDJSON line at a time. Only the service's last line
// (trailer=line) is a regular end.
type EventStream struct {
	body   io.ReadCloser
	lines  *bufio.Reader
	line   []byte
	event  Event
	cursor string
	stop   StopReason
	err    *Error
}

// Stream returns the events of a whole range from one streamed response, in constant memory. Limit is the total number of events. Close
// it, or cancel the context, if it is not read to its end.
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

// Next advances to the next event. False: the stream is complete, or Err is set.
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

// Event is the current event; the next call of Next overwrites it.
func (s *EventStream) Event() *Event { return &s.event }

// Err is the error after Next returned false; nil at the end.
func (s *EventStream) Err() error {
	if s.err == nil {
		return nil
	}
	return s.err
}

// Cursor is the cursor for a later request; set at the end of the stream.
func (s *EventStream) Cursor() string { return s.cursor }

// StopReason is the reason why the stream ended. Only End means that all events up to now were returned. Set at the end.
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

// take parses a line: an event, the last line, or the error that ends the stream.
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
