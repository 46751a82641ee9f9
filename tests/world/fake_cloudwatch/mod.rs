//! A fake CloudWatch Logs: follows the documentation, checks signatures, records requests, injects faults on request.
//!
//! Owns the socket (raw, so that it can break every rule of HTTP) and the faults; [`model`] owns the logs, [`plan`] the choice of
//! faults, [`signature`] the check. Shares no code with Logmark, so that it cannot share its mistakes.

pub(crate) mod live_tail;
pub(crate) mod model;
pub(crate) mod plan;
pub(crate) mod queries;
pub(crate) mod signature;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use self::model::Logs;
use self::plan::Plans;

/// The secret of every access key here.
pub(crate) const SECRET: &str = "fake-secret-canary";
/// The region.
pub(crate) const REGION: &str = "eu-west-1";
/// Stands for secrets in AWS's messages: every error message contains it, and no answer of Logmark may.
pub(crate) const CANARY: &str = "arn:aws:iam::123456789012:role/canary";
/// Seconds that the time of a signature may differ from the clock.
const TOLERANCE: i64 = 300;

/// A faulty answer to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An AWS error: status, type.
    Error(u16, &'static str),
    /// An AWS error with `Retry-After` in seconds.
    RetryAfter(u16, &'static str, u32),
    /// An HTML page, as from a proxy, with this status.
    Html(u16),
    /// Status 200 and an empty body.
    Empty,
    /// Status 200 and half of a JSON text, with the right length.
    HalfJson,
    /// Status 200 and JSON of an unrelated shape.
    OtherJson,
    /// Status 200 and this body.
    Json(&'static str),
    /// A redirect with this status to [`State::other_host`].
    Redirect(u16),
    /// The connection ends in the middle of the body.
    Truncated,
    /// The connection ends before the first byte of the answer.
    Reset,
    /// Bytes that are not HTTP.
    NotHttp,
    /// No answer; the connection stays open.
    Hang,
    /// A body without an end.
    Endless,
    /// The answer repeats the token of the request.
    SameToken,
    /// A page without events and with a new token.
    EmptyPage,
    /// The session token of the key `AKIDOLD` has expired.
    ExpiredIfOld,
}

/// A recorded request.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) raw: Vec<u8>,
    pub(crate) operation: String,
    pub(crate) body: Map<String, Value>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) logs: Logs,
    pub(crate) queries: queries::Queries,
    pub(crate) live: live_tail::LiveTail,
    pub(crate) seen: Vec<Seen>,
    /// Consumed one by one, from the front.
    pub(crate) faults: VecDeque<Fault>,
    /// For requests that contain a mark, after the faults above.
    pub(crate) plans: Plans<Fault>,
    /// For every request, after the faults and plans above.
    pub(crate) always: Option<Fault>,
    /// Operations that the policy of the role does not allow.
    pub(crate) denied: Vec<&'static str>,
    /// Where redirects lead: host and port.
    pub(crate) other_host: String,
    /// The clock: milliseconds since 1970.
    pub(crate) now: i64,
    /// Use the system clock. It is read at each use: a clock derived from a first reading is behind by the time between the two,
    /// and a tail begins after events that are put later.
    pub(crate) has_system_clock: bool,
    /// The time to answer a call.
    pub(crate) latency: Duration,
    /// Calls allowed within a second; more are throttled.
    pub(crate) quota: Option<usize>,
    /// The times of the last calls, and the number of throttled calls.
    taken: VecDeque<Instant>,
    pub(crate) throttled: usize,
}

impl State {
    /// Advances the clock if it runs.
    pub(crate) fn tick(&mut self) -> i64 {
        if self.has_system_clock {
            self.now = i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
        }
        self.logs.now = self.now;
        self.now
    }

