package logmark

import (
	"context"
	"strings"

	"logmark.example/logmark/generated"
)

type (
	// Group is a log group.
	Group = generated.Group
	// Stream is a log stream.
	Stream = generated.Stream
	// Me is the caller: tenant, scopes, grants and limits.
	Me = generated.Me
)

// perPage is the items in a page, as many as the API gives.
const perPage = 1000

// Me says whom the token names, what it allows, and the tenant's limits.
func (c *Client) Me(ctx context.Context) (*Me, error) {
	caller, _, err := c.API.CallerAPI.Me(ctx).Execute()
	if err != nil {
		return nil, errorOf(err)
	}
	return caller, nil
}

// list is the state of a list: what Groups and Streams have in common.
type list[T any] struct {
	page   []T
	given  int
	cursor string
	atEnd  bool
	err    *Error
	// fetch asks for the page at the cursor, and gives the next one's.
	fetch func(cursor string) ([]T, string, error)
}

// Next goes to the next item. False: that was the last, or Err says what went wrong.
func (l *list[T]) Next() bool {
	for l.given >= len(l.page) {
		if l.atEnd || l.err != nil {
			return false
		}
		page, cursor, err := l.fetch(l.cursor)
		if err != nil {
			l.err = errorOf(err)
			return false
		}
		l.page, l.given, l.cursor, l.atEnd = page, 0, cursor, cursor == ""
	}
	l.given++
	return true
}

// Err is why Next was false; nil: the end.
func (l *list[T]) Err() error {
	if l.err == nil {
		return nil
	}
	return l.err
}

// All gives what is left as a slice.
func (l *list[T]) All() ([]T, error) {
	var found []T
	for l.Next() {
		found = append(found, l.page[l.given-1])
	}
	return found, l.Err()
}

// Groups are the log groups you may see, ascending by name.
type Groups struct {
	list[Group]
	incomplete []string
}

// Groups lists the log groups you may see; with a prefix, only those that begin with it. Nothing is sent before the first Next.
func (c *Client) Groups(ctx context.Context, prefix string) *Groups {
	groups := &Groups{}
	groups.fetch = func(cursor string) ([]Group, string, error) {
		operation := c.API.GroupsAPI.ListGroups(ctx).Limit(perPage)
		if prefix != "" {
			operation = operation.Prefix(prefix)
		}
		if cursor != "" {
			operation = operation.Cursor(cursor)
		}
		page, _, err := operation.Execute()
		if err != nil {
			return nil, "", err
		}
		groups.incomplete = page.Incomplete
		return page.Groups, page.GetNextCursor(), nil
	}
	return groups
}

// Group is the group that Next went to.
func (g *Groups) Group() *Group { return &g.page[g.given-1] }

// Incomplete has the operator's sources that did not answer: their groups are missing. Known when the list was read.
func (g *Groups) Incomplete() []string { return g.incomplete }

// StreamsRequest says which streams of a group, and in which order. Empty fields are not sent.
type StreamsRequest struct {
	// Group is the log group, as it is: /acme/api.
	Group string
	// Prefix has only streams that begin with it; by name only.
	Prefix string
	// OrderBy is name (when empty) or lastEvent.
	OrderBy string
	// Order is asc or desc; when empty, asc by name and desc by last event.
	Order string
	// Source is in which of the operator's sources the group is, where several have one of that name.
	Source string
}

// Streams are the streams of a group that you may see.
type Streams struct{ list[Stream] }

// Streams lists the streams of a group. Nothing is sent before the first Next.
func (c *Client) Streams(ctx context.Context, request StreamsRequest) *Streams {
	// A colon for each slash: some proxies decode %2F in a path, and then it is another path.
	group := strings.ReplaceAll(request.Group, "/", ":")
	streams := &Streams{}
	streams.fetch = func(cursor string) ([]Stream, string, error) {
		operation := c.API.GroupsAPI.ListStreams(ctx, group).Limit(perPage)
		set := func(value string, setter func(string) generated.ApiListStreamsRequest) {
			if value != "" {
				operation = setter(value)
			}
		}
		// Each setter is a copy's, so it is named when it is its turn.
		set(request.Prefix, func(v string) generated.ApiListStreamsRequest { return operation.Prefix(v) })
		set(request.OrderBy, func(v string) generated.ApiListStreamsRequest { return operation.OrderBy(v) })
		set(request.Order, func(v string) generated.ApiListStreamsRequest { return operation.Order(v) })
		set(request.Source, func(v string) generated.ApiListStreamsRequest { return operation.Source(v) })
		set(cursor, func(v string) generated.ApiListStreamsRequest { return operation.Cursor(v) })
		page, _, err := operation.Execute()
		if err != nil {
			return nil, "", err
		}
		return page.Streams, page.GetNextCursor(), nil
	}
	return streams
}

// Stream is the stream that Next went to.
func (s *Streams) Stream() *Stream { return &s.page[s.given-1] }
