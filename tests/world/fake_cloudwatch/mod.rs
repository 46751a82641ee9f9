//! A CloudWatch Logs to talk to in tests: true to its documentation, checks signatures, records what arrives, fails on order.
//!
//! Owns the socket (by hand, so that it can break every rule of HTTP) and the faults; [`model`] owns the logs, [`plan`] the
//! choice of faults, [`signature`] the check. Uses nothing of Logmark, so that it can't share its mistakes.

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
/// Where it is.
pub(crate) const REGION: &str = "eu-west-1";
/// What AWS's messages may hold and nobody else's should: it is in every error's message.
pub(crate) const CANARY: &str = "arn:aws:iam::123456789012:role/canary";
/// Seconds that a signature's time may be off.
const TOLERANCE: i64 = 300;

/// How to answer one request instead of as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An error of AWS's: status, type.
    Error(u16, &'static str),
    /// The same, with `Retry-After` in seconds.
    RetryAfter(u16, &'static str, u32),
    /// A page of a proxy's, with this status.
    Html(u16),
    /// Status 200 and nothing.
    Empty,
    /// Status 200 and half a JSON text of the right length.
    HalfJson,
    /// Status 200 and JSON of something else.
    OtherJson,
    /// Status 200 and this.
    Json(&'static str),
    /// A redirect with this status to [`State::other_host`].
    Redirect(u16),
    /// The connection ends in the middle of the body.
    Truncated,
    /// The connection ends before anything is sent.
    Reset,
    /// Something that is not HTTP.
    NotHttp,
    /// No answer, and the connection stays open.
    Hang,
    /// The body never ends.
    Endless,
    /// The token asked for comes back, whatever the page.
    SameToken,
    /// A page without events, and a new token.
    EmptyPage,
    /// The session token of the key `AKIDOLD` has run out.
    ExpiredIfOld,
}

/// A request as it arrived.
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
    /// Used up one by one, from the front.
    pub(crate) faults: VecDeque<Fault>,
    /// For requests that bear a mark, when there is none of the former.
    pub(crate) plans: Plans<Fault>,
    /// For every request, when there is none of the former.
    pub(crate) always: Option<Fault>,
    /// Where redirects lead: host and port.
    pub(crate) other_host: String,
    /// Its clock: milliseconds since 1970.
    pub(crate) now: i64,
    /// Its clock is the system's. It is read at each use: a clock that counts on from a first reading is behind by the time
    /// between the two, and a tail begins after events that are put later.
    pub(crate) has_system_clock: bool,
    /// How long it takes to answer a call.
    pub(crate) latency: Duration,
    /// Calls that it takes within a second; more are throttled.
    pub(crate) quota: Option<usize>,
    /// When the last calls came, and how many it throttled for their number.
    taken: VecDeque<Instant>,
    pub(crate) throttled: usize,
}

impl State {
    /// Sets the clock, if it runs.
    pub(crate) fn tick(&mut self) -> i64 {
        if self.has_system_clock {
            self.now = i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
        }
        self.logs.now = self.now;
        self.now
    }

    /// Is this call one too many?
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

/// A running fake; ends with the runtime.
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

    /// Requests so far.
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
            let fault = over_quota.or_else(|| state.faults.pop_front()).or(planned).or(state.always);
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

/// An error's message: which `part` is missing, if any, and what must never be passed on.
fn message(part: &str) -> String {
    let missing = if part.is_empty() { String::new() } else { format!("The specified log {part} does not exist. ") };
    format!("{missing}{CANARY} {SECRET}")
}

fn checked(state: &mut State, seen: &Seen, fault: Option<Fault>) -> Result<Value, model::AwsError> {
    check(state.now, seen)?;
    if queries::is_one(&seen.operation) {
        return state.queries.answer(&state.logs, &seen.operation, &seen.body);
    }
    let whole_pages = state.logs.page_events;
    if fault == Some(Fault::EmptyPage) {
        state.logs.page_events = Some(0);
    }
    let answer = state.logs.answer(&seen.operation, &seen.body);
    state.logs.page_events = whole_pages;
    answer
}

/// Route, content type, signature and its time.
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
