//! Logs Insights queries: StartQuery, GetQueryResults, StopQuery, ListLogGroupsForQuery, GetLogGroupFields, GetLogRecord.
//!
//! Owns the text sent to CloudWatch, and the visible part of responses. INVARIANT: a condition before the query's text restricts
//! it to the permit's groups, streams and time, for every text; and no row is shown before CloudWatch's list of the groups that
//! it read was compared with the permit. See also `tracker` (a query's life cycle), `account`, `calls`.

mod tracker;
mod account;
mod calls;
mod earlier;
mod estimate;
mod masks;
mod probe;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use logmark_quota::Rejected;
use tokio::sync::oneshot;
use tokio::time::Instant;

use self::earlier::ScanKey;
use self::tracker::QueryResources;
pub(super) use self::tracker::QueryTracker;
use super::CloudWatch;
use super::errors::CallError;
use crate::auth::permit::{GroupRule, Permit, Share};
use crate::domain::event::Position;
use crate::domain::name::{LogGroupName, TenantId};
use crate::domain::operation::Operation;
use crate::domain::query::masked::MaskedInput;
use crate::domain::query::operations::{
    CheckQuery, DescribeFields, FieldShare, FoundRecord, GroupFingerprint, QueryPage, QueryStatus, ReadQuery, ReadRecord, Record,
    Row, RunningQuery, ScanEstimate, StartQuery, StopQuery,
};
use crate::domain::query::scope::QueryScope;
use crate::domain::query::{MAX_CHARACTERS, UnsendableQuery};
use crate::domain::rules::{EventRules, Visibility};
use crate::limits::limit::GIGABYTE;
use crate::sources::SourceError;
use crate::sources::budget::{QueryLease, ScanBound};
use crate::sources::page_pool::memory_error;
use crate::sources::queries::{Queries, StartedQuery};
use crate::sources::visible::check_masks;
use crate::telemetry::trace;

/// The only supported query language.
const LANGUAGE: &str = "CWLI";
/// Identifiers in a page of ListLogGroupsForQuery, its most; a query has 50 groups.
const GROUPS_PAGE: usize = 500;

#[async_trait]
impl Queries for CloudWatch {
    fn check(&self, permit: &Permit<StartQuery>) -> Result<(), SourceError> {
        request(permit).map(drop)
    }

    async fn estimate(&self, permit: &Permit<CheckQuery>) -> Result<ScanEstimate, SourceError> {
        estimate::of(&self.client, permit).await
    }

    async fn scan_bound(&self, permit: &Permit<StartQuery>) -> Result<ScanBound, SourceError> {
        estimate::bound(&self.client, &self.tracker.earlier, permit).await
    }

    fn price_per_gb(&self) -> Option<f64> {
        self.tracker.settings.price_per_gb
    }

    async fn start(&self, permit: &Permit<StartQuery>, lease: QueryLease) -> Result<StartedQuery, SourceError> {
        let request = request(permit)?;
        let op = permit.op();
        let query = RunningQuery {
            source: self.name.clone(),
            id: String::new(),
            groups: op.groups.clone(),
            rules: permit.rules_fingerprint(),
            started: self.client.now(),
            headings: op.query.headings().to_vec(),
        };
        let (tracker, share, scan) = (Arc::clone(&self.tracker), permit.share().clone(), ScanKey::of(permit, query.started));
        // A separate task: if the client disconnects meanwhile, the query must still be tracked and stopped.
        let (tell, told) = oneshot::channel();
        tokio::spawn(trace::in_current_trace(async move {
            let started = tracker.start(request, query, share, (lease, scan)).await;
            // The client has disconnected: dropping the query stops it.
            drop(tell.send(started));
        }));
        told.await.unwrap_or_else(|_lost| Err(SourceError::Upstream("the task that starts a query failed".to_owned())))
    }

    async fn wait(&self, permit: &Permit<ReadQuery>, until: Instant) -> Result<QueryStatus, SourceError> {
        let query = current(permit, &permit.op().query)?;
        let run = self.tracker.track(&query.id, permit.share(), self.since(query), None);
        self.tracker.wait(&run, until).await
    }

