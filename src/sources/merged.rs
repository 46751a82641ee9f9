//! Groups of several sources as one list, ascending by name.
//!
//! Owns the order of the merged list, and its continuation in each source. If a source does not respond, only its own part is
//! missing. Each source enforces the permit for its groups. See also [`super::Source::list_groups`], one source's page, and
//! docs/decisions/003.

use std::collections::VecDeque;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use super::{Source, SourceError, Sources};
use crate::auth::permit::Permit;
use crate::domain::event::{ListPage, LogGroup, Position};
use crate::domain::name::{LogGroupName, SourceName};
use crate::domain::operation::ListGroups;

/// Where the merged list continues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeCursor {
    /// The last returned group, and the index of its source in `sources`. A source's page that extends beyond it is read again,
    /// and its items up to this group are skipped.
    last: Option<(LogGroupName, usize)>,
    /// The sources, in the order of the grants.
    sources: Vec<(SourceName, Continuation)>,
}

/// Where the list continues in one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Continuation {
    /// At this page of the source's list; `None`: the first.
    At(Option<Position>),
    /// All of the source's groups were returned.
    Finished,
    /// It did not respond, and stays out of this list, because its groups would belong before groups that were already returned.
    Missing,
}

/// A page of the merged list.
#[derive(Debug)]
pub struct MergedPage {
    /// The groups and their sources: ascending by name, groups of the same name in the order of the sources.
    pub groups: Vec<(SourceName, LogGroup)>,
    /// The sources whose groups are missing in this page and in later pages of the list.
    pub incomplete: Vec<SourceName>,
    /// The continuation; `None` if the list is complete, except for `incomplete`.
    pub next: Option<MergeCursor>,
}

impl Sources {
    /// A page of the visible groups in all of the permit's sources, from the start or from a cursor. Each source is called at
    /// most twice, all of them concurrently, until `deadline`.
    ///
    /// # Errors
    /// The first source's error, if all fail. [`SourceError::InvalidPosition`] if the cursor is for other sources than
    /// the permit's.
    pub async fn list_groups(
        &self,
        permit: &Permit<ListGroups>,
        from: Option<MergeCursor>,
        limit: usize,
        deadline: Instant,
    ) -> Result<MergedPage, SourceError> {
        let names = || permit.sources().iter().map(|rule| &rule.source);
        let cursor = from.unwrap_or_else(|| MergeCursor {
            last: None,
            sources: names().map(|name| (name.clone(), Continuation::At(None))).collect(),
        });
        if !cursor.sources.iter().map(|(name, _)| name).eq(names()) {
            return Err(SourceError::InvalidPosition);
        }
        let mut merging = Merge { permit, limit, deadline, last: cursor.last, heads: Vec::new(), failure: None };
        for (name, continuation) in cursor.sources {
            merging.heads.push(SourceHead {
                source: &**self.named(permit, &name)?,
                name,
                continuation,
                page: VecDeque::new(),
                next: None,
            });
        }
        merging.fetch_all().await;
        let groups = merging.merge().await;
        merging.finish(groups)
    }
}

/// A source, and the rest of its page.
struct SourceHead<'a> {
    name: SourceName,
    source: &'a dyn Source,
    /// The position at which `page` was requested.
    continuation: Continuation,
    page: VecDeque<LogGroup>,
    /// The continuation of the source's list after `page`.
    next: Option<Position>,
}

impl SourceHead<'_> {
    /// Whether the rest is empty but the source may have more.
    fn is_open(&self) -> bool {
        self.page.is_empty() && matches!(self.continuation, Continuation::At(_))
    }

    /// Fetches the page at the continuation.
    async fn fetch(
        &self,
        permit: &Permit<ListGroups>,
        limit: usize,
        deadline: Instant,
    ) -> Option<Result<ListPage<LogGroup>, SourceError>> {
        let Continuation::At(position) = &self.continuation else { return None };
        let answer = timeout_at(deadline, self.source.list_groups(permit, position.as_ref(), limit)).await;
        Some(answer.unwrap_or(Err(SourceError::Timeout)))
    }

    /// Moves to the source's continuation when the page is used up.
    fn advance(&mut self) {
        if self.is_open() {
            self.continuation = self.next.take().map_or(Continuation::Finished, |next| Continuation::At(Some(next)));
        }
    }
}

