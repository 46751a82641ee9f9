//! A call of CloudWatch Logs as its callers see it: what is asked, in; what was answered, and how long ago, out.
//!
//! Owns the way an answer is come by: one that is kept (`pages`), one that somebody waits for already (`flights`), or one
//! that CloudWatch is asked for (`upstream`). All of it stands behind authorization and is keyed by the call as it is sent,
//! so that tenants share an answer without knowing of each other.
//!
//! Equal calls meet at two doors. Of a tenant's own, one waits in the operation's lane for all. Of different tenants' each has
//! one in the lane, so that nobody waits for another's turn; whoever is admitted first makes the call for all of them.

use std::any::Any;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use logmark_quota::Reservation;
use tokio::time::Instant;

use super::errors::{CallError, THROTTLED_WAIT};
use super::flights::Flights;
use super::pages::{Asked, Hold, Kept, Key, Pages};
use super::upstream::{Request, Upstream};
use super::wire::{Answer as _, Call, Repeat};
use crate::auth::permit::Share;
use crate::domain::event::Urgency;
use crate::domain::name::TenantId;
use crate::domain::time::Millis;
use crate::sources::buffers::Buffers;
use crate::sources::scheduler_share;
use crate::telemetry::metrics;

/// What an event takes besides its text.
const EVENT_BYTES: usize = 64;
/// What values of an answer take in memory, for each byte of it: short texts, each with its own allocation.
pub(super) const VALUES: usize = 4;
/// Names of absent streams remembered at a time.
const MOST_ABSENT: u64 = 10_000;

type Answer = Result<Fetched, CallError>;
/// Makes what is kept of an answer's body.
type Read = Arc<dyn Fn(Bytes, Millis) -> Result<Arc<Kept>, CallError> + Send + Sync>;

/// An answer, and the memory it takes, until all who wait for it have it.
#[derive(Debug, Clone)]
struct Fetched {
    kept: Arc<Kept>,
    /// Of the tenant that made the call; `None`: it was in the cache.
    lease: Option<Arc<Reservation>>,
}

impl Fetched {
    fn cached(kept: Arc<Kept>) -> Self {
        Self { kept, lease: None }
    }
}

/// Calls to CloudWatch Logs in one region, as one role.
#[derive(Debug, Clone)]
pub(super) struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    upstream: Upstream,
    pages: Pages,
    /// Calls under way.
    calls: Flights<Key, Answer>,
    /// What each tenant wants, in its lane or in a call under way.
    wanted: Flights<(TenantId, Key), Answer>,
    /// Streams that grants name and that do not exist: (group, stream). An entry lives as long as a list does.
    absent: moka::sync::Cache<(String, String), ()>,
}

/// An answer, and what is known of it besides.
#[derive(Debug)]
pub(super) struct Called<T> {
    pub(super) answer: Arc<T>,
    /// How long ago CloudWatch gave it.
    pub(super) age: Duration,
    /// It can't change any more.
    pub(super) is_final: bool,
    /// The memory it takes, shared by the tenant's requests that hold it.
    pub(super) lease: Option<Arc<Reservation>>,
}

impl Client {
    pub(super) fn new(upstream: Upstream, pages: Pages) -> Self {
        let absent = moka::sync::Cache::builder().max_capacity(MOST_ABSENT).time_to_live(pages.settings().lists).build();
        Self(Arc::new(Shared { upstream, pages, calls: Flights::default(), wanted: Flights::default(), absent }))
    }

    /// Was the stream looked for in vain a moment ago?
    pub(super) fn is_absent(&self, group: &str, stream: &str) -> bool {
        self.0.absent.contains_key(&(group.to_owned(), stream.to_owned()))
    }

    /// The stream was looked for in vain.
    pub(super) fn note_absent(&self, group: &str, stream: &str) {
        if self.0.pages.are_kept() {
            self.0.absent.insert((group.to_owned(), stream.to_owned()), ());
        }
    }

