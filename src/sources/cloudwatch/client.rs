//! A call of CloudWatch Logs as its callers see it: what is asked, in; what was answered, and how long ago, out.
//!
//! Owns where an answer comes from: the cache (`response_cache`), an equal call under way (`single_flight`), or a call to
//! CloudWatch (`upstream`). All three stand behind authorization and are keyed by the call as it is sent, so that tenants share
//! an answer without knowing of each other.
//!
//! Equal calls are joined twice. A tenant's own equal requests wait in the operation's rate limiter as one. Equal requests of
//! different tenants each have their own queue position, so that none waits for another tenant's admission; the first that is
//! admitted makes the call for all of them.

use std::any::Any;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use logmark_quota::Reservation;
use tokio::time::Instant;

use super::errors::{CallError, THROTTLED_WAIT};
use super::response_cache::{CacheClass, CacheEntry, Freshness, Key, ResponseCache};
use super::single_flight::SingleFlight;
use super::upstream::{ApiRequest, Upstream};
use super::wire::{Answer as _, Call, RetrySafety};
use crate::auth::permit::Share;
use crate::domain::event::Priority;
use crate::domain::name::TenantId;
use crate::domain::time::Millis;
use crate::sources::page_pool::PagePool;
use crate::sources::scheduler_share;
use crate::telemetry::metrics;

/// What an event takes besides its text.
const EVENT_BYTES: usize = 64;
/// The memory of an answer's values, for each byte of the answer: short texts, each with its own allocation.
pub(super) const VALUE_COPIES: usize = 4;
/// Names of absent streams remembered at a time.
const MAX_ABSENT: u64 = 10_000;

type Response = Result<CountedEntry, CallError>;
/// Makes what is kept of an answer's body.
type ParseResponse = Arc<dyn Fn(Bytes, Millis) -> Result<Arc<CacheEntry>, CallError> + Send + Sync>;

/// An answer, and the memory it takes until all requests that wait for it have it.
#[derive(Debug, Clone)]
struct CountedEntry {
    entry: Arc<CacheEntry>,
    /// Of the tenant that made the call; `None`: the answer was cached.
    lease: Option<Arc<Reservation>>,
}

impl CountedEntry {
    fn cached(entry: Arc<CacheEntry>) -> Self {
        Self { entry, lease: None }
    }
}

/// Calls to CloudWatch Logs in one region, as one role.
#[derive(Debug, Clone)]
pub(super) struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    upstream: Upstream,
    response_cache: ResponseCache,
    /// Calls under way.
    in_flight: SingleFlight<Key, Response>,
    /// What each tenant wants, in its rate limiter or in a call under way.
    tenant_waiters: SingleFlight<(TenantId, Key), Response>,
    /// Streams that grants name and that do not exist: (group, stream). An entry lives as long as a list does.
    absent: moka::sync::Cache<(String, String), ()>,
}

/// An answer, and what is known of it besides.
#[derive(Debug)]
pub(super) struct Fetched<T> {
    pub(super) answer: Arc<T>,
    /// How long ago CloudWatch gave it.
    pub(super) age: Duration,
    /// It can't change any more.
    pub(super) is_final: bool,
    /// The memory it takes, shared by the tenant's requests that hold it.
    pub(super) lease: Option<Arc<Reservation>>,
}

impl Client {
    pub(super) fn new(upstream: Upstream, response_cache: ResponseCache) -> Self {
        let absent = moka::sync::Cache::builder().max_capacity(MAX_ABSENT).time_to_live(response_cache.settings().lists).build();
        Self(Arc::new(Shared {
            upstream,
            response_cache,
            in_flight: SingleFlight::default(),
            tenant_waiters: SingleFlight::default(),
            absent,
        }))
    }

    /// Was the stream looked for in vain a moment ago?
    pub(super) fn is_absent(&self, group: &str, stream: &str) -> bool {
        self.0.absent.contains_key(&(group.to_owned(), stream.to_owned()))
    }

    /// The stream was looked for in vain.
    pub(super) fn note_absent(&self, group: &str, stream: &str) {
        if self.0.response_cache.is_enabled() {
            self.0.absent.insert((group.to_owned(), stream.to_owned()), ());
        }
    }

    /// Our time, corrected by what was learnt of the source's.
    pub(super) fn now(&self) -> Millis {
        self.0.upstream.now()
    }

    /// See [`Upstream::service_now`].
    pub(super) fn service_now(&self) -> Millis {
        self.0.upstream.service_now()
    }

    /// Whose calls they are.
    pub(super) fn region(&self) -> &str {
        &self.0.upstream.region
    }

    /// How long one call may take, with all its attempts.
    pub(super) fn deadline(&self) -> Duration {
        self.0.upstream.deadline
    }

    /// How long an answer counts as one of this moment.
    pub(super) fn live(&self) -> Duration {
        self.0.response_cache.settings().live
    }

    /// Counts answers in this pool.
    pub(super) fn count_in(&self, page_pool: &PagePool) {
        self.0.upstream.answer_memory.set(page_pool);
    }

