//! Groups of several sources as one list, ascending by name.
//!
//! Owns the order of the merged list, where it continues in each source, and that a source which does not answer makes its
//! own part missing and nothing else. Never shows a group that the permit does not: each source answers for its own. Look next
//! at [`super::Source::list_groups`], one source's page, and at docs/decisions/003.

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
    /// The last group that was given, and the source it is in, by its index in `sources`. A source's page may reach beyond
    /// it, and is then asked for again: what is not behind this is left out.
    last: Option<(LogGroupName, usize)>,
    /// The sources in the order of the grants.
    sources: Vec<(SourceName, Continuation)>,
}

/// Where the list continues in one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Continuation {
    /// Before this page of the source's list; `None`: the first.
    At(Option<Position>),
    /// All of it has been given.
    Finished,
    /// It did not answer, and stays out of this list: its groups would belong before groups that were returned.
    Missing,
}

/// A page of the merged list.
#[derive(Debug)]
pub struct MergedPage {
    /// The groups and the sources they are in: ascending by name, those of the same name in the order of the sources.
    pub groups: Vec<(SourceName, LogGroup)>,
    /// The sources whose groups are missing, in this page and the later ones of the list.
    pub incomplete: Vec<SourceName>,
    /// Where the list goes on; `None`: it is complete, but for `incomplete`.
    pub next: Option<MergeCursor>,
}

impl Sources {
    /// A page of the groups that the permit shows in all of its sources, from the start or from a cursor. Each source is asked at
    /// most twice, all of them at the same time, until `deadline`.
    ///
    /// # Errors
    /// What the first of the sources says, when all fail. [`SourceError::InvalidPosition`] when the cursor is for other sources
    /// than the permit's.
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

/// A source, and the part of its page that has not been given yet.
struct SourceHead<'a> {
    name: SourceName,
    source: &'a dyn Source,
    /// Where `page` was asked for.
    continuation: Continuation,
    page: VecDeque<LogGroup>,
    /// Where the source's list goes on after `page`.
    next: Option<Position>,
}

impl SourceHead<'_> {
    /// Has nothing in hand, but may have more.
    fn is_open(&self) -> bool {
        self.page.is_empty() && matches!(self.continuation, Continuation::At(_))
    }

    /// Fetches the page at its continuation.
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

    /// Moves on to where the source's list does when all of the page has been given.
    fn advance(&mut self) {
        if self.is_open() {
            self.continuation = self.next.take().map_or(Continuation::Finished, |next| Continuation::At(Some(next)));
        }
    }
}

/// A page in the making.
struct Merge<'a> {
    permit: &'a Permit<ListGroups>,
    limit: usize,
    deadline: Instant,
    last: Option<(LogGroupName, usize)>,
    heads: Vec<SourceHead<'a>>,
    /// The first source's that failed.
    failure: Option<SourceError>,
}

impl Merge<'_> {
    /// Asks every source for its page. One that does not answer in time is missing, as is one that fails.
    async fn fetch_all(&mut self) {
        let (permit, limit, deadline) = (self.permit, self.limit, self.deadline);
        let answers = join_all(self.heads.iter().map(|head| head.fetch(permit, limit, deadline))).await;
        for (index, answer) in answers.into_iter().enumerate() {
            if let Some(answer) = answer {
                self.take(index, answer);
            }
        }
    }

    /// Takes in a source's answer: what of its page is behind the last group given.
    fn take(&mut self, index: usize, answer: Result<ListPage<LogGroup>, SourceError>) {
        let Some(head) = self.heads.get_mut(index) else { return };
        let page = match answer {
            Ok(page) => page,
            Err(SourceError::NotFound | SourceError::StreamNotFound) => ListPage { items: Vec::new(), next: None },
            Err(error) => {
                tracing::warn!(source = %head.name, error = %error, "a list goes on without the groups of a source");
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

    /// Gives the first group of all again and again, until the page is full or a source's next group is not known.
    async fn merge(&mut self) -> Vec<(SourceName, LogGroup)> {
        let mut groups = Vec::new();
        let mut asked_again = vec![false; self.heads.len()];
        while groups.len() < self.limit {
            if let Some(open) = self.heads.iter().position(SourceHead::is_open) {
                // Without that source's next group nothing can be given: the page is short, and the next begins with asking.
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

    /// Asks a source for its next page. A source that was quick a moment ago is not missing because others took the time: false
    /// when there is none left.
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
