//! The problem codes, each with its status, title, meaning, cause and fix.
//!
//! Owns these texts for problem documents, the pages under `/problems/` and the OpenAPI document. A text about one request is the
//! `detail` of its problem document ([`super::problem`]).

use std::str::FromStr;

/// The code of a problem. Codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemCode {
    /// A parameter or a member of the body is wrong.
    InvalidParameter,
    /// A filter pattern has a fault.
    InvalidFilter,
    /// A query has a fault.
    InvalidQuery,
    /// A cursor does not open.
    InvalidCursor,
    /// The request has no token.
    MissingToken,
    /// The token is not accepted.
    InvalidToken,
    /// The token is genuine and has expired.
    ExpiredToken,
    /// The ticket is not accepted.
    InvalidTicket,
    /// The token's scopes do not cover the request.
    InsufficientScope,
    /// Not found, or not accessible.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// No acceptable format.
    NotAcceptable,
    /// The query has not completed.
    QueryIncomplete,
    /// The body exceeds the limit.
    BodyTooLarge,
    /// The request target exceeds the limit.
    TargetTooLong,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// The service does not answer for the host.
    UnknownHost,
    /// The tenant's rules do not allow the query.
    QueryForbidden,
    /// Too many requests.
    RateLimited,
    /// The tenant's budget is used up.
    BudgetExceeded,
    /// The headers exceed the limit.
    HeadersTooLarge,
    /// A bug of the service.
    InternalError,
    /// The feature does not exist here.
    NotSupported,
    /// The source failed.
    UpstreamError,
    /// The service or the source is overloaded.
    Overloaded,
    /// The issuer's keys could not be read.
    KeysUnavailable,
    /// No answer in time.
    UpstreamTimeout,
}

/// The texts of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemDescription {
    /// The code in documents.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// `title`.
    pub title: &'static str,
    /// What the answer means.
    pub meaning: &'static str,
    /// What usually causes it.
    pub cause: &'static str,
    /// What to do.
    pub fix: &'static str,
}

/// A text that is not a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCode;

impl FromStr for ProblemCode {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.into_iter().find(|code| code.about().code == text).ok_or(UnknownCode)
    }
}

impl ProblemCode {
    /// Every code, by status.
    pub const ALL: [Self; 27] = [
        Self::InvalidParameter,
        Self::InvalidFilter,
        Self::InvalidQuery,
        Self::InvalidCursor,
        Self::MissingToken,
        Self::InvalidToken,
        Self::ExpiredToken,
        Self::InvalidTicket,
        Self::InsufficientScope,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::QueryIncomplete,
        Self::BodyTooLarge,
        Self::TargetTooLong,
        Self::UnsupportedMediaType,
        Self::UnknownHost,
        Self::QueryForbidden,
        Self::RateLimited,
        Self::BudgetExceeded,
        Self::HeadersTooLarge,
        Self::InternalError,
        Self::NotSupported,
        Self::UpstreamError,
        Self::Overloaded,
        Self::KeysUnavailable,
        Self::UpstreamTimeout,
    ];

