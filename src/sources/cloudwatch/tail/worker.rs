//! The task behind a feed: one session and one sweep at a time, as long as the feed has viewers.
//!
//! Owns when a session is opened and opened again. INVARIANT: a failed session never ends the feed; sweeps alone are complete,
//! only later. Sweeps take calls that no request waits for, and else have a budget of their own, in which each group has the same
//! share.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use logmark_quota::{CallPermit, RateLimiter, Share};
use logmark_tail_merge::{Merge, Pace, SweepPlan};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::super::errors::CallError;
use super::super::quotas::Api;
use super::super::wire::{DescribeLogGroups, FilterLogEvents};
use super::TailHub;
use super::event::TailEvent;
use super::feed::{Event, Feed, Status};
use super::session::{Session, SessionEnd, SessionError, Update};
use crate::sources::SourceError;
use crate::sources::tail::TailNotice;

/// Calls of one sweep at most. A group with more events is not read back as far.
const MAX_SWEEP_CALLS: u32 = 40;
/// FilterLogEvents' largest page, in events.
const PAGE_EVENTS: usize = 10_000;
/// Until the next attempt to open a session: after a failure (doubled each time), when the account has none free, when the role
/// may open none.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const MAX_RETRY: Duration = Duration::from_secs(60);
const NONE_FREE_RETRY: Duration = Duration::from_secs(30);
const NOT_ALLOWED_RETRY: Duration = Duration::from_secs(300);
/// Between two looks for a call that no request waits for.
const SPARE_INTERVAL: Duration = Duration::from_millis(20);
/// The tenant that sweeps are paid from in the account's rate limiters. No tenant has such a name.
pub(super) const SWEEPS: &str = "live tail";

/// An open session, and its place among the account's.
type Open = (Box<Session>, OwnedSemaphorePermit);
/// A page of a sweep: its events, and the token of the next page.
type Page = Result<(Vec<TailEvent>, Option<String>), CallError>;

/// A sweep under way.
struct Sweep {
    plan: SweepPlan,
    /// By the source's clock as it was known then, and by our own timer.
    begun: i64,
    begun_at: Instant,
    calls: u32,
    fresh: Vec<Event>,
    page: BoxFuture<'static, Page>,
}

/// The worker of one feed.
pub(super) struct Worker {
    feed: Arc<Feed>,
    hub: Arc<TailHub>,
    group: Arc<str>,
    merge: Merge<Arc<TailEvent>>,
    pace: Pace,
    /// When the first viewer joined.
    started: Instant,
    /// The first page of a sweep has told the source's time, so the origin of the feed is set.
    has_origin: bool,
    session: Option<Open>,
    opening: Option<BoxFuture<'static, Result<Open, SessionError>>>,
    /// When to open a session next.
    session_at: Instant,
    retry: Duration,
    sweep: Option<Sweep>,
    /// When the last sweep began.
    swept_at: Option<Instant>,
    /// Since when the feed has no viewers.
    deserted: Option<Instant>,
}

/// What has happened.
enum Turn {
    Update(Result<Update, SessionEnd>),
    Opened(Result<Open, SessionError>),
    Page(Page),
    SweepDue,
    SessionDue,
    /// The last viewer has left.
    Left,
    /// That was some time ago.
    Deserted,
}

impl Worker {
    pub(super) fn new(feed: Arc<Feed>, hub: Arc<TailHub>, group: Arc<str>) -> Self {
        let bounds = hub.settings.bounds();
        Self {
            feed,
            group,
            merge: Merge::new(bounds, 0),
            pace: Pace::new(bounds, hub.settings.pace),
            started: Instant::now(),
            has_origin: false,
            session: None,
            opening: None,
            session_at: Instant::now(),
            retry: FIRST_RETRY,
            sweep: None,
            swept_at: None,
            deserted: None,
            hub,
        }
    }

