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
	// Me has the caller's tenant, scopes, grants and limits.
	Me = generated.Me
)

// perPage is the number of items in a page; the maximum of the API.
const perPage = 1000

// Me returns the tenant, scopes and grants of the token, and the tenant's limits.
func (c *Client) Me(ctx context.Context) (*Me, error) {
	caller, _, err := c.API.CallerAPI.Me(ctx).Execute()
	if err != nil {
		return nil, errorOf(err)
	}
	return caller, nil
}

// list is the common part of Groups and Streams.
type list[T any] struct {
	page   []T
	given  int
	cursor string
	atEnd  bool
	err    *Error
	// fetch reads the page at the cursor, and returns the next cursor.
	fetch func(cursor string) ([]T, string, error)
}

// Next advances to the next item. False: that was the last item, or Err is set.
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

// Err is the error after Next returned false; nil at the end.
func (l *list[T]) Err() error {
	if l.err == nil {
		return nil
	}
	return l.err
}

// All returns the remaining items as a slice.
func (l *list[T]) All() ([]T, error) {
	var found []T
	for l.Next() {
		found = append(found, l.page[l.given-1])
	}
	return found, l.Err()
}

// Groups iterates over the log groups that you may see, ascending by name.
type Groups struct {
	list[Group]
	incomplete []string
}

// Groups lists the log groups that you may see, or those with a prefix. The first Next sends the first request.
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

// Group is the current group.
func (g *Groups) Group() *Group { return &g.page[g.given-1] }

// Incomplete has the sources that did not answer; their groups are missing. Known at the end of the list.
func (g *Groups) Incomplete() []string { return g.incomplete }

// StreamsRequest selects streams of a group, and their order. Empty fields are not sent.
type StreamsRequest struct {
	// Group is the log group: /acme/api.
	Group string
	// Prefix selects streams with this prefix; only in the order of names.
	Prefix string
	// OrderBy is name (default) or lastEvent.
	OrderBy string
	// Order is asc or desc; default: asc by name, desc by last event.
	Order string
	// Source is the source of the group, if several sources have a group of that name.
	Source string
}

// Streams iterates over the streams of a group that you may see.
type Streams struct{ list[Stream] }

// Streams lists the streams of a group. The first Next sends the first request.
func (c *Client) Streams(ctx context.Context, request StreamsRequest) *Streams {
	// A colon for each slash, because some proxies decode %2F in a path, which changes the path.
	group := strings.ReplaceAll(request.Group, "/", ":")
	streams := &Streams{}
	streams.fetch = func(cursor string) ([]Stream, string, error) {
		operation := c.API.GroupsAPI.ListStreams(ctx, group).Limit(perPage)
		set := func(value string, setter func(string) generated.ApiListStreamsRequest) {
			if value != "" {
				operation = setter(value)
			}
		}
		// Each setter works on a copy, so it is looked up when it is used.
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

// Stream is the current stream.
func (s *Streams) Stream() *Stream { return &s.page[s.given-1] }
