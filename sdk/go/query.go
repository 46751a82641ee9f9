package logmark

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"logmark.example/logmark/generated"
)

// wait is how long the service may wait before it answers (RFC 7240): shorter than any gateway gives up.
const wait = "wait=20"

// QueryRequest is what to ask. What is empty is not said.
type QueryRequest struct {
	// Query is in Logs Insights QL.
	Query string
	// LogGroups are 1 to 50 log groups, as they are: /acme/api.
	LogGroups []string
	// Start is the first moment: At(…), RFC 3339, epoch milliseconds or seconds, or relative to now (-1h).
	Start string
	// End is the first moment after the range, in the same forms; now when empty.
	End string
	// Limit is the rows at most, 1 to 100,000; 0: as many as the query says, or 10,000.
	Limit int
	// Timeout is after how long the query is given up, and stopped; 0: with the context alone.
	Timeout time.Duration
}

// Row is a row: values by column, as CloudWatch writes them.
type Row = map[string]string

// QueryStatistics is how much a query looked at.
type QueryStatistics = generated.QueryStatistics

// Rows are the rows of a query that is complete, asked for a page of 10,000 at a time.
type Rows struct {
	ctx    context.Context
	client *Client
	query  *generated.Query
	page   *generated.Query
	given  int
	row    Row
	err    *Error
}

// Query runs a query to its end: starts it, waits for it, and gives its rows. When the context ends before, the query is stopped.
func (c *Client) Query(ctx context.Context, request QueryRequest) (*Rows, error) {
	waiting := ctx
	if request.Timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, request.Timeout)
		defer cancel()
		waiting = limited
	}
	query, failure := c.runQuery(waiting, &request)
	switch {
	case failure == nil:
		return &Rows{ctx: ctx, client: c, query: query, page: query}, nil
	case ctx.Err() == nil && errors.Is(failure, context.DeadlineExceeded) && waiting.Err() != nil:
		return nil, ownError(CodeQueryTimeout, fmt.Sprintf("the query was stopped after %s", request.Timeout), failure)
	default:
		return nil, failure
	}
}

func (c *Client) runQuery(ctx context.Context, request *QueryRequest) (*generated.Query, *Error) {
	body := generated.NewQueryToStart(request.LogGroups, request.Query, request.Start)
	if request.End != "" {
		body.SetEnd(request.End)
	}
	if request.Limit != 0 {
		body.SetLimit(int32(request.Limit))
	}
	query, answer, err := c.API.QueriesAPI.StartQuery(ctx).QueryToStart(*body).Prefer(wait).Execute()
	if err != nil {
		return nil, errorOf(err)
	}
	id := query.QueryId
	for asked := 0; isRunning(query.Status); asked++ {
		if err := sleep(ctx, pauseAfter(answer, asked)); err != nil {
			c.stop(id)
			return nil, ownError(CodeConnectionFailed, "", err)
		}
		query, answer, err = c.API.QueriesAPI.ReadQuery(ctx, id).Prefer(wait).Execute()
		if err != nil {
			c.stop(id)
			return nil, errorOf(err)
		}
	}
	if query.Status != "Complete" {
		return nil, ownError(CodeQueryFailed, fmt.Sprintf("the query ended as `%s`", query.Status), nil)
	}
	return query, nil
}

func isRunning(status string) bool {
	return status == "Scheduled" || status == "Running" || status == "Unknown"
}

// pauseAfter is the service's own word; nothing when it has waited already; else longer from time to time.
func pauseAfter(answer *http.Response, asked int) time.Duration {
	if pause, said := retryAfter(answer.Header); said {
		return pause
	}
	if answer.Header.Get("Preference-Applied") != "" {
		return 0
	}
	return backoff(asked)
}

// stop stops a query that nobody waits for any more: the operator pays for what it scans. It has its own time, as the caller's is
// over; if it fails, the service stops the query itself, as nobody asks for it.
func (c *Client) stop(id string) {
	const toStop = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), toStop)
	defer cancel()
	_, _ = c.API.QueriesAPI.StopQuery(ctx, id).Execute()
}

// QueryID is the query's id: /queries/{id} gives the same rows for some time.
func (r *Rows) QueryID() string { return r.query.QueryId }

// Fields are the columns, in order.
func (r *Rows) Fields() []string { return r.query.Fields }

// Statistics is how much was looked at; nil: the service has not said.
func (r *Rows) Statistics() *QueryStatistics { return r.query.Statistics }

// EstimatedCostUSD is what it costs to have looked at so much, at the operator's price; false: the service has not said.
func (r *Rows) EstimatedCostUSD() (float64, bool) {
	if r.query.EstimatedCostUsd == nil {
		return 0, false
	}
	return *r.query.EstimatedCostUsd, true
}

// Next goes to the next row. False: that was the last, or Err says what went wrong.
func (r *Rows) Next() bool {
	for r.err == nil && r.given >= len(r.page.Results) {
		cursor := r.page.GetNextCursor()
		if cursor == "" {
			return false
		}
		page, _, err := r.client.API.QueriesAPI.ReadQuery(r.ctx, r.query.QueryId).Cursor(cursor).Execute()
		if err != nil {
			r.err = errorOf(err)
			return false
		}
		r.page, r.given = page, 0
	}
	if r.err != nil {
		return false
	}
	r.row, r.err = rowOf(r.page.Results[r.given])
	r.given++
	return r.err == nil
}

// Row is the row that Next went to.
func (r *Rows) Row() Row { return r.row }

// Err is why Next was false; nil: the end.
func (r *Rows) Err() error {
	if r.err == nil {
		return nil
	}
	return r.err
}

func rowOf(values map[string]interface{}) (Row, *Error) {
	row := make(Row, len(values))
	for column, value := range values {
		text, is := value.(string)
		if !is {
			return nil, ownError(CodeUnexpectedAnswer, fmt.Sprintf("the value of `%s` is not a text", column), nil)
		}
		row[column] = text
	}
	return row, nil
}
