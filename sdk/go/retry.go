package logmark

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"net/http"
	"time"
)

// Retry is how patient a client is. A request is sent again after 429 and 503 that have Retry-After, whatever its method: it was not
// carried out. GET and DELETE also after 502, 503, 504 and a connection that failed.
type Retry struct {
	// Retries is how often a request is sent again, at most.
	Retries int
	// MaxWait is how long one request may wait in all. A Retry-After that goes beyond is the error, at once.
	MaxWait time.Duration
}

// DefaultRetry is the patience of a client that was told nothing else.
var DefaultRetry = Retry{Retries: 5, MaxWait: time.Minute}

// NeverRetry tries nothing again.
var NeverRetry = Retry{}

// pause is how long to wait before the request is sent once more, after so many retries and so long in all; false: the error stands.
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

// backoff is at random up to a bound that begins at 0.2 seconds and doubles up to 5: many clients that failed together come back
// apart.
func backoff(sent int) time.Duration {
	const first, longest = 200 * time.Millisecond, 5 * time.Second
	bound := longest
	if sent < 5 && first<<sent < longest {
		bound = first << sent
	}
	return time.Duration(float64(bound) * random())
}

// random is from 0 to 1. math/rand would give every process of Go 1.19 the same numbers.
func random() float64 {
	var bytes [4]byte
	if _, err := rand.Read(bytes[:]); err != nil {
		return 0.5
	}
	return float64(binary.LittleEndian.Uint32(bytes[:])) / float64(1<<32-1)
}

// sleep waits, or gives up with the context.
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