    /// Memory for a request's own copy of a part of an answer.
    pub(super) async fn reserve(&self, share: &Share, bytes: usize) -> Result<Option<Reservation>, CallError> {
        self.0.upstream.answer_memory.add(&scheduler_share(share), bytes as u64).await
    }

    /// Looks for credentials.
    pub(super) async fn ready(&self) -> Result<(), CallError> {
        let Upstream { credentials, health, .. } = &self.0.upstream;
        match credentials.get(self.now()).await {
            Ok(_) => health.with_credentials(),
            Err(missing) => {
                health.without_credentials(missing);
                return Err(missing.into());
            }
        }
        Ok(())
    }

    /// Looks for credentials and the endpoint's name, and logs what is missing.
    pub(super) async fn check_at_start(&self) {
        self.0.upstream.check_at_start().await;
    }

    /// Calls the operation, paid from the share.
    pub(super) async fn call<Op: Call>(&self, share: &Share, operation: &Op) -> Result<Op::Answer, CallError> {
        self.fetch(share, operation, Priority::Requested).await.map(|fetched| Arc::unwrap_or_clone(fetched.answer))
    }

    /// Calls the operation, and gives the memory that was reserved for its answer.
    pub(super) async fn call_counted<Op: Call>(
        &self,
        share: &Share,
        operation: &Op,
    ) -> Result<(Op::Answer, Option<Reservation>), CallError> {
        let fetched = self.fetch(share, operation, Priority::Requested).await?;
        let memory = match fetched.lease.map(Arc::try_unwrap) {
            None => None,
            Some(Ok(own)) => Some(own),
            // Other requests have the answer too: this is a copy.
            Some(Err(shared)) => self.0.upstream.answer_memory.add(&scheduler_share(share), shared.bytes()).await?,
        };
        Ok((Arc::unwrap_or_clone(fetched.answer), memory))
    }

    /// Calls the operation for all tenants together, paid from a share of its own, or with a permit that was free. The answer is not
    /// cached.
    pub(super) async fn call_for_all<Op: Call>(
        &self,
        share: &logmark_quota::Share,
        operation: &Op,
        permit: Option<logmark_quota::CallPermit>,
    ) -> Result<Fetched<Op::Answer>, CallError> {
        let body =
            serde_json::to_vec(operation).map_err(|_| CallError::Upstream("the request could not be written".to_owned()))?;
        let deadline = Instant::now() + self.0.upstream.deadline;
        let request =
            ApiRequest { api: Op::API, retry_safety: Op::RETRY_SAFETY, body: body.into(), share: share.clone(), deadline };
        let permit = match permit {
            Some(permit) => permit,
            None => self.0.upstream.admit(&request).await?,
        };
        let parse = self.0.parser::<Op>(operation.cache_class());
        let entry = self.0.call_counted_upstream(&request, &parse, permit).await?;
        fetched(&entry.entry, entry.lease)
    }

    /// The calls themselves, for operations that the client of the SDK makes.
    pub(super) fn upstream(&self) -> &Upstream {
        &self.0.upstream
    }

    /// Calls the operation, and says how old the answer is.
    pub(super) async fn fetch<Op: Call>(
        &self,
        share: &Share,
        operation: &Op,
        priority: Priority,
    ) -> Result<Fetched<Op::Answer>, CallError> {
        let body =
            serde_json::to_vec(operation).map_err(|_| CallError::Upstream("the request could not be written".to_owned()))?;
        let request = ApiRequest {
            api: Op::API,
            retry_safety: Op::RETRY_SAFETY,
            body: body.into(),
            share: scheduler_share(share),
            deadline: Instant::now() + self.0.upstream.deadline,
        };
        let parse = self.0.parser::<Op>(operation.cache_class());
        let entry = if self.0.response_cache.is_enabled() && Op::RETRY_SAFETY == RetrySafety::Always {
            self.0.fetch_cached(share, request, parse, priority).await?
        } else {
            self.0.fetch_uncached(&request, &parse, priority).await?
        };
        let lease = self.0.lease(&scheduler_share(share), &entry).await?;
        fetched(&entry.entry, lease)
    }
}

fn fetched<T: Any + Send + Sync>(entry: &CacheEntry, lease: Option<Arc<Reservation>>) -> Result<Fetched<T>, CallError> {
    let answer = entry.answer().ok_or_else(|| CallError::Upstream("an answer of another operation".to_owned()))?;
    Ok(Fetched { answer, age: entry.fetched.elapsed(), is_final: entry.freshness == Freshness::Immutable, lease })
}