    /// Works until the feed fails, or has had no viewers for some time.
    pub(super) async fn run(mut self) {
        let mut sweep_at = Instant::now();
        loop {
            let turn = self.turn(sweep_at).await;
            match turn {
                Turn::Update(update) => self.updated(update),
                Turn::Opened(opened) => self.opened(opened),
                Turn::SessionDue => self.open(),
                Turn::SweepDue => self.begin_sweep(),
                Turn::Page(page) => {
                    if let Err(error) = self.swept(page) {
                        self.hub.remove(&self.group, &self.feed);
                        self.feed.set_status(Status::Failed(error));
                        return;
                    }
                }
                Turn::Deserted => {
                    if self.hub.close(&self.group, &self.feed) {
                        return;
                    }
                }
                Turn::Left => {}
            }
            sweep_at = self.sweep_at();
        }
    }

    async fn turn(&mut self, sweep_at: Instant) -> Turn {
        self.deserted = (self.feed.viewers() == 0).then(|| self.deserted.unwrap_or_else(Instant::now));
        let close_at = self.deserted.map_or_else(Instant::now, |since| since + self.hub.settings.linger);
        let may_open = self.has_origin && self.session.is_none() && self.opening.is_none();
        tokio::select! {
            update = next_update(&mut self.session) => Turn::Update(update),
            opened = pending_or(self.opening.as_mut()) => Turn::Opened(opened),
            page = pending_or(self.sweep.as_mut().map(|sweep| &mut sweep.page)) => Turn::Page(page),
            () = tokio::time::sleep_until(sweep_at), if self.sweep.is_none() => Turn::SweepDue,
            () = tokio::time::sleep_until(self.session_at), if may_open => Turn::SessionDue,
            () = tokio::time::sleep_until(close_at), if self.deserted.is_some() => Turn::Deserted,
            () = self.feed.deserted.notified() => Turn::Left,
        }
    }

    /// When the next sweep is due.
    fn sweep_at(&self) -> Instant {
        let interval = self.pace.interval(self.session.is_some(), self.merge.wants_sweep());
        self.swept_at.map_or_else(Instant::now, |begun| begun + Duration::from_millis(interval.unsigned_abs()))
    }

    fn open(&mut self) {
        if !self.hub.settings.uses_sessions() {
            self.feed.set_notice(TailNotice::Polling);
            self.session_at = Instant::now() + NOT_ALLOWED_RETRY;
            return;
        }
        let (hub, group) = (Arc::clone(&self.hub), Arc::clone(&self.group));
        self.opening = Some(Box::pin(async move { hub.open_session(&group).await }));
    }

    fn opened(&mut self, opened: Result<Open, SessionError>) {
        self.opening = None;
        let wait = match opened {
            Ok(open) => {
                self.session = Some(open);
                self.merge.session_began(self.hub.client.service_now().0);
                self.feed.set_notice(TailNotice::Live);
                return;
            }
            Err(SessionError::NoneFree) => NONE_FREE_RETRY,
            Err(SessionError::NotAllowed) => NOT_ALLOWED_RETRY,
            // A sweep will say so, or the group is there again.
            Err(SessionError::NoSuchGroup) => NONE_FREE_RETRY,
            Err(SessionError::Failed(what)) => {
                tracing::debug!(what, "no live tail session");
                self.next_retry()
            }
        };
        self.feed.set_notice(TailNotice::Polling);
        self.session_at = Instant::now() + wait;
    }

    fn next_retry(&mut self) -> Duration {
        let wait = self.retry;
        self.retry = (wait * 2).min(MAX_RETRY);
        wait
    }

