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
	"logmark.example/logmark/generated"
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

// expectStopped fails unless the proxy has seen this many queries stopped, and the last one with that status.
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

func TestACheckTellsColumnsAndFaultsAndStartsNothing(t *testing.T) {
	checked := func(group, text string) (*generated.QueryCheck, error) {
		body := generated.NewQueryToCheck([]string{group}, text, "-1h")
		found, _, err := acme(t).API.QueriesAPI.CheckQuery(ctx).QueryToCheck(*body).Execute()
		return found, err
	}
	good, err := checked("/acme/api", "stats count(*) as n by status")
	if err != nil || !reflect.DeepEqual(good.Columns, []string{"status", "n"}) || *good.Shape != "table" ||
		len(good.Diagnostics)+len(good.Refusals) != 0 || good.Estimate.Basis == "" {
		t.Fatal(good, err)
	}
	bad, err := checked("/acme/api", "fields status\n| stat count(*)")
	if err != nil || len(bad.Diagnostics) == 0 {
		t.Fatal(bad, err)
	}
	fault := bad.Diagnostics[0]
	if fault.Severity != "error" || fault.Line != 2 || fault.Column != 3 || *fault.Fix != "stats" {
		t.Fatal(fault)
	}
	refused, err := checked("/acme/api", "SOURCE '/other'")
	if err != nil || len(refused.Refusals) == 0 || refused.Refusals[0].Detail == "" {
		t.Fatal(refused, err)
	}
	_, err = checked("/other/x", "fields status")
	expectError(t, err, "404 not_found")
}

func TestTheLanguageListsCommandsAndFunctions(t *testing.T) {
	language, _, err := acme(t).API.QueriesAPI.QueryLanguage(ctx).Execute()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, command := range language.Commands {
		names[command.Name] = command.Description != "" && command.Example != ""
	}
	for _, function := range language.Functions {
		names[function.Name+"()"] = true
	}
	for _, name := range []string{"fields", "filter", "stats", "parse", "count()", "pct()"} {
		if !names[name] {
			t.Fatal(name)
		}
	}
}
