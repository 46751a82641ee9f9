package logmark_test

import (
	"context"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"logmark.example/logmark"
)

func query(group string) logmark.QueryRequest {
	return logmark.QueryRequest{Query: "fields status, n", LogGroups: []string{group}, Start: "-1h"}
}

func collectRows(client *logmark.Client, request logmark.QueryRequest) ([]logmark.Row, error) {
	rows, err := client.Query(ctx, request)
	if err != nil {
		return nil, err
	}
	var found []logmark.Row
	for rows.Next() {
		found = append(found, rows.Row())
	}
	return found, rows.Err()
}

func TestAQueryIsWaitedFor(t *testing.T) {
	rows, err := acme(t).Query(ctx, query("/acme/queried"))
	if err != nil {
		t.Fatal(err)
	}
	cost, said := rows.EstimatedCostUSD()
	if !reflect.DeepEqual(rows.Fields(), []string{"status"}) || rows.Statistics().BytesScanned != 2_000_000_000 || !said || cost != 0.01 {
		t.Fatal(rows.Fields(), rows.Statistics(), cost)
	}
	for status := 0; rows.Next(); status++ {
		if !reflect.DeepEqual(rows.Row(), logmark.Row{"status": strconv.Itoa(status)}) {
			t.Fatal(rows.Row())
		}
		if status > 2 {
			t.Fatal("there are more rows than 3")
		}
	}
	if rows.Err() != nil || rows.Row()["status"] != "2" {
		t.Fatal(rows.Err(), rows.Row())
	}
}

func TestMoreRowsThanAPageHoldsComeAll(t *testing.T) {
	request := query("/acme/many")
	request.Limit = 20_000
	rows, err := collectRows(acme(t), request)
	if err != nil || len(rows) != 12_000 {
		t.Fatal(len(rows), err)
	}
	for number, row := range rows {
		if row["n"] != strconv.Itoa(number) {
			t.Fatal(number, row)
		}
	}
}

func TestAQueryThatFailsIsAnError(t *testing.T) {
	_, err := collectRows(acme(t), query("/acme/failing"))
	if failure := expectError(t, err, "0 query_failed"); !strings.Contains(failure.Detail, "Failed") {
		t.Fatal(failure)
	}
}

// expectStopped fails unless the proxy has seen so many queries being stopped, and the last one ended so.
func expectStopped(t *testing.T, count int) {
	t.Helper()
	deleted := seen(t, "DELETE /plain/queries/")
	if len(deleted) != count {
		t.Fatal(deleted)
	}
	id := deleted[count-1][strings.LastIndex(deleted[count-1], "/")+1:]
	ended, _, err := acme(t).API.QueriesAPI.ReadQuery(ctx, id).Execute()
	if err != nil || ended.Status != "Cancelled" {
		t.Fatal(ended, err)
	}
}

// One test, because both count requests to the proxy.
func TestAQueryThatNobodyWaitsForIsStopped(t *testing.T) {
	client := through(t, "plain")
	request := query("/acme/endless")
	request.Timeout = 3 * time.Second
	_, err := client.Query(ctx, request)
	expectError(t, err, "0 query_timeout")
	expectStopped(t, 1)

	stoppable, stop := context.WithCancel(ctx)
	looks := len(seen(t, "GET /plain/queries/"))
	ended := make(chan error)
	go func() {
		_, err := client.Query(stoppable, query("/acme/endless"))
		ended <- err
	}()
	for len(seen(t, "GET /plain/queries/")) == looks {
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	expectStopped(t, 2)
}
