//! The logs of the fake and the answers of its operations: CloudWatch Logs as documented, where emulators differ from it.
//!
//! GetLogEvents: exclusive end, directional tokens that name a gap between events (so late events do not shift them), the same
//! token at the end, partial and empty pages before it. FilterLogEvents: inclusive end, order by timestamp, ingestion and id;
//! only a missing token means the end; newest first on request, and only from 2024 on. Lists: pages of 50.

use std::collections::BTreeMap;

use logmark_filter_pattern::{FilterPattern, Matcher};
use serde_json::{Map, Value, json};

/// An AWS error: status and type.
pub(crate) type AwsError = (u16, &'static str);
const INVALID: AwsError = (400, "InvalidParameterException");
const NOT_FOUND: AwsError = (400, "ResourceNotFoundException");
/// The error for a missing stream, which AWS tells apart in the message only: see [`super::message`].
const STREAM_NOT_FOUND: AwsError = (400, "ResourceNotFoundException:stream");
/// 2024-01-01T00:00:00Z.
const TAIL_FLOOR: i64 = 1_704_067_200_000;
const PAGE_BYTES: usize = 1_048_576;

/// Timestamp, ingestion time, id. Events have even ids, gaps odd ones.
type Key = (i64, i64, i64);

#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) stream: String,
    pub(crate) timestamp: i64,
    pub(crate) message: String,
    pub(crate) ingestion: i64,
    pub(crate) id: i64,
}

impl Stored {
    fn key(&self) -> Key {
        (self.timestamp, self.ingestion, self.id)
    }
}

#[derive(Debug, Default)]
struct Group {
    streams: BTreeMap<String, Vec<Stored>>,
}

#[derive(Debug, Default)]
pub(crate) struct Logs {
    groups: BTreeMap<String, Group>,
    written: i64,
    /// Not 0: pages are cut short or left empty at random, starting from this state of the generator.
    pub(crate) partial: u64,
    /// The time from the ingestion of an event until FilterLogEvents shows it, in milliseconds of this clock.
    pub(crate) settling: i64,
    pub(crate) now: i64,
    /// The most events in a page, if less than the request's limit.
    pub(crate) page_events: Option<usize>,
    /// The size of each group; 7 bytes.
    pub(crate) stored_bytes: Option<u64>,
}

impl Logs {
    pub(crate) fn add_stream(&mut self, group: &str, stream: &str) {
        self.groups.entry(group.to_owned()).or_default().streams.entry(stream.to_owned()).or_default();
    }

    pub(crate) fn put(&mut self, group: &str, stream: &str, timestamp: i64, message: &str) {
        self.put_at(group, stream, (timestamp, TAIL_FLOOR + (self.written + 1) / 3), message);
    }

    /// Puts events with an ingestion time, the second of the two times.
    pub(crate) fn put_at(&mut self, group: &str, stream: &str, (timestamp, ingestion): (i64, i64), message: &str) {
        self.written += 1;
        let (stream_name, message) = (stream.to_owned(), message.to_owned());
        let event = Stored { stream: stream_name, timestamp, message, ingestion, id: 2 * self.written };
        self.add_stream(group, stream);
        let streams = self.groups.get_mut(group).map(|group| &mut group.streams);
        streams.and_then(|streams| streams.get_mut(stream)).unwrap().push(event);
    }

    /// Deletes a stream, or a group.
    pub(crate) fn delete(&mut self, group: &str, stream: Option<&str>) {
        match stream {
            Some(stream) => drop(self.groups.get_mut(group).and_then(|group| group.streams.remove(stream))),
            None => drop(self.groups.remove(group)),
        }
    }

    /// The number of events written.
    pub(crate) fn written(&self) -> i64 {
        self.written
    }

    /// The events of a group after the first `written` ones, in the order of writing.
    pub(crate) fn since(&self, group: &str, written: i64) -> Vec<Stored> {
        let Some(group) = self.groups.get(group) else { return Vec::new() };
        let later = |events: &Vec<Stored>| events.iter().filter(|event| event.id > 2 * written).cloned().collect::<Vec<_>>();
        let mut events: Vec<Stored> = group.streams.values().flat_map(later).collect();
        events.sort_by_key(|event| event.id);
        events
    }

    pub(crate) fn has_group(&self, group: &str) -> bool {
        self.groups.contains_key(group)
    }

    /// All events of a group, in FilterLogEvents' order.
    pub(crate) fn all(&self, group: &str) -> Vec<Stored> {
        let mut all: Vec<Stored> = self.groups[group].streams.values().flatten().cloned().collect();
        all.sort_by_key(Stored::key);
        all
    }

