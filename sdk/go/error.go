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

// The client's own codes; all others are the service's, and stable too.
const (
	// CodeConnectionFailed: no answer: refused, reset, timed out, cancelled.
	CodeConnectionFailed = "connection_failed"
	// CodeHTTPError: an answer that is an error and no problem document, as of a proxy.
	CodeHTTPError = "http_error"
	// CodeIncompleteBody: a stream that broke off, or ended without its last line.
	CodeIncompleteBody = "incomplete_body"
	// CodeUnexpectedAnswer: an answer that does not say what the API's description says.
	CodeUnexpectedAnswer = "unexpected_answer"
	// CodeQueryFailed: a query that ended as Failed, Cancelled or Timeout.
	CodeQueryFailed = "query_failed"
	// CodeQueryTimeout: a query that was given up after its timeout, and stopped.
	CodeQueryTimeout = "query_timeout"
	// CodeTokenFailed: the source of tokens gave none.
	CodeTokenFailed = "token_failed"
	// CodeInvalidRequest: the client can't be made, or the request can't be sent, with what was given.
	CodeInvalidRequest = "invalid_request"
)

// FieldError is one fault of the input: where it is, and what is wrong with it.
type FieldError = generated.FieldError

// Error is the one error of the client. Its Code is what a program decides by. Of a generated operation's error it is had by
// errors.As.
type Error struct {
	// Status is the HTTP status; 0: there was no answer, or it broke off.
	Status int
	// Code is the kind of failure, stable: the service's, or one of the constants.
	Code string
	// Title is the kind in words.
	Title string
	// Detail is this failure in words: what is wrong, and what to do instead where that is known.
	Detail string
	// RequestID is to be told to whoever runs the service.
	RequestID string
	// Errors is what is wrong with the input, each fault on its own.
	Errors []FieldError
	// RetryAfter is how long the service asks to wait; see HasRetryAfter for nothing said.
	RetryAfter time.Duration
	// HasRetryAfter: the service has said so.
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

// Unwrap gives what lies behind a failure that is not the service's: context.Canceled, say.
func (e *Error) Unwrap() error { return e.cause }

var titles = map[string]string{
	CodeConnectionFailed: "No answer",
	CodeHTTPError:        "An error that is no problem document",
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

// errorOfAnswer is the failure that an answer with an error status tells of; place stands before the text of one that is not the
// service's.
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

// errorOf makes an *Error of whatever a generated operation fails with.
func errorOf(err error) *Error {
	var failure *Error
	if errors.As(err, &failure) {
		return failure
	}
	var sending *url.Error
	if errors.As(err, &sending) {
		// Its text has the URL, with cursors and names: an error goes to a log.
		return ownError(CodeConnectionFailed, "", sending.Err)
	}
	return ownError(CodeUnexpectedAnswer, "", err)
}

// beginning is what a body that is no problem document begins with.
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

// retryAfter is Retry-After as a time from now: seconds, or a date.
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
