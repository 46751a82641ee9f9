package logmark

import (
	"net/http"
	"testing"
	"time"
)

func answer(status int, retryAfter string) *Error {
	header := http.Header{}
	if retryAfter != "" {
		header.Set("Retry-After", retryAfter)
	}
	return errorOfAnswer(&http.Response{StatusCode: status, Header: header}, nil, "")
}

func TestARequestThatWasRefusedIsSentAgainWhateverItsMethod(t *testing.T) {
	for _, status := range []int{429, 503} {
		pause, again := DefaultRetry.pause("POST", answer(status, "2"), 0, 0)
		if !again || pause < 2*time.Second || pause > 2200*time.Millisecond {
			t.Error(status, pause, again)
		}
	}
	for _, status := range []int{500, 502, 503, 504} {
		if _, again := DefaultRetry.pause("POST", answer(status, ""), 0, 0); again {
			t.Error(status)
		}
	}
}

func TestReadingIsTriedAgainAfterFailuresThatPass(t *testing.T) {
	for status, expected := range map[int]bool{400: false, 401: false, 404: false, 500: false, 502: true, 503: true, 504: true} {
		if _, again := DefaultRetry.pause("GET", answer(status, ""), 0, 0); again != expected {
			t.Error(status)
		}
	}
}

func TestPatienceEndsByNumberAndByTime(t *testing.T) {
	for _, one := range []struct {
		failure *Error
		sent    int
		waited  time.Duration
		again   bool
	}{
		{answer(503, ""), 4, 0, true},
		{answer(503, ""), 5, 0, false},
		{answer(429, "61"), 0, 0, false},
		{answer(429, "30"), 0, 40 * time.Second, false},
	} {
		if _, again := DefaultRetry.pause("GET", one.failure, one.sent, one.waited); again != one.again {
			t.Error(one.failure.RetryAfter, one.sent, one.waited)
		}
	}
}

func TestADateToWaitForIsUnderstood(t *testing.T) {
	past, none := answer(429, "Wed, 21 Oct 2015 07:28:00 GMT"), answer(429, "soon")
	if !past.HasRetryAfter || past.RetryAfter != 0 || none.HasRetryAfter {
		t.Error(past.RetryAfter, none.RetryAfter)
	}
}

func TestThePauseIsBounded(t *testing.T) {
	for sent := 0; sent < 100; sent++ {
		if pause := backoff(sent); pause < 0 || pause > 5*time.Second || (sent == 0 && pause > 200*time.Millisecond) {
			t.Error(sent, pause)
		}
	}
}