impl Shared {
    /// Reads the answer of an operation, and decides how long it holds.
    fn parser<Op: Call>(&self, cache_class: CacheClass) -> ParseResponse {
        let delay = self.response_cache.settings().ingestion_delay;
        let is_of_events = matches!(cache_class, CacheClass::Events { .. });
        Arc::new(move |body, now| {
            let size = body.len();
            let answer =
                Op::Answer::read(body).ok_or_else(|| CallError::Upstream(format!("the answer to {} is not one", Op::API)))?;
            let summary = answer.summary();
            let bytes = match is_of_events {
                true => size.saturating_add(summary.events.saturating_mul(EVENT_BYTES)),
                false => size.saturating_mul(VALUE_COPIES),
            };
            Ok(Arc::new(CacheEntry::new(answer, Freshness::of(cache_class, summary, now, delay), bytes)))
        })
    }

    /// An answer for this request alone.
    async fn fetch_uncached(&self, request: &ApiRequest, parse: &ParseResponse, priority: Priority) -> Response {
        let call_permit = match priority {
            Priority::Requested => self.upstream.admit(request).await?,
            Priority::Prefetch => self.upstream.try_admit(request).ok_or(CallError::NoSpareCapacity)?,
        };
        self.call_counted_upstream(request, parse, call_permit).await
    }

    /// Makes the call. The memory of its answer is reserved until all requests that wait have it.
    async fn call_counted_upstream(
        &self,
        request: &ApiRequest,
        parse: &ParseResponse,
        call_permit: logmark_quota::CallPermit,
    ) -> Response {
        let (body, reservation) = self.upstream.exchange(request, call_permit).await?;
        let entry = parse(body, self.upstream.now())?;
        let lease = match reservation {
            Some(mut reservation) => {
                if !reservation.resize(entry.bytes()) {
                    return Err(CallError::NoMemory { is_own: true, retry_after: THROTTLED_WAIT });
                }
                Some(entry.leases.enter(reservation))
            }
            None => None,
        };
        Ok(CountedEntry { entry, lease })
    }

    /// The tenant's memory for the answer: what one of its requests holds already, or else as much again.
    async fn lease(&self, share: &logmark_quota::Share, counted: &CountedEntry) -> Result<Option<Arc<Reservation>>, CallError> {
        let of_call = counted.lease.as_ref().filter(|lease| lease.tenant() == share.tenant());
        if let Some(lease) = of_call.cloned().or_else(|| counted.entry.leases.of(share.tenant())) {
            return Ok(Some(lease));
        }
        let reservation = self.upstream.answer_memory.reserve(share, counted.entry.bytes()).await?;
        Ok(reservation.map(|reservation| counted.entry.leases.enter(reservation)))
    }

    /// An answer that others may have, or get, as well.
    async fn fetch_cached(
        self: &Arc<Self>,
        share: &Share,
        request: ApiRequest,
        parse: ParseResponse,
        priority: Priority,
    ) -> Response {
        let key = (request.api, request.body.clone());
        if let Some(entry) = self.response_cache.get(&key) {
            metrics::upstream_saved(&self.upstream.source, request.api.as_str(), "cache_hit");
            return Ok(CountedEntry::cached(entry));
        }
        if priority == Priority::Prefetch {
            return self.prefetch(key, request, parse).await;
        }
        let waiter = self.tenant_waiters.waiter((share.tenant.clone(), key.clone()));
        let this = Arc::clone(self);
        waiter.join_or_start(|| async move { this.join_or_call(key, request, parse).await }.boxed()).await
    }

    /// Waits until somebody's call for it is under way, or a turn has come to make it.
    async fn join_or_call(self: Arc<Self>, key: Key, request: ApiRequest, parse: ParseResponse) -> Response {
        let waiter = self.in_flight.waiter(key.clone());
        let mut admitted = pin!(self.upstream.admit(&request));
        let call_permit = loop {
            let started = waiter.started();
            if let Some(call) = waiter.in_flight() {
                metrics::upstream_saved(&self.upstream.source, request.api.as_str(), "coalesced");
                return call.await;
            }
            if let Some(entry) = self.response_cache.get(&key) {
                return Ok(CountedEntry::cached(entry));
            }
            tokio::select! {
                biased;
                () = started => {}
                call_permit = &mut admitted => break call_permit?,
            }
        };
        let this = Arc::clone(&self);
        let made = request.clone();
        waiter.join_or_start(|| this.call_upstream(key, made, parse, call_permit).boxed()).await
    }

    /// The page after the one that is being read, if it costs nobody anything.
    async fn prefetch(self: &Arc<Self>, key: Key, request: ApiRequest, parse: ParseResponse) -> Response {
        let waiter = self.in_flight.waiter(key.clone());
        let call = match waiter.in_flight() {
            Some(call) => call,
            None => {
                let call_permit = self.upstream.try_admit(&request).ok_or(CallError::NoSpareCapacity)?;
                waiter.join_or_start(|| Arc::clone(self).call_upstream(key, request, parse, call_permit).boxed())
            }
        };
        call.await
    }

    async fn call_upstream(
        self: Arc<Self>,
        key: Key,
        request: ApiRequest,
        parse: ParseResponse,
        call_permit: logmark_quota::CallPermit,
    ) -> Response {
        let counted = self.call_counted_upstream(&request, &parse, call_permit).await?;
        self.response_cache.put(key, &counted.entry);
        Ok(counted)
    }
}