    /// Our time, corrected by what was learnt of the source's.
    pub(super) fn now(&self) -> Millis {
        self.0.upstream.now()
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
        self.0.pages.settings().live
    }

    /// Counts answers in this budget.
    pub(super) fn count_in(&self, buffers: &Buffers) {
        self.0.upstream.budget.set(buffers);
    }

    /// Memory for what a request makes of an answer of its own.
    pub(super) async fn reserve(&self, share: &Share, bytes: usize) -> Result<Option<Reservation>, CallError> {
        self.0.upstream.budget.add(&scheduler_share(share), bytes as u64).await
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
    pub(super) async fn look_at_start(&self) {
        self.0.upstream.look_at_start().await;
    }

    /// Calls the operation, paid from the share.
    pub(super) async fn call<Op: Call>(&self, share: &Share, operation: &Op) -> Result<Op::Answer, CallError> {
        self.look(share, operation, Urgency::Wanted).await.map(|called| Arc::unwrap_or_clone(called.answer))
    }

    /// Calls the operation, and gives the memory that was reserved for its answer.
    pub(super) async fn call_counted<Op: Call>(
        &self,
        share: &Share,
        operation: &Op,
    ) -> Result<(Op::Answer, Option<Reservation>), CallError> {
        let called = self.look(share, operation, Urgency::Wanted).await?;
        let memory = match called.lease.map(Arc::try_unwrap) {
            None => None,
            Some(Ok(own)) => Some(own),
            // Others have the answer too: this is a copy.
            Some(Err(shared)) => self.0.upstream.budget.add(&scheduler_share(share), shared.bytes()).await?,
        };
        Ok((Arc::unwrap_or_clone(called.answer), memory))
    }

    /// Calls the operation, and says how old the answer is.
    pub(super) async fn look<Op: Call>(
        &self,
        share: &Share,
        operation: &Op,
        urgency: Urgency,
    ) -> Result<Called<Op::Answer>, CallError> {
        let body =
            serde_json::to_vec(operation).map_err(|_| CallError::Upstream("the request could not be written".to_owned()))?;
        let request = Request {
            api: Op::API,
            repeat: Op::REPEAT,
            body: body.into(),
            share: scheduler_share(share),
            deadline: Instant::now() + self.0.upstream.deadline,
        };
        let (asked, delay) = (operation.asked(), self.0.pages.settings().ingestion_delay);
        let is_of_events = matches!(asked, Asked::Events { .. });
        let read: Read = Arc::new(move |body, now| {
            let size = body.len();
            let answer =
                Op::Answer::read(body).ok_or_else(|| CallError::Upstream(format!("the answer to {} is not one", Op::API)))?;
            let extent = answer.extent();
            let bytes = match is_of_events {
                true => size.saturating_add(extent.events.saturating_mul(EVENT_BYTES)),
                false => size.saturating_mul(VALUES),
            };
            Ok(Arc::new(Kept::new(answer, Hold::of(asked, extent, now, delay), bytes)))
        });
        let fetched = if self.0.pages.are_kept() && Op::REPEAT == Repeat::Freely {
            self.0.shared(share, request, read, urgency).await?
        } else {
            self.0.alone(&request, &read, urgency).await?
        };
        let lease = self.0.lease(&scheduler_share(share), &fetched).await?;
        called(&fetched.kept, lease)
    }
}

fn called<T: Any + Send + Sync>(kept: &Kept, lease: Option<Arc<Reservation>>) -> Result<Called<T>, CallError> {
    let answer = kept.answer().ok_or_else(|| CallError::Upstream("an answer of another operation".to_owned()))?;
    Ok(Called { answer, age: kept.fetched.elapsed(), is_final: kept.hold == Hold::Final, lease })
}

impl Shared {
    /// An answer for this request alone.
    async fn alone(&self, request: &Request, read: &Read, urgency: Urgency) -> Answer {
        let turn = match urgency {
            Urgency::Wanted => self.upstream.admit(request).await?,
            Urgency::Ahead => self.upstream.admit_spare(request).ok_or(CallError::NoneToSpare)?,
        };
        self.fetch(request, read, turn).await
    }