    async fn read(&self, permit: &Permit<ReadQuery>, from: Option<&Position>, limit: usize) -> Result<QueryPage, SourceError> {
        let query = current(permit, &permit.op().query)?;
        let next_token = from.map(|position| position.0.as_str());
        let mut max_items = limit;
        let (answer, memory) = loop {
            let request = calls::GetQueryResults { query_id: &query.id, next_token, max_items };
            match self.client.call_counted(permit.share(), &request).await {
                // Rows with whole messages are large: fewer of them fit, and the rest is the next page.
                Err(CallError::TooLarge(_)) if max_items > 1 => max_items = (max_items / 8).max(1),
                answer => break answer.map_err(|error| error.at_position(from.is_some()))?,
            }
        };
        let (status, statistics) = (answer.status(), answer.statistics());
        if !status.has_ended() {
            self.tracker.track(&query.id, permit.share(), self.since(query), None);
        }
        self.tracker.note(&query.id, status, statistics);
        if next_token.is_some() && answer.next_token.as_deref() == next_token {
            return Err(SourceError::Upstream("GetQueryResults returned the same token".to_owned()));
        }
        let next = answer.next_token.clone().map(Position);
        let rows = answer.into_rows().ok_or_else(|| SourceError::Upstream("a complete query without its rows".to_owned()))?;
        let mut page = QueryPage { status, rows, statistics: None, estimated_cost: None, next, memory, failure: None };
        let bytes = page.row_bytes();
        if page.memory.as_mut().is_some_and(|memory| !memory.resize(bytes)) {
            return Err(memory_error(Rejected::TenantLimit));
        }
        if !page.rows.is_empty() {
            self.tracker.compare(query, permit.share()).await?;
            page.rows.iter_mut().for_each(|row| as_shown(row, query));
            masks::apply(&mut page.rows, permit.visibility());
        }
        // CloudWatch's figures count all events of the groups. With field indexes they would reveal the values of hidden events.
        let statistics = statistics.filter(|_| permit.visibility().iter().all(Visibility::is_whole));
        let price = self.tracker.settings.price_per_gb;
        let estimated_cost = price.zip(statistics).map(|(price, statistics)| statistics.bytes_scanned / GIGABYTE * price);
        Ok(QueryPage { statistics, estimated_cost, ..page })
    }

    async fn stop(&self, permit: &Permit<StopQuery>) -> Result<(), SourceError> {
        let query = current(permit, &permit.op().query)?;
        self.tracker.stop(&query.id, permit.share()).await
    }

    async fn describe_fields(&self, permit: &Permit<DescribeFields>) -> Result<Vec<FieldShare>, SourceError> {
        if permit.streams().is_some() || permit.rules().is_some_and(EventRules::limits_rows) {
            let reason =
                "You may see only some events of this log group, and CloudWatch lists fields only for all of its events.";
            return Err(SourceError::QueryForbidden(reason.to_owned()));
        }
        let op = permit.op();
        let time = op.around.map(|moment| moment.0.div_euclid(1000));
        let request = calls::GetLogGroupFields { log_group_name: op.group.as_str(), time };
        let answer = self.client.call(permit.share(), &request).await.map_err(CallError::plain)?;
        let share = |field: calls::GroupField| FieldShare { name: field.name, percent: field.percent.min(100) };
        let is_shown = |field: &FieldShare| permit.rules().is_none_or(|rules| !rules.hides_field(&field.name));
        Ok(answer.log_group_fields.into_iter().map(share).filter(is_shown).collect())
    }

    async fn read_record(&self, permit: &Permit<ReadRecord>) -> Result<FoundRecord, SourceError> {
        let op = permit.op();
        let request = calls::GetLogRecord { log_record_pointer: &op.pointer };
        let answer = self.client.call(permit.share(), &request).await;
        // The pointer is the only parameter, so a refused parameter means not found.
        let answer =
            answer.map_err(|error| if error == CallError::InvalidParameter { SourceError::NotFound } else { error.plain() })?;
        let mut record = answer.log_record;
        let (group, rules) = seen_group(permit, &record)?;
        if let Some(rules) = rules {
            masks::apply_to_record(&mut record, &rules)?;
        }
        account::hide_account(&mut record, std::slice::from_ref(&group));
        Ok(FoundRecord { group, record })
    }

    async fn poll_all(&self, tenant: &TenantId) {
        self.tracker.poll_all(tenant).await;
    }

    async fn close(&self) {
        self.tracker.close().await;
    }
}

impl CloudWatch {
    /// The start of the query, on the clock for waits.
    fn since(&self, query: &RunningQuery) -> Instant {
        let age = self.client.now().0.saturating_sub(query.started.0);
        let now = Instant::now();
        now.checked_sub(Duration::from_millis(age.max(0).unsigned_abs())).unwrap_or(now)
    }
}

impl QueryTracker {
    async fn start(
        self: &Arc<Self>,
        request: calls::StartQuery,
        query: RunningQuery,
        share: Share,
        (mut lease, scan): (QueryLease, ScanKey),
    ) -> Result<StartedQuery, SourceError> {
        let acquire_permit = self.acquire_permit(&share).await?;
        let id = self.client.call(&share, &request).await.map_err(CallError::plain)?.query_id;
        if id.is_empty() {
            return Err(SourceError::Upstream("StartQuery returned no id".to_owned()));
        }
        lease.mark_started();
        self.track(&id, &share, Instant::now(), Some(QueryResources { lease, scan, _permit: acquire_permit }));
        let (tracker, runtime) = (Arc::clone(self), tokio::runtime::Handle::current());
        let unclaimed = id.clone();
        let stop = move || {
            runtime.spawn(async move { tracker.stop_unwanted(&unclaimed, &share, "its client disconnected").await });
        };
        Ok(StartedQuery::new(RunningQuery { id, ..query }, stop))
    }