/// A page that is being built.
struct Merge<'a> {
    permit: &'a Permit<ListGroups>,
    limit: usize,
    deadline: Instant,
    last: Option<(LogGroupName, usize)>,
    heads: Vec<SourceHead<'a>>,
    /// The error of the first failed source.
    failure: Option<SourceError>,
}

impl Merge<'_> {
    /// Requests every source's page. A source that fails or exceeds the deadline is missing.
    async fn fetch_all(&mut self) {
        let (permit, limit, deadline) = (self.permit, self.limit, self.deadline);
        let answers = join_all(self.heads.iter().map(|head| head.fetch(permit, limit, deadline))).await;
        for (index, answer) in answers.into_iter().enumerate() {
            if let Some(answer) = answer {
                self.take(index, answer);
            }
        }
    }

    /// Adds a source's page without the groups up to the last returned one.
    fn take(&mut self, index: usize, answer: Result<ListPage<LogGroup>, SourceError>) {
        let Some(head) = self.heads.get_mut(index) else { return };
        let page = match answer {
            Ok(page) => page,
            Err(SourceError::NotFound | SourceError::StreamNotFound) => ListPage { items: Vec::new(), next: None },
            Err(error) => {
                tracing::warn!(source = %head.name, error = %error, "a list of groups continues without a failed source");
                head.continuation = Continuation::Missing;
                self.failure.get_or_insert(error);
                return;
            }
        };
        let last = self.last.as_ref();
        let behind = |group: &LogGroup| last.is_none_or(|(name, of)| (&group.name, index) > (name, *of));
        head.page = page.items.into_iter().skip_while(|group| !behind(group)).collect();
        head.next = page.next;
        head.advance();
    }

    /// Moves the smallest group to the page until the page is full or a source's next group is unknown.
    async fn merge(&mut self) -> Vec<(SourceName, LogGroup)> {
        let mut groups = Vec::new();
        let mut asked_again = vec![false; self.heads.len()];
        while groups.len() < self.limit {
            if let Some(open) = self.heads.iter().position(SourceHead::is_open) {
                // Without that source's next group the order is unknown: the page is short, and the next page begins with a
                // request to the source.
                let Some(again) = asked_again.get_mut(open).filter(|again| !**again) else { break };
                *again = true;
                if !self.fetch_next(open).await {
                    break;
                }
                continue;
            }
            let first = self.heads.iter().enumerate().filter_map(|(index, head)| Some((&head.page.front()?.name, index))).min();
            let Some(first) = first.map(|(_, index)| index) else { break };
            groups.extend(self.emit(first));
        }
        groups
    }

    /// Requests a source's next page. Returns false if no time is left: a source that responded before is not marked as missing
    /// because others were slow.
    async fn fetch_next(&mut self, index: usize) -> bool {
        let Some(head) = self.heads.get(index) else { return false };
        match head.fetch(self.permit, self.limit, self.deadline).await {
            Some(Err(SourceError::Timeout)) if Instant::now() >= self.deadline => false,
            Some(answer) => {
                self.take(index, answer);
                true
            }
            None => false,
        }
    }

    fn emit(&mut self, index: usize) -> Option<(SourceName, LogGroup)> {
        let head = self.heads.get_mut(index)?;
        let group = head.page.pop_front()?;
        self.last = Some((group.name.clone(), index));
        head.advance();
        Some((head.name.clone(), group))
    }

    fn finish(self, groups: Vec<(SourceName, LogGroup)>) -> Result<MergedPage, SourceError> {
        let missing = |continuation: &Continuation| *continuation == Continuation::Missing;
        if let Some(failure) =
            self.failure.filter(|_| self.heads.iter().all(|head| missing(&head.continuation)) && groups.is_empty())
        {
            return Err(failure);
        }
        let sources: Vec<_> = self.heads.into_iter().map(|head| (head.name, head.continuation)).collect();
        let incomplete = sources.iter().filter(|(_, continuation)| missing(continuation)).map(|(name, _)| name.clone()).collect();
        let goes_on = sources.iter().any(|(_, continuation)| matches!(continuation, Continuation::At(_)));
        Ok(MergedPage { groups, incomplete, next: goes_on.then_some(MergeCursor { last: self.last, sources }) })
    }
}

#[cfg(test)]
mod tests;