    fn updated(&mut self, update: Result<Update, SessionEnd>) {
        let now = self.hub.client.service_now().0;
        match update {
            Ok(Update { events, is_sampled }) => {
                self.retry = FIRST_RETRY;
                events.iter().for_each(|event| self.pace.observe(event.ingestion - event.timestamp));
                let events = events.into_iter().map(TailEvent::seen).collect();
                let fresh = self.merge.update(now, events, is_sampled);
                self.feed.publish(fresh, self.merge.through(), is_sampled);
            }
            Err(end) => {
                self.session = None;
                // The sweeps supply what no session shows meanwhile.
                let wait = if end == SessionEnd::Timeout { Duration::ZERO } else { self.next_retry() };
                self.session_at = Instant::now() + wait;
            }
        }
    }

    fn begin_sweep(&mut self) {
        let begun = self.hub.client.service_now().0;
        let plan = self.pace.begin(begun);
        let page = self.page(plan.from, None);
        let begun_at = Instant::now();
        self.swept_at = Some(begun_at);
        self.sweep = Some(Sweep { plan, begun, begun_at, calls: 0, fresh: Vec::new(), page });
    }

    fn page(&self, from: i64, token: Option<String>) -> BoxFuture<'static, Page> {
        let (hub, group) = (Arc::clone(&self.hub), Arc::clone(&self.group));
        Box::pin(async move { hub.sweep_page(&group, from, token.as_deref()).await })
    }

    /// Takes a page of the sweep. An error ends the feed.
    fn swept(&mut self, page: Page) -> Result<(), SourceError> {
        let Some(mut sweep) = self.sweep.take() else { return Ok(()) };
        sweep.calls += 1;
        let now = self.hub.client.service_now().0;
        let (events, token) = match page {
            Ok(page) => page,
            Err(error) => {
                let is_missing = matches!(error, CallError::NotFound(_));
                if is_missing || self.feed.status() == Status::Starting {
                    return Err(error.plain());
                }
                // What this sweep has found is shown; the next sweep reads the rest.
                self.publish_sweep(sweep, now, None);
                return Ok(());
            }
        };
        if !std::mem::replace(&mut self.has_origin, true) {
            self.set_origin(now);
        }
        let swept: Vec<_> = events.into_iter().map(TailEvent::swept).collect();
        let fresh = self.merge.swept(now, swept);
        fresh.iter().for_each(|seen| self.pace.observe(seen.ingestion - seen.timestamp));
        sweep.fresh.extend(fresh);
        match token {
            Some(token) if sweep.calls < MAX_SWEEP_CALLS => {
                sweep.page = self.page(sweep.plan.from, Some(token));
                self.sweep = Some(sweep);
            }
            Some(_) => {
                self.limit_lateness();
                self.publish_sweep(sweep, now, None);
            }
            None => {
                let from = sweep.plan.from;
                self.pace.ended(sweep.plan, sweep.begun, sweep.calls);
                self.publish_sweep(sweep, now, Some(from));
                if self.feed.status() == Status::Starting {
                    self.feed.set_status(Status::Running);
                }
            }
        }
        Ok(())
    }

    /// Lets sweeps reach back less, because the group has more events than one sweep may read.
    fn limit_lateness(&mut self) {
        let lateness = self.pace.halve_lateness();
        self.merge.limit_lateness(lateness);
        tracing::warn!(
            log_group.name = %self.group, lateness_ms = lateness,
            "live tail: the log group has too many events to read them again over the whole lateness; events that arrive later \
             than {} s may be missed", lateness / 1000
        );
    }

    /// Sets the origin of the feed. The first page of a sweep comes before, because without an answer the offset to the source's
    /// clock is unknown: with a clock that is ahead, the feed would leave out events that are ingested after viewers joined.
    fn set_origin(&mut self, now: i64) {
        let bounds = self.hub.settings.bounds();
        // Events that were ingested shortly before may be missing in readings of the viewers that join now: the feed shows them too.
        let origin = now - elapsed(self.started) - bounds.settling;
        self.merge = Merge::new(bounds, origin);
        self.feed.set_origin(origin);
    }

    /// `from`: the sweep has read all timestamps from there on.
    fn publish_sweep(&mut self, sweep: Sweep, now: i64, from: Option<i64>) {
        // The answers may have corrected the offset to the source's clock since. A beginning that is too late would complete the
        // feed through events that the sweep could not show yet.
        let begun = sweep.begun.min(now - elapsed(sweep.begun_at));
        let fresh = self.merge.sweep_ended(begun, now, from, sweep.fresh);
        self.feed.publish(fresh, self.merge.through(), false);
    }
}

