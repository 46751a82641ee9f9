// Package logmark is a client for Logmark. It reads the logs that your token and your tenant allow.
//
// It has two layers. Package generated is made from the service's OpenAPI document: a method for each operation, a type for each
// schema. This package adds helper functions:
//
//   - Client has the URL and the token, retries requests, and turns every failure into an *Error;
//   - Client.Events returns events one by one, and follows cursors to the end, or polls for new events;
//   - Client.Stream reads a whole range in constant memory, and detects incomplete streams;
//   - Client.Query starts a Logs Insights query, waits for it, reads all its rows, and stops it if you cancel;
//   - Client.Groups, Client.Streams and Client.Me list groups, streams, and what the token allows.
//
// Write names unencoded, /acme/api. It needs only the standard library.
package logmark