    /// Whether this call exceeds the quota.
    fn is_over_quota(&mut self) -> bool {
        let Some(quota) = self.quota else { return false };
        let now = Instant::now();
        self.taken.retain(|taken| now.duration_since(*taken) < Duration::from_secs(1));
        if self.taken.len() < quota {
            self.taken.push_back(now);
            return false;
        }
        self.throttled += 1;
        true
    }
}

/// A running fake; ends with the tokio runtime.
#[derive(Debug, Clone)]
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Fake {
    pub(crate) async fn start(now: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake =
            Self { address: listener.local_addr().unwrap(), state: Arc::new(Mutex::new(State { now, ..State::default() })) };
        let state = Arc::clone(&fake.state);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&state)));
            }
        });
        fake
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The number of requests so far.
    pub(crate) fn calls(&self) -> usize {
        self.state().seen.len()
    }
}

async fn serve(mut socket: TcpStream, state: Arc<Mutex<State>>) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        let seen = request(&mut socket, &mut buffer).await?;
        let (fault, answer, latency) = {
            let mut state = state.lock().unwrap();
            state.tick();
            let planned = state.plans.choose(&seen.raw);
            let over_quota = state.is_over_quota().then_some(Fault::Error(400, "ThrottlingException"));
            let denied = state.denied.contains(&seen.operation.as_str()).then_some(Fault::Error(400, "AccessDeniedException"));
            let fault = denied.or(over_quota).or_else(|| state.faults.pop_front()).or(planned).or(state.always);
            state.seen.push(seen.clone());
            (fault, answer(&mut state, &seen, fault), state.latency)
        };
        tokio::time::sleep(latency).await;
        if fault.is_none() && seen.operation == "StartLiveTail" {
            let opened = {
                let mut state = state.lock().unwrap();
                let checked = check(state.now, &seen);
                checked.and_then(|()| live_tail::open(&mut state, &seen))
            };
            match opened {
                Ok(session) => {
                    let ended = live_tail::serve(&mut socket, session, &state).await;
                    state.lock().unwrap().live.open -= 1;
                    return ended;
                }
                Err((status, name)) => {
                    let refusal = self::answer(&mut state.lock().unwrap(), &seen, Some(Fault::Error(status, name)));
                    socket.write_all(&refusal).await.ok()?;
                    continue;
                }
            }
        }
        match fault {
            Some(Fault::Reset) => return None,
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Truncated) => {
                socket.write_all(&answer[..answer.len() - 5]).await.ok()?;
                return None;
            }
            Some(Fault::Endless) => {
                socket.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.ok()?;
                let chunk = [b"10000\r\n".as_slice(), &[b' '; 65_536], b"\r\n"].concat();
                loop {
                    socket.write_all(&chunk).await.ok()?;
                }
            }
            _ => socket.write_all(&answer).await.ok()?,
        }
    }
}