/// Milliseconds since then.
pub(super) fn elapsed(since: Instant) -> i64 {
    i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX)
}

async fn next_update(session: &mut Option<Open>) -> Result<Update, SessionEnd> {
    match session {
        Some((session, _place)) => session.next().await,
        None => std::future::pending().await,
    }
}

async fn pending_or<T>(future: Option<&mut BoxFuture<'static, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

impl TailHub {
    /// A session for the group, if the account has one free.
    async fn open_session(&self, group: &str) -> Result<Open, SessionError> {
        let upstream = self.client.upstream();
        let place = Arc::clone(&upstream.account_limits.live_sessions).try_acquire_owned();
        let place = place.map_err(|_none| SessionError::NoneFree)?;
        let share = Share::new(SWEEPS, NonZeroU32::MIN);
        let identifier = self.identifier(group, &share).await;
        Ok((Box::new(Session::open(upstream, &identifier, &share).await?), place))
    }

    /// The ARN of the group; its name, where there is no ARN or no answer.
    async fn identifier(&self, group: &str, share: &Share) -> String {
        let arn = async {
            let answer = self.client.call_for_all(share, &DescribeLogGroups::one(group), None).await.ok()?.answer;
            let found = answer.log_groups.iter().find(|found| found.log_group_name == group)?;
            let arn = found.log_group_arn.as_ref().or(found.arn.as_ref())?;
            Some(arn.strip_suffix(":*").unwrap_or(arn).to_owned())
        };
        arn.await.unwrap_or_else(|| group.to_owned())
    }

    /// Waits for a call for a sweep, behind the sweeps that began to wait earlier: a call that no request waits for (`Some`), or one
    /// of the sweeps' own budget.
    ///
    /// Whichever comes first: if a sweep of the budget waited for it alone, other groups would take all spare calls meanwhile.
    async fn sweep_permit(&self, group: &str) -> Result<Option<CallPermit>, CallError> {
        let limits = &self.client.upstream().account_limits;
        // Without a deadline: a sweep that gave up would begin to wait anew, behind all others.
        let _turn = limits.sweep_turn.lock().await;
        let share = Share::new(group, NonZeroU32::MIN);
        let budgeted = limits.sweeps.admit(&share, Instant::now() + self.client.deadline());
        tokio::pin!(budgeted);
        loop {
            if let Some(spare) = limits.rate_limiter(Api::FilterLogEvents).and_then(RateLimiter::try_admit) {
                return Ok(Some(spare));
            }
            tokio::select! {
                admitted = &mut budgeted => {
                    admitted?.succeeded();
                    return Ok(None);
                }
                () = tokio::time::sleep(SPARE_INTERVAL) => {}
            }
        }
    }

    /// A page of all events of the group from a timestamp on.
    async fn sweep_page(&self, group: &str, from: i64, token: Option<&str>) -> Page {
        let spare = self.sweep_permit(group).await?;
        let request = FilterLogEvents {
            log_group_name: group,
            filter_pattern: None,
            log_stream_names: None,
            log_stream_name_prefix: None,
            start_time: Some(from),
            end_time: None,
            next_token: token,
            limit: PAGE_EVENTS,
            start_from_head: None,
            interleaved: true,
        };
        let share = Share::new(SWEEPS, NonZeroU32::MIN);
        let answer = self.client.call_for_all(&share, &request, spare).await?.answer;
        let events = answer.0.events.iter().map(TailEvent::of_page).collect();
        Ok((events, answer.0.next_token.clone()))
    }
}
