//! Tests of the source against a fake upstream: this module has the shared setup.

#[path = "../../../../tests/world/fake_cloudwatch/mod.rs"]
#[expect(dead_code, reason = "the rest of it is used by the integration tests")]
mod fake;
mod different_limits;
mod faults;
mod group_reading;
mod listing;
mod requests;
mod stream_reading;
mod queries;
mod tail;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use self::fake::{Fake, REGION, SECRET};
use super::quotas::{Api, Quotas};
use super::settings::{CacheSettings, QuerySettings};
use super::{Accounts, CloudWatch, Settings};
use crate::auth::permit::Permit;
use crate::auth::policy::authorize;
use crate::auth::tenant::{Caller, Grant, Limits, Scope, Tenant};
use crate::auth::token::Claims;
use crate::domain::event::{Direction, EventPage, PageRequest, Position, Priority};
use crate::domain::name::{LogGroupName, LogStreamName, SourceName, TenantId};
use crate::domain::operation::{Action, Operation, ReadGroup, ReadStream, StartBy, StreamSelection};
use crate::domain::pattern::Pattern;
use crate::domain::time::{Clock, HeldClock, Millis, TimeRange};
use crate::outbound::Outbound;

/// 2026-11-20T10:00:00Z.
const NOW: i64 = 1_795_168_800_000;
const GROUP: &str = "/acme/api";
const STREAM: &str = "2026/11/20/[$LATEST]web 1";

struct TestEnvironment {
    fake: Fake,
    source: CloudWatch,
    clock: Arc<HeldClock>,
}

impl TestEnvironment {
    async fn new() -> Self {
        let credentials = Credentials::new("AKIDNEW", SECRET, Some("session-canary".to_owned()), None, "test");
        Self::with(SharedCredentialsProvider::new(credentials)).await
    }

    async fn with_queries(queries: QuerySettings) -> Self {
        let credentials = Credentials::new("AKIDNEW", SECRET, None, None, "test");
        Self::with_settings(SharedCredentialsProvider::new(credentials), |settings| Settings { queries, ..settings }).await
    }

    async fn with(provider: SharedCredentialsProvider) -> Self {
        Self::with_settings(provider, |settings| settings).await
    }

    async fn with_settings(provider: SharedCredentialsProvider, change: impl FnOnce(Settings) -> Settings) -> Self {
        let fake = Fake::start(NOW).await;
        let clock = Arc::new(HeldClock::at(Millis(NOW)));
        let settings = Settings {
            endpoint: Some(fake.endpoint().parse().unwrap()),
            attempt_timeout: Duration::from_millis(300),
            deadline: Duration::from_millis(1500),
            quotas: plenty(),
            // Settings for tests of single calls, without cache delays.
            cache: CacheSettings { bytes: 0, ..CacheSettings::default() },
            ..Settings::new(source_name(), REGION)
        };
        let source = CloudWatch::with_credentials(
            change(settings),
            Outbound::new().unwrap(),
            Arc::<HeldClock>::clone(&clock),
            &Accounts::default(),
            provider,
        )
        .unwrap();
        Self { fake, source, clock }
    }

    /// Writes events into the usual group: time after [`NOW`] minus a minute, stream, length.
    fn write(&self, events: &[(i64, &str, usize)]) {
        for (index, (after, stream, length)) in events.iter().enumerate() {
            let message = format!("{after} {index} {}", "x".repeat(*length));
            self.fake.state().logs.put(GROUP, stream, NOW - 60_000 + after, &message);
        }
    }

    /// The messages of the usual group, in order, of the streams with this prefix.
    fn model(&self, prefix: &str) -> Vec<String> {
        let all = self.fake.state().logs.all(GROUP);
        all.into_iter().filter(|event| event.stream.starts_with(prefix)).map(|event| event.message).collect()
    }
}

/// Quotas that are never reached.
fn plenty() -> Quotas {
    let calls_per_second = Api::ALL.into_iter().map(|api| (api, 10_000.0)).collect();
    Quotas { calls_per_second, ..Quotas::of_region(REGION) }
}

fn source_name() -> SourceName {
    SourceName::try_from("main").unwrap()
}

fn patterns(texts: &[&str]) -> Vec<Pattern> {
    texts.iter().map(|text| Pattern::try_from(*text).unwrap()).collect()
}

/// A permit for `op` by one grant and one scope.
fn permit_by<Op: Operation>(op: Op, groups: &[&str], scope: &str, streams: Option<&[&str]>) -> Permit<Op> {
    permit_of("acme", op, groups, scope, streams)
}

/// A permit of a tenant for `op` by one grant and one scope.
fn permit_of<Op: Operation>(tenant: &str, op: Op, groups: &[&str], scope: &str, streams: Option<&[&str]>) -> Permit<Op> {
    let id = TenantId::try_from(tenant).unwrap();
    let grant = Grant {
        rule: "tenants.acme.grants[0]".to_owned(),
        source: source_name(),
        groups: patterns(groups),
        streams: streams.map(patterns),
        actions: vec![Action::Read, Action::Query, Action::Tail],
        rows: None,
        mask: None,
    };
    let tenant = Tenant { id: id.clone(), weight: 1, limits: Limits::default(), grants: vec![grant] };
    let claims = Claims {
        issuer: "i".to_owned(),
        subject: "s".to_owned(),
        tenant: id,
        scopes: Vec::new(),
        expires_at: 0,
        token_id: None,
        requirements: Default::default(),
    };
    let scope = Scope::parse(scope, &Arc::from("scope")).unwrap();
    let caller = Caller { claims: Arc::new(claims), tenant: Arc::new(tenant), scopes: Arc::from([scope]) };
    authorize(&caller, op, Millis(NOW)).unwrap()
}

fn permit<Op: Operation>(op: Op) -> Permit<Op> {
    permit_by(op, &["/acme/*"], "logs:read:*", None)
}

fn group() -> LogGroupName {
    LogGroupName::try_from(GROUP).unwrap()
}

fn stream_op(range: TimeRange) -> ReadStream {
    ReadStream { group: group(), stream: LogStreamName::try_from(STREAM).unwrap(), range, direction: Direction::Forward }
}

fn group_op(streams: StreamSelection, range: TimeRange) -> ReadGroup {
    ReadGroup { group: group(), streams, filter: None, range, start_by: StartBy::Caller, direction: Direction::Forward }
}

fn ask(position: Option<Position>, direction: Direction, limit: usize, max_bytes: usize) -> PageRequest {
    PageRequest { position, direction, limit, max_bytes, priority: Priority::Requested }
}

fn messages(page: &EventPage) -> Vec<String> {
    page.events.iter().map(|event| event.message().into_owned()).collect()
}

/// Events with runs of equal times, in two streams, with lengths that cut some pages of 100 bytes.
fn varied(count: usize) -> Vec<(i64, &'static str, usize)> {
    let event = |index: usize| {
        let time = [0, 0, 0, 1, 5, 5, 9][index % 7] + 10 * i64::try_from(index / 7).unwrap();
        (time, if index.is_multiple_of(3) { "web 2" } else { STREAM }, [1, 10, 70, 3][index % 4])
    };
    (0..count).map(event).collect()
}
