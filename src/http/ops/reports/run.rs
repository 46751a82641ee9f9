//! Runs the queries of a report, and makes the report of their rows.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::formats::{self, FormattedGroups};
use crate::auth::permit::Permit;
use crate::domain::query::LogQuery;
use crate::domain::query::operations::{ReadReport, Row as Raw};
use crate::domain::time::Millis;
use crate::http::field_error::{FieldError, FieldErrors};
use crate::http::ops::queries::run::{Finished, Run};
use crate::http::problem::ApiError;
use crate::reports::bins::Bin;
use crate::reports::compare;
use crate::reports::definition::{Definition, Key, RequestOrder, Shape};
use crate::reports::enrich::ReportEnrichment;
use crate::reports::fold::{Fold, ordered};
use crate::reports::kinds::{self, LineCounts};
use crate::reports::plan::{self, MAX_QUERY_ROWS, Plan, Unanswerable};
use crate::reports::query_text;
use crate::reports::report::{Meta, Report, Row};
use crate::reports::request::ReportRequest;
use crate::reports::single::{self, Passed};
use crate::sources::SourceError;

/// A report that is computed.
pub(super) struct Computation<'a> {
    pub(super) run: Run<'a>,
    pub(super) permit: &'a Permit<ReadReport>,
    pub(super) request: Arc<ReportRequest>,
    pub(super) definition: &'static Definition,
    pub(super) zone: TimeZone,
    additions: ReportEnrichment,
    meta: Meta,
    has_cost: bool,
}

/// A period: start and end (exclusive).
type Period = (Millis, Millis);