    /// Compares CloudWatch's list of the query's groups with the permit. The result is cached, because a query's groups do not
    /// change; without the list no row is shown.
    async fn compare(self: &Arc<Self>, query: &RunningQuery, share: &Share) -> Result<(), SourceError> {
        if self.compared.contains_key(&query.id) {
            return Ok(());
        }
        let mut token: Option<String> = None;
        // 50 groups are one page; a second page may be empty.
        for _page in 0..3 {
            let request =
                calls::ListLogGroupsForQuery { query_id: &query.id, max_results: GROUPS_PAGE, next_token: token.as_deref() };
            let answer = self.client.call(share, &request).await.map_err(CallError::plain)?;
            if !answer.log_group_identifiers.iter().all(|identifier| self.is_one_of(identifier, &query.groups)) {
                tracing::error!(
                    tenant.id = %share.tenant,
                    "a query reads other log groups than it was started with: its rows are withheld"
                );
                let (tracker, id, share) = (Arc::clone(self), query.id.clone(), share.clone());
                let stopping = async move { tracker.stop_unwanted(&id, &share, "it reads other log groups").await };
                // Continues after the response if it takes longer than one call may.
                let _stopped =
                    tokio::time::timeout(self.client.deadline(), tokio::spawn(trace::in_current_trace(stopping))).await;
                return Err(SourceError::Upstream("a query reads other log groups than it was started with".to_owned()));
            }
            token = answer.next_token;
            if token.is_none() {
                self.compared.insert(query.id.clone(), ());
                return Ok(());
            }
        }
        Err(SourceError::Upstream("the list of a query's log groups does not end".to_owned()))
    }

    fn is_one_of(&self, identifier: &str, groups: &[LogGroupName]) -> bool {
        let group = account::group_of(identifier, self.client.region(), self.account.as_deref());
        group.is_some_and(|group| groups.iter().any(|known| known.as_str() == group))
    }
}

/// The request: the query with its scope condition, over the groups by name.
fn request(permit: &Permit<StartQuery>) -> Result<calls::StartQuery, SourceError> {
    let op = permit.op();
    if !op.query.is_confined() {
        return Err(SourceError::QueryForbidden("nested queries and lookup tables can read beyond its log groups".to_owned()));
    }
    check_masks(permit, MaskedInput::After)?;
    let groups: Vec<(&LogGroupName, &Visibility)> = op.groups.iter().zip(permit.visibility()).collect();
    if groups.len() != op.groups.len() {
        return Err(SourceError::NotFound);
    }
    let scope = QueryScope { groups, start: op.start, end: op.end, upstream: op.query.reads() };
    let query_string = op.query.within(&scope).map_err(|error| match error {
        UnsendableQuery::QueryScope(_) => SourceError::QueryForbidden(error.to_string()),
        UnsendableQuery::TooLong { length } => SourceError::QueryTooLong { length, most: MAX_CHARACTERS },
    })?;
    let (start_time, end_time) = scope.seconds();
    Ok(calls::StartQuery {
        query_language: LANGUAGE,
        log_group_names: op.groups.iter().map(|group| group.as_str().to_owned()).collect(),
        start_time,
        end_time,
        query_string,
        limit: op.query.rows(),
    })
}

/// The query, if the permit's rules have not changed since its start.
fn current<'a, Op: Operation>(permit: &Permit<Op>, query: &'a RunningQuery) -> Result<&'a RunningQuery, SourceError> {
    if permit.rules_fingerprint() == query.rules { Ok(query) } else { Err(SourceError::NotFound) }
}

/// The row with the caller's column names, and without the account number.
fn as_shown(row: &mut Row, query: &RunningQuery) {
    for (name, value) in row {
        if let Some(heading) = query.headings.iter().find(|heading| heading.printed == *name) {
            name.clone_from(&heading.written);
        }
        *value = match name.as_str() {
            "@log" => account::parts_of_log(value).1.to_owned(),
            _ => account::without_account(std::mem::take(value), &query.groups),
        };
    }
}

/// The record's group and the rules for its events, if the permit allows that group and the record's stream. GetLogRecord returns any event of the account.
fn seen_group(permit: &Permit<ReadRecord>, record: &Record) -> Result<(LogGroupName, Option<EventRules>), SourceError> {
    let (Some(log), Some(stream)) = (record.get("@log"), record.get("@logStream")) else { return Err(SourceError::NotFound) };
    let (_, name) = account::parts_of_log(log);
    let covers = |rule: &&GroupRule| rule.source == permit.op().source && rule.is_granted(name);
    let rule = permit.sources().iter().find(covers).filter(|rule| rule.visibility(name).covers_stream(stream));
    let (Some(rule), Ok(group)) = (rule, LogGroupName::try_from(name)) else { return Err(SourceError::NotFound) };
    if !permit.op().groups.contains(&GroupFingerprint::from(&group)) {
        return Err(SourceError::NotFound);
    }
    if !rule.allows(name) {
        return Err(SourceError::OutOfScope { scope: format!("logs:{}:{group}", ReadRecord::ACTION) });
    }
    Ok((group, rule.visibility(name).rules))
}
