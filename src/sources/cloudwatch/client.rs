//! The client of CloudWatch Logs: takes a request, returns its response and its age.
//!
//! Owns where a response comes from: the cache (`response_cache`), an equal call in progress (`single_flight`), or a new call
//! (`upstream`). All three are used after authorization and are keyed by the call as sent, so tenants can share a response
//! without learning of each other.
//!
//! Equal calls are joined twice. A tenant's own equal requests wait in the operation's rate limiter as one. Equal requests of
//! different tenants each have their own queue position, so that none waits for another tenant's admission; the first admitted
//! request makes the call for all of them.

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

/// Bytes of an event in addition to its text.
const EVENT_BYTES: usize = 64;
/// Bytes of memory for a response's values, for each byte of the response: short texts with their own allocations.
pub(super) const VALUE_COPIES: usize = 4;
/// Maximum number of cached absent streams.
const MAX_ABSENT: u64 = 10_000;

type Response = Result<CountedEntry, CallError>;
/// Parses the body of a response.
type ParseResponse = Arc<dyn Fn(Bytes, Millis) -> Result<Arc<CacheEntry>, CallError> + Send + Sync>;

/// A response, and its memory until all waiting requests have it.
#[derive(Debug, Clone)]
struct CountedEntry {
    entry: Arc<CacheEntry>,
    /// The reservation of the tenant that made the call; `None` for a cached response.
    lease: Option<Arc<Reservation>>,
}

impl CountedEntry {
    fn cached(entry: Arc<CacheEntry>) -> Self {
        Self { entry, lease: None }
    }
}

/// A client for CloudWatch Logs in one region with one role.
#[derive(Debug, Clone)]
pub(super) struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    upstream: Upstream,
    response_cache: ResponseCache,
    /// Calls in progress.
    in_flight: SingleFlight<Key, Response>,
    /// Each tenant's calls that wait in the rate limiter or are in progress.
    tenant_waiters: SingleFlight<(TenantId, Key), Response>,
    /// Streams that grants name but that do not exist: (group, stream). Entries have the lifetime of cached lists.
    absent: moka::sync::Cache<(String, String), ()>,
}

/// A response with its metadata.
#[derive(Debug)]
pub(super) struct Fetched<T> {
    pub(super) answer: Arc<T>,
    /// Time since CloudWatch returned it.
    pub(super) age: Duration,
    /// Whether it can no longer change.
    pub(super) is_final: bool,
    /// Its memory, shared by the tenant's requests that hold it.
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

    /// Whether a recent lookup did not find the stream.
    pub(super) fn is_absent(&self, group: &str, stream: &str) -> bool {
        self.0.absent.contains_key(&(group.to_owned(), stream.to_owned()))
    }

    /// Records that the stream was not found.
    pub(super) fn note_absent(&self, group: &str, stream: &str) {
        if self.0.response_cache.is_enabled() {
            self.0.absent.insert((group.to_owned(), stream.to_owned()), ());
        }
    }

    /// The local time, corrected by the measured offset to the source's clock.
    pub(super) fn now(&self) -> Millis {
        self.0.upstream.now()
    }

    /// See [`Upstream::service_now`].
    pub(super) fn service_now(&self) -> Millis {
        self.0.upstream.service_now()
    }

    /// The region.
    pub(super) fn region(&self) -> &str {
        &self.0.upstream.region
    }

    /// The time limit of one call with all its attempts.
    pub(super) fn deadline(&self) -> Duration {
        self.0.upstream.deadline
    }

    /// The maximum age of a response that counts as current.
    pub(super) fn live(&self) -> Duration {
        self.0.response_cache.settings().live
    }

    /// Sets the pool of response memory.
    pub(super) fn count_in(&self, page_pool: &PagePool) {
        self.0.upstream.answer_memory.set(page_pool);
    }

    /// Reserves memory for a request's own copy of a part of a response.
    pub(super) async fn reserve(&self, share: &Share, bytes: usize) -> Result<Option<Reservation>, CallError> {
        self.0.upstream.answer_memory.add(&scheduler_share(share), bytes as u64).await
    }

    /// Checks that credentials exist.
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

    /// What is wrong with the source now, in words.
    pub(super) fn reported(&self) -> Vec<String> {
        self.0.upstream.health.reported()
    }

    /// The source's clock minus ours, in milliseconds.
    pub(super) fn clock_skew_ms(&self) -> i64 {
        self.0.upstream.skew.observed()
    }

    /// The address of the source.
    pub(super) fn endpoint(&self) -> &http::Uri {
        &self.0.upstream.endpoint
    }

    /// Checks the credentials and resolves the endpoint's name, and logs what is missing.
    pub(super) async fn check_at_start(&self) {
        self.0.upstream.check_at_start().await;
    }

    /// Calls the operation for a tenant's share.
    pub(super) async fn call<Op: Call>(&self, share: &Share, operation: &Op) -> Result<Op::Answer, CallError> {
        self.fetch(share, operation, Priority::Requested).await.map(|fetched| Arc::unwrap_or_clone(fetched.answer))
    }

    /// Calls the operation, and returns the response with its reservation.
    pub(super) async fn call_counted<Op: Call>(
        &self,
        share: &Share,
        operation: &Op,
    ) -> Result<(Op::Answer, Option<Reservation>), CallError> {
        let fetched = self.fetch(share, operation, Priority::Requested).await?;
        let memory = match fetched.lease.map(Arc::try_unwrap) {
            None => None,
            Some(Ok(own)) => Some(own),
            // Other requests share the response, so this is a copy.
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

    /// Calls the operation, and returns the response with its age.
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
    let answer = entry.answer().ok_or_else(|| CallError::Upstream("a response of another operation".to_owned()))?;
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
                Op::Answer::read(body).ok_or_else(|| CallError::Upstream(format!("the response to {} is invalid", Op::API)))?;
            let summary = answer.summary();
            let bytes = match is_of_events {
                true => size.saturating_add(summary.events.saturating_mul(EVENT_BYTES)),
                false => size.saturating_mul(VALUE_COPIES),
            };
            Ok(Arc::new(CacheEntry::new(answer, Freshness::of(cache_class, summary, now, delay), bytes)))
        })
    }

    /// A response that is not shared.
    async fn fetch_uncached(&self, request: &ApiRequest, parse: &ParseResponse, priority: Priority) -> Response {
        let call_permit = match priority {
            Priority::Requested => self.upstream.admit(request).await?,
            Priority::Prefetch => self.upstream.try_admit(request).ok_or(CallError::NoSpareCapacity)?,
        };
        self.call_counted_upstream(request, parse, call_permit).await
    }

    /// Makes the call. The memory of its response is reserved until all waiting requests have it.
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

    /// The tenant's reservation for the response: the one that another of its requests holds, or a new one.
    async fn lease(&self, share: &logmark_quota::Share, counted: &CountedEntry) -> Result<Option<Arc<Reservation>>, CallError> {
        let of_call = counted.lease.as_ref().filter(|lease| lease.tenant() == share.tenant());
        if let Some(lease) = of_call.cloned().or_else(|| counted.entry.leases.of(share.tenant())) {
            return Ok(Some(lease));
        }
        let reservation = self.upstream.answer_memory.reserve(share, counted.entry.bytes()).await?;
        Ok(reservation.map(|reservation| counted.entry.leases.enter(reservation)))
    }

    /// A response that may be shared.
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

    /// Waits until a call for it is in progress, or until this request may make it.
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

    /// Prefetches the page after the current one, if no other request would wait for it.
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
