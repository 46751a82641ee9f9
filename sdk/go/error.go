package logmark

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"logmark.example/logmark/generated"
)

// The client's own codes. All other codes are the service's. All are stable.
const (
	// CodeConnectionFailed: no response: refused, reset, timed out, cancelled.
	CodeConnectionFailed = "connection_failed"
	// CodeHTTPError: an error response without a problem document, for example of a proxy.
	CodeHTTPError = "http_error"
	// CodeIncompleteBody: an interrupted stream, or one without its last line.
	CodeIncompleteBody = "incomplete_body"
	// CodeUnexpectedAnswer: a response that does not match the OpenAPI document.
	CodeUnexpectedAnswer = "unexpected_answer"
	// CodeQueryFailed: a query that ended as Failed, Cancelled or Timeout.
	CodeQueryFailed = "query_failed"
	// CodeQueryTimeout: a query that was stopped after its timeout.
	CodeQueryTimeout = "query_timeout"
	// CodeTokenFailed: the token source returned no token.
	CodeTokenFailed = "token_failed"
	// CodeInvalidRequest: the URL, the token or a parameter is invalid.
	CodeInvalidRequest = "invalid_request"
)

// FieldError is one fault of the input, with its place.
type FieldError = generated.FieldError

// Error is the error type of the client. Programs decide by its Code. Use errors.As to get it from the error of a generated
// operation.
type Error struct {
	// Status is the HTTP status; 0: no response, or an incomplete one.
	Status int
	// Code is a stable error code: the service's, or one of the constants.
	Code string
	// Title is the title of the code.
	Title string
	// Detail describes this error, and what to do if that is known.
	Detail string
	// RequestID is the request id; give it to the operator of the service.
	RequestID string
	// Errors has the faults of the input, one entry each.
	Errors []FieldError
	// RetryAfter is the wait that the service asks for, if HasRetryAfter is true.
	RetryAfter time.Duration
	// HasRetryAfter is true if the service sent Retry-After.
	HasRetryAfter bool

	cause error
}

func (e *Error) Error() string {
	text := e.Code
	if e.Status != 0 {
		text += fmt.Sprintf(" (%d)", e.Status)
	}
	text += ": " + e.Detail
	if e.RequestID != "" {
		text += fmt.Sprintf(" [request %s]", e.RequestID)
	}
	for _, fault := range e.Errors {
		place := "body"
		if fault.GetParameter() != "" {
			place = fault.GetParameter()
		} else if fault.GetPointer() != "" {
			place = fault.GetPointer()
		}
		text += fmt.Sprintf("\n  %s: %s", place, fault.Detail)
	}
	return text
}

// Unwrap returns the cause of an error that is not the service's, such as context.Canceled.
func (e *Error) Unwrap() error { return e.cause }

var titles = map[string]string{
	CodeConnectionFailed: "No answer",
	CodeHTTPError:        "Not a response of the service",
	CodeIncompleteBody:   "The stream broke off",
	CodeUnexpectedAnswer: "The answer can't be read",
	CodeQueryFailed:      "The query failed",
	CodeQueryTimeout:     "The query took too long",
	CodeTokenFailed:      "No token",
	CodeInvalidRequest:   "The request can't be sent",
}

func ownError(code, detail string, cause error) *Error {
	if cause != nil && detail != "" {
		detail += ": "
	}
	if cause != nil {
		detail += cause.Error()
	}
	return &Error{Code: code, Title: titles[code], Detail: detail, cause: cause}
}

// errorOfAnswer makes the error of an error response; place precedes the text of a response that is not the service's.
func errorOfAnswer(answer *http.Response, body []byte, place string) *Error {
	failure := ownError(CodeHTTPError, place+beginning(body), nil)
	var problem generated.Problem
	if json.Unmarshal(body, &problem) == nil && problem.Code != "" {
		failure = errorOfProblem(&problem)
	}
	failure.Status = answer.StatusCode
	failure.RetryAfter, failure.HasRetryAfter = retryAfter(answer.Header)
	if failure.RequestID == "" {
		failure.RequestID = answer.Header.Get("X-Request-Id")
	}
	return failure
}

func errorOfProblem(problem *generated.Problem) *Error {
	return &Error{
		Status:    int(problem.Status),
		Code:      problem.Code,
		Title:     problem.Title,
		Detail:    problem.Detail,
		RequestID: problem.GetInstance(),
		Errors:    problem.Errors,
	}
}

// errorOf converts the error of a generated operation into an *Error.
func errorOf(err error) *Error {
	var failure *Error
	if errors.As(err, &failure) {
		return failure
	}
	var sending *url.Error
	if errors.As(err, &sending) {
		// Its text contains the URL with cursors and names, and errors may be logged.
		return ownError(CodeConnectionFailed, "", sending.Err)
	}
	return ownError(CodeUnexpectedAnswer, "", err)
}

// beginning returns the start of a body that is not a problem document.
func beginning(body []byte) string {
	const shown = 200
	text := []rune(strings.TrimSpace(strings.ToValidUTF8(string(body), "\uFFFD")))
	if len(text) == 0 {
		return "the answer has no body"
	}
	if len(text) > shown {
		text = text[:shown]
	}
	return string(text)
}

// retryAfter parses Retry-After, seconds or a date, as a duration from now.
func retryAfter(headers http.Header) (time.Duration, bool) {
	text := strings.TrimSpace(headers.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	if pause := time.Until(date); pause > 0 {
		return pause, true
	}
	return 0, true
}
