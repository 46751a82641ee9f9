package logmark

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"logmark.example/logmark/generated"
)

// wait is how long the service may wait before it answers (RFC 7240): below the timeouts of gateways.
const wait = "wait=20"

// QueryRequest describes a query. Empty fields are not sent.
type QueryRequest struct {
	// Query is in Logs Insights QL.
	Query string
	// LogGroups are 1 to 50 log groups: /acme/api.
	LogGroups []string
	// Start is the start of the range (inclusive): At(…), RFC 3339, epoch milliseconds or seconds, or relative to now (-1h).
	Start string
	// End is the end of the range (exclusive), in the same forms; default: now.
	End string
	// Limit is the maximum number of rows, 1 to 100,000; 0: the query's own limit, or 10,000.
	Limit int
	// Timeout is the time after which the query is stopped; 0: only when the context ends.
	Timeout time.Duration
}

// Row has values by column, in CloudWatch's form.
type Row = map[string]string

// QueryStatistics is the amount of data that a query scanned.
type QueryStatistics = generated.QueryStatistics

// Rows iterates over the rows of a complete query, in pages of 10,000.
type Rows struct {
	ctx    context.Context
	client *Client
	query  *generated.Query
	page   *generated.Query
	given  int
	row    Row
	err    *Error
}

// Query starts a query, waits for its end, and returns its rows. If the context ends earlier, the query is stopped.
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

// pauseAfter is Retry-After; zero if the service has already waited; otherwise it increases.
func pauseAfter(answer *http.Response, asked int) time.Duration {
	if pause, said := retryAfter(answer.Header); said {
		return pause
	}
	if answer.Header.Get("Preference-Applied") != "" {
		return 0
	}
	return backoff(asked)
}

// stop stops an abandoned query, because the operator pays for the data that it scans. It has its own timeout, because the caller's
// context has ended. If it fails, the service stops the query after some minutes without polls.
func (c *Client) stop(id string) {
	const toStop = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), toStop)
	defer cancel()
	_, _ = c.API.QueriesAPI.StopQuery(ctx, id).Execute()
}

// QueryID is the query's id. /queries/{id} returns the same rows for some time.
func (r *Rows) QueryID() string { return r.query.QueryId }

// Fields are the columns, in order.
func (r *Rows) Fields() []string { return r.query.Fields }

// Statistics is the amount of data scanned; nil: not reported.
func (r *Rows) Statistics() *QueryStatistics { return r.query.Statistics }

// EstimatedCostUSD is the estimated cost at the operator's price; false: not reported.
func (r *Rows) EstimatedCostUSD() (float64, bool) {
	if r.query.EstimatedCostUsd == nil {
		return 0, false
	}
	return *r.query.EstimatedCostUsd, true
}

// Next advances to the next row. False: that was the last row, or Err is set.
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

// Row is the current row.
func (r *Rows) Row() Row { return r.row }

// Err is the error after Next returned false; nil at the end.
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