    pub(crate) fn answer(&mut self, operation: &str, request: &Map<String, Value>) -> Result<Value, AwsError> {
        let known: &[&str] = match operation {
            "GetLogEvents" => &["logGroupName", "logStreamName", "startTime", "endTime", "nextToken", "limit", "startFromHead"],
            "FilterLogEvents" => &[
                "logGroupName",
                "filterPattern",
                "logStreamNames",
                "logStreamNamePrefix",
                "startTime",
                "endTime",
                "nextToken",
                "limit",
                "startFromHead",
                "interleaved",
            ],
            "DescribeLogGroups" => &["logGroupNamePrefix", "nextToken", "limit"],
            "DescribeLogStreams" => &["logGroupName", "logStreamNamePrefix", "orderBy", "descending", "nextToken", "limit"],
            _ => return Err((400, "UnknownOperationException")),
        };
        let most = if operation.starts_with("Describe") { 50 } else { 10_000 };
        let limit =
            request.get("limit").map_or(Some(most), Value::as_u64).filter(|limit| (1..=most).contains(limit)).ok_or(INVALID)?;
        if request.keys().any(|key| !known.contains(&key.as_str())) {
            return Err((400, "SerializationException"));
        }
        let limit = usize::try_from(limit).unwrap();
        match operation {
            "GetLogEvents" => self.get_log_events(request, limit),
            "FilterLogEvents" => self.filter_log_events(request, limit),
            "DescribeLogGroups" => self.describe_groups(request, limit),
            _ => self.describe_streams(request, limit),
        }
    }

    /// PutLogEvents and CreateLogStream.
    pub(crate) fn write(&mut self, operation: &str, request: &Map<String, Value>) -> Option<Result<Value, AwsError>> {
        if !["PutLogEvents", "CreateLogStream"].contains(&operation) {
            return None;
        }
        let (Some(name), Some(stream)) = (text(request, "logGroupName"), text(request, "logStreamName")) else {
            return Some(Err(INVALID));
        };
        let Some(group) = self.groups.get(name) else { return Some(Err((400, "ResourceNotFoundException:group"))) };
        let exists = group.streams.contains_key(stream);
        Some(match operation {
            "CreateLogStream" if exists => Err((400, "ResourceAlreadyExistsException")),
            "CreateLogStream" => {
                self.add_stream(name, stream);
                Ok(json!({}))
            }
            _ if !exists => Err((400, "ResourceNotFoundException:stream")),
            _ => {
                for event in request.get("logEvents").and_then(Value::as_array).into_iter().flatten() {
                    let (Some(time), Some(message)) = (event["timestamp"].as_i64(), event["message"].as_str()) else {
                        return Some(Err(INVALID));
                    };
                    self.put(name, stream, time, message);
                }
                Ok(json!({}))
            }
        })
    }

    fn group(&self, request: &Map<String, Value>) -> Result<&Group, AwsError> {
        self.groups.get(text(request, "logGroupName").ok_or(INVALID)?).ok_or(NOT_FOUND)
    }

    /// xorshift64: the size of this page, at most `most`.
    fn share(&mut self, most: usize) -> usize {
        if self.partial == 0 {
            return most;
        }
        for (left, shift) in [(true, 13), (false, 7), (true, 17)] {
            self.partial ^= if left { self.partial << shift } else { self.partial >> shift };
        }
        match self.partial % 4 {
            0 => 0,
            1 => most,
            _ => usize::try_from(self.partial >> 3).unwrap() % (most + 1),
        }
    }

    /// The page of the sorted `events` that begins at `gap`, and whether more events follow.
    fn page(&mut self, events: &[Stored], gap: Key, forward: bool, limit: usize) -> (std::ops::Range<usize>, bool) {
        let middle = events.partition_point(|event| event.key() < gap);
        let there = if forward { events.len() - middle } else { middle };
        let most = self.share(there.min(limit)).min(self.page_events.unwrap_or(usize::MAX));
        let mut bytes = 0;
        let mut fits = |event: &Stored| {
            bytes += event.message.len() + 26;
            bytes <= PAGE_BYTES
        };
        let fitting = if forward {
            events[middle..middle + most].iter().take_while(|event| fits(event)).count()
        } else {
            events[middle - most..middle].iter().rev().take_while(|event| fits(event)).count()
        };
        let number = fitting.max(most.min(1));
        (if forward { middle..middle + number } else { middle - number..middle }, number < there)
    }

