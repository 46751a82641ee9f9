//! Sample logs for the demo: two tenants, three kinds of program, a day and a night.
//!
//! - What a stream says follows from its name, the time it begins and the seed, and from nothing else.
//! - [`Samples`] is one endless sequence for each stream: taken up to now it is the backlog, taken again a moment later
//!   it is what has arrived since. So nothing is missing or doubled where the backlog ends.
//! - Times ascend within a stream, and equal ones are in the order they were said.
//!
//! Never: reads the clock, sleeps, or writes anywhere. Next: [`traffic`] for when, `gateway`, `lambda` and `java` for what.

use std::collections::VecDeque;

pub mod traffic;
mod gateway;
mod java;
mod json;
mod lambda;
mod people;
mod random;

use gateway::Format;
use lambda::Function;
use people::Tenant;
use random::Random;
use traffic::TrafficLevel;

/// A log stream the demo fills.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleStream {
    /// The log group's name.
    pub group: &'static str,
    /// The log stream's name.
    pub stream: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Gateway(Format, Tenant),
    /// Requests of both tenants; each line names its own.
    SharedGateway,
    Lambda(Function),
    Java,
}

/// What a Lambda invocation usually says; invocations come so much less often than other events.
const LINES_OF_AN_INVOCATION: i64 = 5;

/// The demo's streams. Those of Lambda functions are named after the day of `from_ms`, when the backlog begins.
#[must_use]
pub fn streams(from_ms: i64) -> Vec<SampleStream> {
    let day = traffic::day(from_ms);
    let stream = |group, stream: &str, kind| SampleStream { group, stream: stream.to_owned(), kind };
    let lambda =
        |group, environment: &str, function| stream(group, &format!("{day}/[$LATEST]{environment}"), Kind::Lambda(function));
    vec![
        stream("/acme/api", "prod-a", Kind::Gateway(Format::Json, Tenant::Acme)),
        stream("/acme/api", "prod-b", Kind::Gateway(Format::Json, Tenant::Acme)),
        lambda("/acme/lambda/checkout", "0f3c9d1e7a5b4c2f8e6d1b0a9c7e5f31", Function::Checkout),
        lambda("/acme/lambda/checkout", "8b21f4e09c6d4a7fb3e5d8c1a0f97264", Function::Checkout),
        stream("/acme/java/orders", "prod-orders-1", Kind::Java),
        stream("/globex/api", "prod-a", Kind::Gateway(Format::Clf, Tenant::Globex)),
        lambda("/globex/lambda/invoices", "5d70ce2b91f84e36a8c4f7b20d1e6a93", Function::Invoices),
        stream("/shared/gateway", "prod-a", Kind::SharedGateway),
    ]
}

/// What a stream says between two times, the first included, the last not.
pub fn backlog(stream: &SampleStream, from_ms: i64, to_ms: i64, seed: u64) -> impl Iterator<Item = (i64, String)> {
    Samples::new(stream, from_ms, seed).take_while(move |(at, _)| *at < to_ms)
}

/// All a stream will ever say, from some time on: an endless iterator of (milliseconds since 1970, message).
#[derive(Clone, Debug)]
pub struct Samples {
    kind: Kind,
    traffic_level: TrafficLevel,
    random: Random,
    begun: bool,
    /// What has begun and is not handed out to its end.
    ready: VecDeque<(i64, String)>,
    /// The time of the latest event made.
    last: i64,
    /// When the next begins: not before `last`.
    next: i64,
}

impl Samples {
    /// The sequence of `stream` that begins at `from_ms`, with the pace of day and night.
    #[must_use]
    pub fn new(stream: &SampleStream, from_ms: i64, seed: u64) -> Self {
        let random = Random::named(seed, &format!("{}\n{}", stream.group, stream.stream));
        let mut samples = Self {
            kind: stream.kind,
            traffic_level: TrafficLevel::DayAndNight,
            random,
            begun: false,
            ready: VecDeque::new(),
            last: from_ms,
            next: from_ms,
        };
        samples.wait(from_ms);
        samples
    }

    /// Continues from `now_ms` at another pace. Requests that have begun are not changed.
    pub fn set_traffic_level(&mut self, traffic_level: TrafficLevel, now_ms: i64) {
        self.traffic_level = traffic_level;
        self.wait(now_ms.max(self.last));
    }

    /// The events before `now_ms` that have not been handed out yet.
    pub fn until(&mut self, now_ms: i64) -> Vec<(i64, String)> {
        let mut due = Vec::new();
        loop {
            if self.ready.is_empty() && self.next < now_ms {
                self.make();
            }
            match self.ready.pop_front_if(|(at, _)| *at < now_ms) {
                Some(event) => due.push(event),
                None => return due,
            }
        }
    }

    fn make(&mut self) {
        let at = self.next;
        let random = &mut self.random;
        match self.kind {
            Kind::Gateway(format, tenant) => self.ready.push_back((at, gateway::line(at, tenant, format, random))),
            Kind::SharedGateway => {
                let tenant = if random.chance(600) { Tenant::Acme } else { Tenant::Globex };
                self.ready.push_back((at, gateway::line(at, tenant, Format::Json, random)));
            }
            Kind::Lambda(function) => self.ready.extend(lambda::invocation(at, function, !self.begun, random)),
            Kind::Java => self.ready.push_back((at, java::event(at, random))),
        }
        self.begun = true;
        self.last = self.ready.back().map_or(at, |(last, _)| *last);
        self.wait(self.last);
    }

    fn wait(&mut self, from: i64) {
        let lines = if matches!(self.kind, Kind::Lambda(_)) { LINES_OF_AN_INVOCATION } else { 1 };
        self.next = from + lines * self.traffic_level.gap(from, &mut self.random);
    }
}

impl Iterator for Samples {
    type Item = (i64, String);

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() {
            self.make();
        }
        self.ready.pop_front()
    }
}

#[cfg(test)]
mod tests;