    /// Makes the call. What it takes of memory is reserved until all who wait have the answer.
    async fn fetch(&self, request: &Request, read: &Read, turn: logmark_quota::Turn) -> Answer {
        let (body, room) = self.upstream.exchange(request, turn).await?;
        let kept = read(body, self.upstream.now())?;
        let lease = match room {
            Some(mut room) => {
                if !room.resize(kept.bytes()) {
                    return Err(CallError::NoMemory { is_own: true, retry_after: THROTTLED_WAIT });
                }
                Some(kept.leases.enter(room))
            }
            None => None,
        };
        Ok(Fetched { kept, lease })
    }

    /// The tenant's memory for the answer: what a request of its holds already, or else as much again.
    async fn lease(&self, share: &logmark_quota::Share, fetched: &Fetched) -> Result<Option<Arc<Reservation>>, CallError> {
        let of_call = fetched.lease.as_ref().filter(|lease| lease.tenant() == share.tenant());
        if let Some(lease) = of_call.cloned().or_else(|| fetched.kept.leases.of(share.tenant())) {
            return Ok(Some(lease));
        }
        let room = self.upstream.budget.reserve(share, fetched.kept.bytes()).await?;
        Ok(room.map(|room| fetched.kept.leases.enter(room)))
    }

    /// An answer that others may have, or get, as well.
    async fn shared(self: &Arc<Self>, share: &Share, request: Request, read: Read, urgency: Urgency) -> Answer {
        let key = (request.api, request.body.clone());
        if let Some(kept) = self.pages.get(&key) {
            metrics::upstream_saved(&self.upstream.source, request.api.as_str(), "kept");
            return Ok(Fetched::cached(kept));
        }
        if urgency == Urgency::Ahead {
            return self.ahead(key, request, read).await;
        }
        let mine = self.wanted.interest((share.tenant.clone(), key.clone()));
        let this = Arc::clone(self);
        mine.join(|| async move { this.wait_or_make(key, request, read).await }.boxed()).await
    }

    /// Waits until somebody's call for it is under way, or a turn has come to make it.
    async fn wait_or_make(self: Arc<Self>, key: Key, request: Request, read: Read) -> Answer {
        let interest = self.calls.interest(key.clone());
        let mut admitted = pin!(self.upstream.admit(&request));
        let turn = loop {
            let begun = interest.begun();
            if let Some(call) = interest.flight() {
                metrics::upstream_saved(&self.upstream.source, request.api.as_str(), "joined");
                return call.await;
            }
            if let Some(kept) = self.pages.get(&key) {
                return Ok(Fetched::cached(kept));
            }
            tokio::select! {
                biased;
                () = begun => {}
                turn = &mut admitted => break turn?,
            }
        };
        let this = Arc::clone(&self);
        let made = request.clone();
        interest.join(|| this.make(key, made, read, turn).boxed()).await
    }

    /// The page after the one that is being read, if it costs nobody anything.
    async fn ahead(self: &Arc<Self>, key: Key, request: Request, read: Read) -> Answer {
        let interest = self.calls.interest(key.clone());
        let call = match interest.flight() {
            Some(call) => call,
            None => {
                let turn = self.upstream.admit_spare(&request).ok_or(CallError::NoneToSpare)?;
                interest.join(|| Arc::clone(self).make(key, request, read, turn).boxed())
            }
        };
        call.await
    }

    async fn make(self: Arc<Self>, key: Key, request: Request, read: Read, turn: logmark_quota::Turn) -> Answer {
        let fetched = self.fetch(&request, &read, turn).await?;
        self.pages.put(key, &fetched.kept);
        Ok(fetched)
    }
}
