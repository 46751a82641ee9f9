// Package logmark is a client of Logmark: the logs that your token and your tenant allow, over HTTPS.
//
// It has two layers. Package generated is made from the service's OpenAPI document: a method an operation, a type a schema. Around it
// stand a few hand-written conveniences:
//
//   - Client knows the address and the token, tries again what may be tried again, and makes every failure an *Error;
//   - Client.Events gives events one by one and follows cursors until the end, or for ever;
//   - Client.Stream reads a whole range as it comes, in constant memory, and never takes a cut stream for its end;
//   - Client.Query starts a Logs Insights query, waits for it, pages its rows, and stops it when you give up;
//   - Client.Groups, Client.Streams and Client.Me say what there is, and what the token allows.
//
// Names are given as they are, /acme/api: they are encoded where they are sent. It needs nothing but the standard library.
package logmark