impl<'a> Computation<'a> {
    /// A report of this request.
    pub(super) fn new(
        run: Run<'a>,
        permit: &'a Permit<ReadReport>,
        (request, definition): (Arc<ReportRequest>, &'static Definition),
        additions: ReportEnrichment,
    ) -> Self {
        let zone = request.zone.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
        let mut meta = Meta::default();
        meta.notes.extend(additions.note().map(str::to_owned));
        if definition.shape == Shape::Billing {
            meta.currency = additions.prices().map(|prices| prices.currency.clone());
        }
        Self { run, permit, request, definition, zone, additions, meta, has_cost: true }
    }

    /// Computes it. `passed`: the requests before the cursor.
    pub(super) async fn report(mut self, passed: Option<Passed>) -> Result<(Report, Option<Passed>), ApiError> {
        let groups = formats::of(&mut self).await?;
        let (mut bin, mut next) = (None, None);
        let rows = match self.definition.shape {
            Shape::LineKinds => self.line_kinds(&groups).await?,
            Shape::Requests(order) => {
                let found = self.single_requests(&groups, order, passed).await?;
                next = found.1;
                found.0
            }
            Shape::Compare => self.compared(&groups, &mut bin).await?,
            _ => {
                let (rows, plan) = self.grouped(&groups, (self.request.start, self.request.end), 0).await?;
                bin = plan.bin;
                let (rows, is_cut) = ordered(rows, &plan, &self.request);
                self.meta.truncated |= is_cut;
                rows
            }
        };
        if self.definition.shape != Shape::LineKinds && passed.is_none() {
            self.count_lines(&groups).await?;
        }
        Ok((self.finish(rows, bin), next))
    }

    fn finish(mut self, rows: Vec<Row>, bin: Option<Bin>) -> Report {
        if rows.iter().any(|row| row.measures.visitors.is_some()) && self.estimates_distinct() {
            self.meta.approximate.push("visitors");
        }
        self.meta.approximate.sort_unstable();
        self.meta.approximate.dedup();
        self.meta.notes.dedup();
        let Self { request, permit, definition, mut meta, has_cost, .. } = self;
        if !has_cost {
            meta.estimated_cost_usd = None;
        }
        Report {
            report: definition.name,
            groups: permit.op().groups.clone(),
            start: request.start,
            end: request.end,
            bin: bin.map(Bin::as_str),
            rows,
            meta,
            next_cursor: None,
        }
    }

    /// Whether distinct values are estimates if there are many.
    fn estimates_distinct(&self) -> bool {
        let source = self.permit.sources().first().map(|rule| &rule.source);
        let queries = source.and_then(|source| self.run.app.sources.queries(self.permit, source).ok());
        queries.is_some_and(|queries| queries.estimates_distinct())
    }

    /// Adds a note for the reader of the report.
    pub(super) fn note(&mut self, note: &str) {
        self.meta.notes.push(note.to_owned());
    }

    /// Runs a query that examines lines of these groups. It is not one of the report's queries.
    pub(super) async fn examine(&mut self, text: &str, period: Period, is_read: &[bool]) -> Result<Vec<Raw>, ApiError> {
        let query =
            LogQuery::parse(text).map_err(|error| ApiError::Internal(format!("a report's query is not valid: {error:?}")))?;
        let permit = self.permit.for_starting(query, period, |index| is_read.get(index).copied().unwrap_or(false));
        let permit = permit.ok_or_else(|| ApiError::Internal("a report's query has no groups".to_owned()))?;
        let finished = self.run.query(&permit).await?;
        self.add_cost(finished.cost);
        Ok(finished.rows)
    }

    fn add_cost(&mut self, cost: Option<f64>) {
        match cost {
            Some(cost) => self.meta.estimated_cost_usd = Some(self.meta.estimated_cost_usd.unwrap_or(0.0) + cost),
            None => self.has_cost = false,
        }
    }

    /// Runs one query over the groups.
    async fn query(&mut self, text: &str, (start, end): Period, groups: &FormattedGroups) -> Result<Finished, ApiError> {
        let query =
            LogQuery::parse(text).map_err(|error| ApiError::Internal(format!("a report's query is not valid: {error:?}")))?;
        let permit = self.permit.for_starting(query, (start, end), |index| groups.groups.contains(&index));
        let permit = permit.ok_or_else(|| ApiError::Internal("a report's query has no groups".to_owned()))?;
        let finished = self.run.query(&permit).await?;
        if !self.meta.queries.iter().any(|known| known == text) {
            self.meta.queries.push(text.to_owned());
        }
        self.add_cost(finished.cost);
        Ok(finished)
    }

    /// The rows of a period, in no order.
    async fn grouped(&mut self, groups: &[FormattedGroups], period: Period, shift: i64) -> Result<(Vec<Row>, Plan), ApiError> {
        let mut fold = Fold::new(Arc::clone(&self.request), self.additions.clone(), shift);
        let mut plan = None;
        for one in groups {
            let next = self.plan(&one.format, 0)?;
            let found = self.query(&next.text, period, one).await?;
            self.note_overflow(&found.rows);
            let (folded, next) = blocking(move || {
                fold.add(&next, &found.rows);
                (fold, next)
            })
            .await?;
            fold = folded;
            plan = Some(next);
        }
        let plan = plan.ok_or_else(|| ApiError::Internal("a report without groups".to_owned()))?;
        self.meta.matched = fold.total();
        self.meta.notes.extend(plan.notes());
        if plan.counts_addresses() {
            self.meta.approximate.push("visitors");
        }
        Ok((fold.into_rows(&plan), plan))
    }

    /// A query that reached its limit of rows lost the groups with the fewest requests.
    fn note_overflow(&mut self, rows: &[Raw]) {
        if rows.len() >= MAX_QUERY_ROWS {
            self.meta.truncated = true;
            self.meta.approximate.extend(["pct", "requests"]);
            self.meta.notes.push(format!(
                "the query has more than {MAX_QUERY_ROWS} groups: those with the fewest requests are left out; use a shorter range or a filter"
            ));
        }
    }

    async fn compared(&mut self, groups: &[FormattedGroups], bin: &mut Option<Bin>) -> Result<Vec<Row>, ApiError> {
        let (start, end) = (self.request.start, self.request.end);
        let length = end.0 - start.0;
        let before = self.request.previous_start.unwrap_or(Millis(start.0 - length));
        let (previous, _) = self.grouped(groups, (before, Millis(before.0 + length)), start.0 - before.0).await?;
        let (rows, plan) = self.grouped(groups, (start, end), 0).await?;
        self.meta.notes.dedup();
        *bin = plan.bin;
        let (rows, is_cut) = ordered(compare::joined(rows, previous), &plan, &self.request);
        self.meta.truncated |= is_cut;
        Ok(rows)
    }

    async fn single_requests(
        &mut self,
        groups: &[FormattedGroups],
        order: RequestOrder,
        passed: Option<Passed>,
    ) -> Result<(Vec<Row>, Option<Passed>), ApiError> {
        let end = passed.map_or(self.request.end, |passed| Millis(passed.last.0 + 1).min(self.request.end));
        let offset = passed.map_or(0, |passed| passed.count);
        let mut found = Vec::new();
        for one in groups {
            let plan = self.plan(&one.format, offset)?;
            let rows = self.query(&plan.text, (self.request.start, end), one).await?;
            let (request, additions) = (Arc::clone(&self.request), self.additions.clone());
            found.extend(blocking(move || single::rows(&rows.rows, &plan, &request, &additions)).await?);
        }
        let limit = plan::limit_of(self.definition, &self.request);
        let page = single::page(found, order, limit, passed);
        self.meta.matched = page.rows.len() as u64;
        self.meta.truncated = page.next.is_some();
        Ok((page.rows, page.next.filter(|_| order == RequestOrder::Newest)))
    }

    /// Counts lines by kind, for `meta`. Under a mask a source may not be able to look at lines.
    async fn count_lines(&mut self, groups: &[FormattedGroups]) -> Result<(), ApiError> {
        let mut counts = LineCounts::default();
        for one in groups {
            match self.query(&query_text::line_kinds(&one.format), (self.request.start, self.request.end), one).await {
                Ok(found) => counts.add(&found.rows),
                Err(ApiError::Source(SourceError::QueryMasked(_))) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        counts.write(&mut self.meta);
        Ok(())
    }

    async fn line_kinds(&mut self, groups: &[FormattedGroups]) -> Result<Vec<Row>, ApiError> {
        let period = (self.request.start, self.request.end);
        let (mut counts, mut all) = (LineCounts::default(), kinds::Kinds::default());
        for one in groups {
            let found = self.query(&query_text::line_kinds(&one.format), period, one).await?;
            counts.add(&found.rows);
            all.add(&found.rows);
            let samples = self.query(&query_text::line_samples(&one.format), period, one).await?;
            all.add_samples(&samples.rows);
        }
        counts.write(&mut self.meta);
        self.meta.matched = counts.scanned();
        Ok(all.into_rows())
    }

    fn plan(&self, format: &crate::reports::format::LogFormat, offset: usize) -> Result<Plan, ApiError> {
        let definition = match self.definition.shape {
            Shape::Compare => compare::compared(&self.request),
            _ => self.definition,
        };
        Plan::new(definition, &self.request, &self.zone, format, offset)
            .map_err(|reason| self.unanswerable(&reason, format.name()))
    }

    fn unanswerable(&self, reason: &Unanswerable, format: &str) -> ApiError {
        let named = |fields: &[crate::reports::fields::Field]| {
            fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(" or ")
        };
        let report = self.definition.name;
        let errors: FieldErrors = match reason {
            Unanswerable::MissingFields(missing) => missing
                .iter()
                .map(|fields| {
                    let detail = format!(
                        "has access lines in the format `{format}`, in which you see no {}, which the report `{report}` needs",
                        named(fields)
                    );
                    FieldError::new("group", detail)
                })
                .collect(),
            Unanswerable::Filters(filters) => filters
                .iter()
                .map(|filter| {
                    let detail =
                        format!("needs {}, which you do not see in log lines of the format `{format}`", named(filter.fields));
                    FieldError::new(filter.parameter, detail)
                })
                .collect(),
        };
        ApiError::InvalidParameter(errors)
    }
}

/// Work that takes too long for a thread that serves other requests: thousands of rows and user agents.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::Internal("computing a report panicked".to_owned()))
}

/// Whether rows of the report have times of periods.
pub(super) fn has_periods(definition: &Definition) -> bool {
    definition.keys.contains(&Key::Time) && !matches!(definition.shape, Shape::Requests(_))
}