    fn get_log_events(&mut self, request: &Map<String, Value>, limit: usize) -> Result<Value, AwsError> {
        let streams = &self.group(request)?.streams;
        let mut events = streams.get(text(request, "logStreamName").ok_or(INVALID)?).ok_or(STREAM_NOT_FOUND)?.clone();
        let (start, end) = (number(request, "startTime").unwrap_or(0), number(request, "endTime").unwrap_or(i64::MAX));
        if start >= end {
            return Err(INVALID);
        }
        events.retain(|event| (start..end).contains(&event.timestamp));
        events.sort_by_key(Stored::key);
        let from_head = request.get("startFromHead").and_then(Value::as_bool).unwrap_or(false);
        let token =
            text(request, "nextToken").map(|token| Token::read(token).filter(|token| "fb".contains(token.kind)).ok_or(INVALID));
        let token = token.transpose()?;
        let forward = token.map_or(from_head, |token| token.kind == 'f');
        if forward && !from_head {
            return Err(INVALID);
        }
        let tail = events.last().map_or((0, 0, -1), |event| (event.timestamp, event.ingestion, event.id + 1));
        let gap = token.map_or(if forward { (0, 0, -1) } else { tail }, |token| token.gap);
        let (part, more) = self.page(&events, gap, forward, limit);
        let page = &events[part];
        let turn = token.map_or(0, |token| token.turn);
        // An empty page has a new token in the reading direction, unless no events follow.
        let onward = turn + i64::from(page.is_empty() && more);
        let ends =
            (page.first().map_or(gap, |event| (event.timestamp, event.ingestion, event.id - 1)), page.last().map_or(gap, after));
        let (forward_turn, backward_turn) = if forward { (onward, 0) } else { (0, onward) };
        let shown =
            |event: &Stored| json!({ "timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingestion });
        Ok(json!({
            "events": page.iter().map(shown).collect::<Vec<_>>(),
            "nextForwardToken": Token { kind: 'f', gap: ends.1, turn: if page.is_empty() { forward_turn } else { 0 } }.text(),
            "nextBackwardToken": Token { kind: 'b', gap: ends.0, turn: if page.is_empty() { backward_turn } else { 0 } }.text(),
        }))
    }

    fn filter_log_events(&mut self, request: &Map<String, Value>, limit: usize) -> Result<Value, AwsError> {
        let streams = &self.group(request)?.streams;
        let names: Option<Vec<&str>> =
            request.get("logStreamNames").map(|names| names.as_array().unwrap().iter().filter_map(Value::as_str).collect());
        let prefix = text(request, "logStreamNamePrefix");
        if names.is_some() && prefix.is_some() || names.as_ref().is_some_and(|names| names.is_empty() || names.len() > 100) {
            return Err(INVALID);
        }
        if names.iter().flatten().any(|name| !streams.contains_key(*name)) {
            return Err(STREAM_NOT_FOUND);
        }
        let (start, end) = (number(request, "startTime").unwrap_or(0), number(request, "endTime").unwrap_or(i64::MAX));
        let token =
            text(request, "nextToken").map(|token| Token::read(token).filter(|token| "FB".contains(token.kind)).ok_or(INVALID));
        let token = token.transpose()?;
        let from_head = request.get("startFromHead").and_then(Value::as_bool).unwrap_or(true);
        let forward = token.map_or(from_head, |token| token.kind == 'F');
        if start > end || (!forward && start < TAIL_FLOOR) {
            return Err(INVALID);
        }
        let wanted =
            |name: &str| names.as_ref().is_none_or(|names| names.contains(&name)) && name.starts_with(prefix.unwrap_or(""));
        let pattern = text(request, "filterPattern").unwrap_or("");
        let pattern = FilterPattern::parse(pattern).map_err(|_| INVALID)?;
        let matcher = Matcher::new(&pattern).map_err(|_| INVALID)?;
        let mut events = self.all(text(request, "logGroupName").unwrap());
        let (settling, now) = (self.settling, self.now);
        let is_settled = |event: &Stored| settling == 0 || event.ingestion + settling <= now;
        let within = |event: &Stored| is_settled(event) && (start..=end).contains(&event.timestamp) && wanted(&event.stream);
        events.retain(|event| within(event) && matcher.matches(&event.message));
        let head = if forward { (0, 0, -1) } else { (i64::MAX, 0, 0) };
        let gap = token.map_or(head, |token| token.gap);
        let (part, more) = self.page(&events, gap, forward, limit);
        let page = &events[part];
        let turn = token.map_or(0, |token| token.turn) + 1;
        let gap = if forward {
            page.last().map(after)
        } else {
            page.first().map(|event| (event.timestamp, event.ingestion, event.id - 1))
        }
        .unwrap_or(gap);
        // Sometimes the last page has a token too, and an empty page follows.
        let again = more || (self.partial % 3 == 1 && turn < 50);
        let shown = |event: &Stored| {
            json!({
                "logStreamName": event.stream, "timestamp": event.timestamp, "message": event.message,
                "ingestionTime": event.ingestion, "eventId": format!("{:056}", event.id),
            })
        };
        let mut answer = json!({ "events": page.iter().map(shown).collect::<Vec<_>>(), "searchedLogStreams": [] });
        if !forward {
            answer["events"].as_array_mut().unwrap().reverse();
        }
        if again {
            answer["nextToken"] = Token { kind: if forward { 'F' } else { 'B' }, gap, turn }.text().into();
        }
        Ok(answer)
    }

    fn describe_groups(&self, request: &Map<String, Value>, limit: usize) -> Result<Value, AwsError> {
        let prefix = text(request, "logGroupNamePrefix").unwrap_or("");
        let names: Vec<&String> = self.groups.keys().filter(|name| name.starts_with(prefix)).collect();
        let (page, token) = listed(&names, text(request, "nextToken"), limit)?;
        let shown = |name: &&String| {
            json!({
                "logGroupName": name, "creationTime": TAIL_FLOOR, "storedBytes": self.stored_bytes.unwrap_or(7), "metricFilterCount": 0, "logGroupClass": "STANDARD",
                "arn": format!("arn:aws:logs:eu-west-1:123456789012:log-group:{name}:*"),
            })
        };
        let mut answer = json!({ "logGroups": page.iter().map(shown).collect::<Vec<_>>() });
        if let Some(token) = token {
            answer["nextToken"] = token.into();
        }
        Ok(answer)
    }

    fn describe_streams(&self, request: &Map<String, Value>, limit: usize) -> Result<Value, AwsError> {
        let prefix = text(request, "logStreamNamePrefix");
        let by_time = text(request, "orderBy") == Some("LastEventTime");
        if by_time && prefix.is_some() {
            return Err(INVALID);
        }
        let last = |events: &[Stored]| events.iter().map(|event| event.timestamp).max();
        let streams = &self.group(request)?.streams;
        let mut streams: Vec<_> = streams.iter().filter(|(name, _)| name.starts_with(prefix.unwrap_or(""))).collect();
        if by_time {
            streams.sort_by_key(|(_, events)| last(events));
        }
        if request.get("descending").and_then(Value::as_bool).unwrap_or(false) {
            streams.reverse();
        }
        let (page, token) = listed(&streams, text(request, "nextToken"), limit)?;
        let shown = |(name, events): &(&String, &Vec<Stored>)| {
            let mut shown = json!({ "logStreamName": name, "creationTime": TAIL_FLOOR, "storedBytes": 0 });
            if let Some(last) = last(events) {
                shown["lastEventTimestamp"] = last.into();
            }
            shown
        };
        let mut answer = json!({ "logStreams": page.iter().map(shown).collect::<Vec<_>>() });
        if let Some(token) = token {
            answer["nextToken"] = token.into();
        }
        Ok(answer)
    }
}

fn after(event: &Stored) -> Key {
    (event.timestamp, event.ingestion, event.id + 1)
}

fn listed<'a, T>(items: &'a [T], token: Option<&str>, limit: usize) -> Result<(&'a [T], Option<String>), AwsError> {
    let from: usize = token.map_or(Ok(0), |token| token.strip_prefix("list/").unwrap_or("").parse()).map_err(|_| INVALID)?;
    let end = (from + limit).min(items.len());
    let page = items.get(from..end).ok_or(INVALID)?;
    Ok((page, (end < items.len()).then(|| format!("list/{end}"))))
}

#[derive(Debug, Clone, Copy)]
struct Token {
    kind: char,
    gap: Key,
    turn: i64,
}

impl Token {
    fn text(self) -> String {
        format!("{}/{}.{}.{}.{}", self.kind, self.gap.0, self.gap.1, self.gap.2, self.turn)
    }

    fn read(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('/')?;
        let numbers: Vec<i64> = rest.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
        let [at, ingestion, id, turn] = numbers.try_into().ok()?;
        Some(Self { kind: kind.chars().next()?, gap: (at, ingestion, id), turn })
    }
}

fn text<'a>(request: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    request.get(key).and_then(Value::as_str)
}

fn number(request: &Map<String, Value>, key: &str) -> Option<i64> {
    request.get(key).and_then(Value::as_i64)
}
