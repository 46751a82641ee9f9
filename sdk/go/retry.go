package logmark

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"net/http"
	"time"
)

// Retry sets the limits of retries. Requests with any method are retried after 429 and 503 with Retry-After, because they were not
// carried out. GET and DELETE are also retried after 502, 503, 504 and failed connections.
type Retry struct {
	// Retries is the maximum number of retries of a request.
	Retries int
	// MaxWait is the maximum total wait of a request. A longer Retry-After is an error at once.
	MaxWait time.Duration
}

// DefaultRetry has the default limits.
var DefaultRetry = Retry{Retries: 5, MaxWait: time.Minute}

// NeverRetry disables retries.
var NeverRetry = Retry{}

// pause is the wait before the next attempt, after so many retries and so much waiting; false: return the error.
func (r Retry) pause(method string, failure *Error, sent int, waited time.Duration) (time.Duration, bool) {
	if sent >= r.Retries || !mayRepeat(method, failure) {
		return 0, false
	}
	pause := backoff(sent)
	if asked := failure.RetryAfter + time.Duration(float64(failure.RetryAfter/10)*random()); asked > pause {
		pause = asked
	}
	return pause, waited+pause <= r.MaxWait
}

func mayRepeat(method string, failure *Error) bool {
	refused := failure.Status == http.StatusTooManyRequests || failure.Status == http.StatusServiceUnavailable
	if refused && failure.HasRetryAfter {
		return true
	}
	if method != http.MethodGet && method != http.MethodDelete && method != http.MethodHead {
		return false
	}
	return failure.Code == CodeConnectionFailed || (failure.Status >= 502 && failure.Status <= 504)
}

// backoff is random, up to a bound that starts at 0.2 seconds and doubles up to 5, so that clients that failed together retry at
// different times.
func backoff(sent int) time.Duration {
	const first, longest = 200 * time.Millisecond, 5 * time.Second
	bound := longest
	if sent < 5 && first<<sent < longest {
		bound = first << sent
	}
	return time.Duration(float64(bound) * random())
}

// random is from 0 to 1. math/rand gives every process of Go 1.19 the same numbers.
func random() float64 {
	var bytes [4]byte
	if _, err := rand.Read(bytes[:]); err != nil {
		return 0.5
	}
	return float64(binary.LittleEndian.Uint32(bytes[:])) / float64(1<<32-1)
}

// sleep waits, or returns early when the context ends.
func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