    /// The code in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.about().code
    }

    /// The path of its page, from the service's URL.
    #[must_use]
    pub fn path(self) -> String {
        format!("/problems/{}", self.as_str())
    }

    /// Its texts.
    #[must_use]
    pub const fn about(self) -> ProblemDescription {
        match self {
            Self::InvalidParameter => ProblemDescription {
                code: "invalid_parameter",
                status: 400,
                title: "Invalid parameter",
                meaning: "A query parameter, a path segment, a header or a member of the body is not valid. The request was not carried out.",
                cause: "A value is malformed or out of range, a required parameter is missing, or a parameter is unknown or given twice. \
                        Unknown parameters are errors, so that a misspelled one is noticed.",
                fix: "Read `errors`: each entry names the parameter or the JSON pointer, and says what is expected. Correct them and send the \
                      request again.",
            },
            Self::InvalidFilter => ProblemDescription {
                code: "invalid_filter",
                status: 400,
                title: "Invalid filter",
                meaning: "The parameter `filter` is not a valid CloudWatch filter pattern. No event was read.",
                cause: "The pattern has a syntax error, such as `==` for `=`, an unclosed quote or parenthesis, or a regular expression that \
                        filter patterns do not support.",
                fix: "Read `errors`: `position` is the place in the pattern, `expected` what is allowed there, and `hint` what to write instead. \
                      Percent-encode the pattern in the URL.",
            },
            Self::InvalidQuery => ProblemDescription {
                code: "invalid_query",
                status: 400,
                title: "Invalid query",
                meaning: "The text of the query is not valid Logs Insights QL, or the source of the logs refused it. No query was started.",
                cause: "A command, a function or an expression has a syntax error, the wrong number of arguments, or an unknown name.",
                fix: "Read `errors`: `position` is the line and the column in the query, `expected` what is allowed there, and `hint` what to \
                      write instead.",
            },
            Self::InvalidCursor => ProblemDescription {
                code: "invalid_cursor",
                status: 400,
                title: "Invalid cursor",
                meaning: "The parameter `cursor` cannot be used for this request. The answer is the same for a cursor that was altered, has \
                          expired, or belongs to another request or caller.",
                cause: "The cursor is older than its validity, was cut when it was copied, was used with other parameters than those it was made \
                        for, or comes from another token's tenant. After a restart without configured `cursor_keys` all cursors are invalid.",
                fix: "Use the cursor alone, exactly as it was returned, with a token of the same tenant. Otherwise send the original request \
                      without a cursor.",
            },
            Self::MissingToken => ProblemDescription {
                code: "missing_token",
                status: 401,
                title: "A token is needed",
                meaning: "The request has no bearer token.",
                cause: "The header `Authorization` is missing, or its scheme is not `Bearer`. Some proxies and redirects remove the header.",
                fix: "Send `Authorization: Bearer <token>` with a token of one of the issuers in \
                      `/.well-known/oauth-protected-resource`.",
            },
            Self::InvalidToken => ProblemDescription {
                code: "invalid_token",
                status: 401,
                title: "The token is not valid",
                meaning: "The service does not accept the token. For security the answer does not tell the reason.",
                cause: "The token is not valid yet, its issuer, audience or signature is not accepted here, a required claim is \
                        missing, or the text is not a token.",
                fix: "Get a new token from the issuer, and check its `iss`, `aud` and `exp`. If it is still refused, give the operator the request \
                      id in `instance`: the log has the reason. Operators: `logmark explain --token` shows it too.",
            },
            Self::ExpiredToken => ProblemDescription {
                code: "expired_token",
                status: 401,
                title: "The token has expired",
                meaning: "The token is genuine, but its lifetime is over.",
                cause: "Its `exp` is in the past.",
                fix: "Get a new token from the issuer.",
            },
            Self::InvalidTicket => ProblemDescription {
                code: "invalid_ticket",
                status: 401,
                title: "The ticket is not valid",
                meaning: "The service does not accept the ticket in the URL. The answer does not tell the reason.",
                cause: "The ticket was used, has expired (after 60 seconds), was altered, or is for another URL. Another replica has made it, \
                        and tickets are not shared. Or the request is not a GET.",
                fix: "Get a new ticket with `POST /tickets`, and send the URL in its answer once, unchanged. Operators with several replicas: see \
                      `shared_tickets`.",
            },
            Self::InsufficientScope => ProblemDescription {
                code: "insufficient_scope",
                status: 403,
                title: "The token's scope is too small",
                meaning: "Your organisation may do this, but your token may not.",
                cause: "None of the token's scopes covers the action on this log group.",
                fix: "Ask your identity provider for a token with the scope that `detail` and the header `WWW-Authenticate` name. `GET /me` lists \
                      the scopes of your token.",
            },
            Self::NotFound => ProblemDescription {
                code: "not_found",
                status: 404,
                title: "Not found",
                meaning: "It does not exist, or you have no access to it. The answer is the same in both cases.",
                cause: "The name of the log group or stream is misspelled, no grant of your tenant covers it, a query or a record pointer has \
                        expired or belongs to another tenant, or the path is not part of the API.",
                fix: "List what you can see with `GET /groups` and `GET /groups/{group}/streams`, whose `path` is ready to use. \
                      `GET /me/explain` says whether a grant covers a group. Write a name with slashes with `:` for `/` or percent-encoded.",
            },
            Self::MethodNotAllowed => ProblemDescription {
                code: "method_not_allowed",
                status: 405,
                title: "Method not allowed",
                meaning: "The path exists, but not with this method.",
                cause: "A `POST` was sent where `GET` is needed, or the other way round.",
                fix: "Use one of the methods in the header `Allow`.",
            },
            Self::NotAcceptable => ProblemDescription {
                code: "not_acceptable",
                status: 406,
                title: "Not acceptable",
                meaning: "The operation has none of the formats that the request accepts.",
                cause: "The header `Accept` names only formats that this path does not have.",
                fix: "Accept one of the formats that `detail` names, or choose one with `?format=`.",
            },
            Self::QueryIncomplete => ProblemDescription {
                code: "query_incomplete",
                status: 409,
                title: "The query is not complete",
                meaning: "CSV and NDJSON exist for complete queries only, because a file cannot say that rows are missing.",
                cause: "The query is still running, or it failed, timed out or was cancelled.",
                fix: "While it runs, try again after `Retry-After`, or send `Prefer: wait=20`. JSON shows the rows of an \
                      incomplete query together with its status.",
            },
            Self::BodyTooLarge => ProblemDescription {
                code: "body_too_large",
                status: 413,
                title: "Body too large",
                meaning: "The body of the request exceeds the limit of the service.",
                cause: "The query text or the list of log groups is too long, or a file was sent by mistake.",
                fix: "Send a smaller body; `detail` names the limit. Operators: `server.limits.max_body_bytes`.",
            },
            Self::TargetTooLong => ProblemDescription {
                code: "target_too_long",
                status: 414,
                title: "Request target too long",
                meaning: "The path and the query string together exceed the limit of the service.",
                cause: "Parameters are given beside a cursor, which contains them already, or many `streams` are named.",
                fix: "Send the cursor alone, or name fewer streams, for instance with `streamPrefix`.",
            },
            Self::UnsupportedMediaType => ProblemDescription {
                code: "unsupported_media_type",
                status: 415,
                title: "Unsupported media type",
                meaning: "The body is not declared as JSON.",
                cause: "The header `Content-Type` is missing or names another type. `curl -d` sends a form unless told otherwise.",
                fix: "Send `Content-Type: application/json`.",
            },
            Self::UnknownHost => ProblemDescription {
                code: "unknown_host",
                status: 421,
                title: "Unknown host",
                meaning: "The service does not answer for the host in `Host`.",
                cause: "The DNS name, or the setting of a proxy, is not one that the operator allows.",
                fix: "Use the public URL of the service. Operators: `server.allowed_hosts` lists the hosts.",
            },
            Self::QueryForbidden => ProblemDescription {
                code: "query_forbidden",
                status: 422,
                title: "Not allowed by the tenant's rules",
                meaning: "The request is well-formed, but it asks for more than the rules for your tenant allow.",
                cause: "The query uses a command that reads other log groups or other times (`SOURCE`, `join`, `diff`, …), shows a hidden field, \
                        or names a hidden field.",
                fix: "Read `errors` and `detail`: they name the word. Remove that part of the query.",
            },
            Self::RateLimited => ProblemDescription {
                code: "rate_limited",
                status: 429,
                title: "Too many requests",
                meaning: "Your tenant has reached a limit for the moment. The request was not carried out.",
                cause: "Clients of your tenant send more requests per second than its limit, or as many requests, queries, exports or live tails run \
                        as it may have at a time, or all calls that the source of the logs allows are in use.",
                fix: "Try again after the seconds in `Retry-After`. `detail`, and the headers `RateLimit` and `RateLimit-Policy`, show the limit. \
                      Larger pages (`limit=10000`) and streamed formats need fewer requests. `DELETE /queries/{id}` stops a query.",
            },
            Self::BudgetExceeded => ProblemDescription {
                code: "budget_exceeded",
                status: 429,
                title: "Budget exceeded",
                meaning: "Too little is left of a daily budget of your tenant. The request was not carried out, or its answer ends here.",
                cause: "The bytes that your tenant's queries may scan in a day, or the bytes that its answers may have in a day, are used up or \
                        reserved by running requests. A day begins at midnight UTC.",
                fix: "Try again after the seconds in `Retry-After`. `GET /me` shows the budgets and what is left. A shorter range scans and sends \
                      fewer bytes. An export that ended early continues with its cursor.",
            },
            Self::HeadersTooLarge => ProblemDescription {
                code: "headers_too_large",
                status: 431,
                title: "Headers too large",
                meaning: "The headers of the request together exceed the limit of the service.",
                cause: "The token is very long, or cookies of other applications on the same domain are sent along.",
                fix: "Send fewer headers or a smaller token. Operators: `server.limits.max_header_bytes`.",
            },
            Self::InternalError => ProblemDescription {
                code: "internal_error",
                status: 500,
                title: "Internal error",
                meaning: "The service failed. Your request is not at fault.",
                cause: "A bug of the service, or a failure of its own store.",
                fix: "Give the operator the request id in `instance`: the log has the cause.",
            },
            Self::NotSupported => ProblemDescription {
                code: "not_supported",
                status: 501,
                title: "Not supported",
                meaning: "This version of the service, or the source of this log group, does not have the feature that `detail` names.",
                cause: "Live tail and tickets are not part of this version.",
                fix: "Read events instead: a cursor that ended with `stopReason` `end` returns new events when it is sent again.",
            },
            Self::UpstreamError => ProblemDescription {
                code: "upstream_error",
                status: 502,
                title: "The source failed",
                meaning: "The source of the logs gave no usable answer. Your request is not at fault.",
                cause: "CloudWatch refused the credentials of the service or returned an error, or the network failed between the two.",
                fix: "Try again in a moment. If it persists, give the operator the request id in `instance`. Operators: the log line with this id \
                      has the cause, and `/readyz` shows the state of each source.",
            },
            Self::Overloaded => ProblemDescription {
                code: "overloaded",
                status: 503,
                title: "Overloaded",
                meaning: "The service or the source of the logs cannot take more work at the moment.",
                cause: "Many clients read at the same time, CloudWatch throttles the account's calls, or the source fails and is given a pause.",
                fix: "Try again after the seconds in `Retry-After`. Operators: compare the metrics with the account's quotas.",
            },
            Self::KeysUnavailable => ProblemDescription {
                code: "keys_unavailable",
                status: 503,
                title: "Keys unavailable",
                meaning: "The service has no keys of the token's issuer yet, so it cannot verify the token.",
                cause: "The service has just started, or it cannot reach the issuer's URL.",
                fix: "Try again after the seconds in `Retry-After`. Operators: the log names the URL and the cause; `/readyz` lists the \
                      issuers without keys.",
            },
            Self::UpstreamTimeout => ProblemDescription {
                code: "upstream_timeout",
                status: 504,
                title: "No answer in time",
                meaning: "The source of the logs did not answer in time, or the answer could not be completed in time.",
                cause: "The range is large and few events match, the source is slow or throttled, or the front door of the service allows \
                        little time.",
                fix: "Ask for a shorter range or a smaller `limit`, or read JSON pages: they end early with a cursor from which the next request \
                      continues.",
            },
        }
    }
}