/// Reads one request; `None` at the end of the connection.
async fn request(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Seen> {
    let end_of = |buffer: &[u8]| buffer.windows(4).position(|window| window == b"\r\n\r\n");
    while end_of(buffer).is_none() {
        if socket.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let head = String::from_utf8(buffer.drain(..end_of(buffer)? + 4).collect()).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ').map(str::to_owned);
    let (method, path) = (first.next()?, first.next()?);
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers: Vec<_> = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let mut seen = Seen { method, path, headers, raw: Vec::new(), operation: String::new(), body: Map::new() };
    let length: usize = seen.header("content-length").map_or(Some(0), |length| length.parse().ok())?;
    while buffer.len() < length {
        if socket.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    seen.raw = buffer.drain(..length).collect();
    seen.body = serde_json::from_slice(&seen.raw).unwrap_or_default();
    seen.operation =
        seen.header("x-amz-target").and_then(|target| target.strip_prefix("Logs_20140328.")).unwrap_or("").to_owned();
    Some(seen)
}

fn answer(state: &mut State, seen: &Seen, fault: Option<Fault>) -> Vec<u8> {
    let error = |status: u16, name: &str| {
        let (name, part) = name.split_once(':').unwrap_or((name, ""));
        (status, json!({ "__type": name, "message": message(part) }).to_string())
    };
    let (status, body) = match fault {
        Some(Fault::NotHttp) => return format!("{CANARY}\r\n\r\n").into_bytes(),
        Some(Fault::Error(status, name) | Fault::RetryAfter(status, name, _)) => error(status, name),
        Some(Fault::Html(status)) => (status, format!("<html>{CANARY}</html>")),
        Some(Fault::Empty) => (200, String::new()),
        Some(Fault::HalfJson) => (200, r#"{"events":[{"timestamp":1"#.to_owned()),
        Some(Fault::OtherJson) => (200, format!(r#"{{"{CANARY}":1}}"#)),
        Some(Fault::Json(text)) => (200, text.to_owned()),
        Some(Fault::Redirect(status)) => (status, format!("<html>{CANARY}</html>")),
        Some(Fault::ExpiredIfOld) if seen.header("authorization").unwrap_or("").contains("AKIDOLD") => {
            error(400, "ExpiredTokenException")
        }
        _ => match checked(state, seen, fault) {
            Ok(mut body) => {
                if let (Some(Fault::SameToken), Some(token)) = (fault, seen.body.get("nextToken")) {
                    for name in ["nextToken", "nextForwardToken", "nextBackwardToken"] {
                        if name != "nextToken" || seen.operation != "GetLogEvents" {
                            body[name] = token.clone();
                        }
                    }
                }
                (200, body.to_string())
            }
            Err((status, name)) => error(status, name),
        },
    };
    let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\ndate: {}\r\n", body.len(), http_date(state.now));
    if let Some(Fault::RetryAfter(_, _, seconds)) = fault {
        head += &format!("retry-after: {seconds}\r\n");
    }
    if let Some(Fault::Redirect(_)) = fault {
        head += &format!("location: http://{}/\r\n", state.other_host);
    }
    format!("{head}content-type: application/x-amz-json-1.1\r\n\r\n{body}").into_bytes()
}

/// An error message: the missing `part`, if any, and the text that must never be passed on.
fn message(part: &str) -> String {
    let missing = if part.is_empty() { String::new() } else { format!("The specified log {part} does not exist. ") };
    format!("{missing}{CANARY} {SECRET}")
}

fn checked(state: &mut State, seen: &Seen, fault: Option<Fault>) -> Result<Value, model::AwsError> {
    check(state.now, seen)?;
    if queries::is_one(&seen.operation) {
        return state.queries.answer(&state.logs, &seen.operation, &seen.body);
    }
    if let Some(answer) = state.logs.write(&seen.operation, &seen.body) {
        return answer;
    }
    let whole_pages = state.logs.page_events;
    if fault == Some(Fault::EmptyPage) {
        state.logs.page_events = Some(0);
    }
    let answer = state.logs.answer(&seen.operation, &seen.body);
    state.logs.page_events = whole_pages;
    answer
}

/// Checks route, content type, signature and its time.
fn check(now: i64, seen: &Seen) -> Result<(), model::AwsError> {
    if (seen.method.as_str(), seen.path.as_str()) != ("POST", "/") {
        return Err((404, "UnknownOperationException"));
    }
    if seen.header("content-type") != Some("application/x-amz-json-1.1") {
        return Err((400, "SerializationException"));
    }
    signature::check(seen, SECRET, REGION).map_err(|_| (400, "InvalidSignatureException"))?;
    let time = seen.header("x-amz-date").unwrap_or("").trim_end_matches('Z').parse::<jiff::civil::DateTime>().ok();
    let time = time.and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok()).map(|time| time.timestamp().as_second());
    match time {
        Some(time) if (time - now / 1000).abs() <= TOLERANCE => Ok(()),
        _ => Err((400, "InvalidSignatureException")),
    }
}

fn http_date(now: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(now).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
