//! Reads merged lists of scripted sources: with various page sizes, slow, or failing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use proptest::prelude::{Strategy, proptest};

use super::*;
use crate::auth::policy::authorize;
use crate::auth::tenant::{Caller, Grant, Limits, Scope, Tenant};
use crate::auth::token::Claims;
use crate::domain::event::{EventPage, LogStream, PageRequest};
use crate::domain::name::TenantId;
use crate::domain::operation::{Action, DescribeGroup, ListStreams, ReadGroup, ReadStream};
use crate::domain::pattern::Pattern;
use crate::domain::time::Millis;
use crate::sources::page_pool::PagePool;

const WORK_TIME: Duration = Duration::from_secs(20);

/// The index of the first call that does not succeed, from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Failure {
    None,
    FailsFrom(usize),
    FailsUntil(usize),
    HangsFrom(usize),
}

/// A source with these groups, in pages of at most `page_size`.
#[derive(Debug)]
struct Scripted {
    groups: Vec<String>,
    page: usize,
    trouble: Failure,
    error: SourceError,
    calls: AtomicUsize,
}

impl Scripted {
    fn new(groups: &[&str], page: usize, trouble: Failure) -> Arc<Self> {
        let groups = groups.iter().map(|name| (*name).to_owned()).collect();
        let error = SourceError::Upstream("scripted".to_owned());
        Arc::new(Self { groups, page, trouble, error, calls: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Source for Scripted {
    async fn list_groups(
        &self,
        _: &Permit<ListGroups>,
        from: Option<&Position>,
        limit: usize,
    ) -> Result<ListPage<LogGroup>, SourceError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        match self.trouble {
            Failure::FailsFrom(first) if call >= first => return Err(self.error.clone()),
            Failure::FailsUntil(first) if call < first => return Err(self.error.clone()),
            Failure::HangsFrom(first) if call >= first => std::future::pending().await,
            _ => {}
        }
        let start: usize = from.map_or(0, |position| position.0.parse().unwrap());
        let end = self.groups.len().min(start + limit.min(self.page));
        let group = |name: &String| LogGroup {
            name: LogGroupName::try_from(name.as_str()).unwrap(),
            created_at: None,
            retention_days: None,
            stored_bytes: None,
            class: "STANDARD".to_owned(),
        };
        // As in CloudWatch, the last page may be empty.
        let next =
            (end < self.groups.len() || (end - start == self.page && self.page < limit)).then(|| Position(end.to_string()));
        Ok(ListPage { items: self.groups[start..end].iter().map(group).collect(), next })
    }

    async fn read_stream(&self, _: &Permit<ReadStream>, _: &PageRequest) -> Result<EventPage, SourceError> {
        unreachable!()
    }
    async fn read_group(&self, _: &Permit<ReadGroup>, _: &PageRequest) -> Result<EventPage, SourceError> {
        unreachable!()
    }
    async fn describe_group(&self, _: &Permit<DescribeGroup>) -> Result<LogGroup, SourceError> {
        unreachable!()
    }
    async fn list_streams(
        &self,
        _: &Permit<ListStreams>,
        _: Option<&Position>,
        _: usize,
    ) -> Result<ListPage<LogStream>, SourceError> {
        unreachable!()
    }
    async fn ready(&self) -> Result<(), SourceError> {
        Ok(())
    }
}

/// Sources named `s0`, `s1`, …, and a permit to list all of their groups.
struct Fixture {
    scripted: Vec<Arc<Scripted>>,
    sources: Sources,
    permit: Permit<ListGroups>,
}

fn name(index: usize) -> SourceName {
    SourceName::try_from(format!("s{index}")).unwrap()
}

impl Fixture {
    fn new(scripted: Vec<Arc<Scripted>>) -> Self {
        let id = TenantId::try_from("acme").unwrap();
        let grant = |index| Grant {
            rule: String::new(),
            source: name(index),
            groups: vec![Pattern::try_from("*").unwrap()],
            streams: None,
            actions: vec![Action::Describe],
            rows: None,
            mask: None,
        };
        let grants = (0..scripted.len()).map(grant).collect();
        let tenant = Tenant { id: id.clone(), weight: 1, limits: Limits::default(), grants };
        let (issuer, subject) = (String::new(), String::new());
        let claims = Claims {
            issuer,
            subject,
            tenant: id,
            scopes: Vec::new(),
            expires_at: 0,
            token_id: None,
            requirements: Default::default(),
        };
        let scope = Scope::parse("logs:*:*", &Arc::from("scope")).unwrap();
        let caller = Caller { claims: Arc::new(claims), tenant: Arc::new(tenant), scopes: Arc::from([scope]) };
        let permit = authorize(&caller, ListGroups { prefix: None }, Millis(0)).unwrap();
        let named = scripted.iter().enumerate().map(|(index, source)| (name(index), Arc::clone(source) as Arc<dyn Source>));
        Self { sources: Sources::new(named, PagePool::new(1 << 20)), scripted, permit }
    }

    async fn page(&self, from: Option<MergeCursor>, limit: usize) -> Result<MergedPage, SourceError> {
        self.sources.list_groups(&self.permit, from, limit, Instant::now() + WORK_TIME).await
    }

    /// Reads the whole list with varying limits: the groups with their sources, and the missing sources of each page.
    async fn cursor(&self, limits: &[usize]) -> (Vec<String>, Vec<String>) {
        let (mut groups, mut missing, mut from) = (Vec::new(), Vec::new(), None);
        for limit in limits.iter().cycle().take(1000) {
            let before: Vec<usize> = self.scripted.iter().map(|source| source.calls.load(Ordering::SeqCst)).collect();
            let page = self.page(from, *limit).await.unwrap();
            for (source, before) in self.scripted.iter().zip(before) {
                assert!(source.calls.load(Ordering::SeqCst) <= before + 2, "a source is called at most twice per page");
            }
            assert!(page.groups.len() <= *limit);
            groups.extend(page.groups.iter().map(|(source, group)| format!("{} {source}", group.name)));
            missing.push(page.incomplete.iter().map(SourceName::as_str).collect::<Vec<_>>().join("+"));
            // Encodes and decodes the cursor.
            from = match page.next {
                Some(cursor) => Some(postcard::from_bytes(&postcard::to_allocvec(&cursor).unwrap()).unwrap()),
                None => return (groups, missing),
            };
        }
        panic!("no end: {groups:?}")
    }
}

/// All groups of the sources, in the order of the list.
fn all(scripted: &[Arc<Scripted>]) -> Vec<String> {
    let mut all: Vec<(String, usize)> = scripted
        .iter()
        .enumerate()
        .flat_map(|(index, source)| source.groups.iter().map(move |group| (group.clone(), index)))
        .collect();
    all.sort();
    all.into_iter().map(|(group, index)| format!("{group} s{index}")).collect()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

fn scripted() -> impl Strategy<Value = Vec<Arc<Scripted>>> {
    let source = (proptest::collection::btree_set("[a-c]{1,3}", 0..25), 1..8_usize).prop_map(|(groups, page)| {
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        Scripted::new(&groups, page, Failure::None)
    });
    proptest::collection::vec(source, 1..5)
}

proptest! {
    #[test]
    fn every_group_of_every_source_is_there_once_and_in_order(
        scripted in scripted(),
        limits in proptest::collection::vec(1..12_usize, 1..4),
    ) {
        let (groups, missing) = runtime().block_on(Fixture::new(scripted.clone()).cursor(&limits));
        proptest::prop_assert_eq!(groups, all(&scripted));
        proptest::prop_assert!(missing.iter().all(String::is_empty));
    }

    /// For any failures: groups are in order and returned once, the other sources are complete, and the page names the missing
    /// sources.
    #[test]
    fn a_source_in_trouble_makes_its_own_part_missing(
        scripted in scripted(),
        limit in 1..12_usize,
        first in 0..4_usize,
        hangs in proptest::bool::ANY,
    ) {
        let trouble = if hangs { Failure::HangsFrom(first) } else { Failure::FailsFrom(first) };
        let broken = Scripted::new(&["a", "ab", "b", "bb", "c", "ca", "cc"], 3, trouble);
        let sound = Scripted::new(&["aa", "bc"], 9, Failure::None);
        let scripted: Vec<_> = [broken, sound].into_iter().chain(scripted).collect();
        let (groups, missing) = runtime().block_on(Fixture::new(scripted.clone()).cursor(&[limit]));
        let of_others = |group: &&String| !group.ends_with(" s0");
        proptest::prop_assert!(groups.is_sorted());
        let expected: Vec<_> = all(&scripted).into_iter().filter(|group| of_others(&group)).collect();
        proptest::prop_assert_eq!(groups.iter().filter(of_others).cloned().collect::<Vec<_>>(), expected);
        let complete = groups.len() == all(&scripted).len();
        proptest::prop_assert!(complete || missing.last().unwrap() == "s0");
        // A missing source stays missing.
        proptest::prop_assert!(missing.is_sorted());
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_source_comes_back_in_a_new_list() {
    let eu = Scripted::new(&["a", "c", "e"], 9, Failure::FailsUntil(1));
    let us = Scripted::new(&["b", "d"], 9, Failure::None);
    let environment = Fixture::new(vec![eu, us]);
    let missing = |pages: usize| vec!["s0".to_owned(); pages];
    assert_eq!(environment.cursor(&[1]).await, (vec!["b s1".to_owned(), "d s1".to_owned()], missing(2)));
    assert_eq!(environment.cursor(&[9]).await.0, ["a s0", "b s1", "c s0", "d s1", "e s0"]);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_costs_the_work_time_once() {
    let environment = Fixture::new(vec![
        Scripted::new(&["a", "b"], 9, Failure::HangsFrom(0)),
        Scripted::new(&["a", "b"], 9, Failure::HangsFrom(0)),
        Scripted::new(&["b", "c"], 9, Failure::None),
    ]);
    let begun = Instant::now();
    let (groups, missing) = environment.cursor(&[1]).await;
    assert_eq!((groups.join(", "), missing.join(", ")), ("b s2, c s2".to_owned(), "s0+s1, s0+s1".to_owned()));
    assert_eq!(begun.elapsed(), WORK_TIME);
}

/// A source that has just responded is not marked as missing because its second page was late.
#[tokio::test(start_paused = true)]
async fn a_second_page_that_comes_too_late_is_left_for_the_next() {
    let environment = Fixture::new(vec![
        Scripted::new(&["a", "c", "e"], 1, Failure::HangsFrom(1)),
        Scripted::new(&["b", "d", "f"], 9, Failure::None),
    ]);
    let page = environment.page(None, 9).await.unwrap();
    let names: Vec<&str> = page.groups.iter().map(|(_, group)| group.name.as_str()).collect();
    assert_eq!((names, page.incomplete.is_empty(), page.next.is_some()), (vec!["a"], true, true));
    let page = environment.page(page.next, 9).await.unwrap();
    let names: Vec<&str> = page.groups.iter().map(|(_, group)| group.name.as_str()).collect();
    assert_eq!((names, page.incomplete), (vec!["b", "d", "f"], vec![name(0)]));
}

#[tokio::test(start_paused = true)]
async fn the_list_is_an_error_only_when_no_source_answers() {
    let refused = || Arc::new(Scripted { error: SourceError::Refused("x".to_owned()), ..broken() });
    fn broken() -> Scripted {
        Arc::into_inner(Scripted::new(&["a"], 9, Failure::FailsFrom(0))).unwrap()
    }
    for (scripted, expected) in [
        (vec![refused()], SourceError::Refused("x".to_owned())),
        (vec![refused(), Arc::new(broken())], SourceError::Refused("x".to_owned())),
        (vec![Arc::new(broken()), refused()], SourceError::Upstream("scripted".to_owned())),
        (vec![Scripted::new(&["a"], 9, Failure::HangsFrom(0)), refused()], SourceError::Timeout),
    ] {
        assert_eq!(Fixture::new(scripted).page(None, 9).await.unwrap_err(), expected);
    }
    // The last source fails too: the cursor of the previous page remains valid, so the client can retry.
    let environment = Fixture::new(vec![refused(), Scripted::new(&["a", "b"], 1, Failure::FailsFrom(1))]);
    let page = environment.page(None, 1).await.unwrap();
    assert_eq!((page.groups.len(), page.incomplete), (1, vec![name(0)]));
    assert_eq!(environment.page(page.next, 1).await.unwrap_err(), SourceError::Upstream("scripted".to_owned()));
    // A list is never "not found"; it is empty.
    let nothing = Arc::new(Scripted { error: SourceError::NotFound, ..broken() });
    let page = Fixture::new(vec![nothing]).page(None, 9).await.unwrap();
    assert!(page.groups.is_empty() && page.incomplete.is_empty() && page.next.is_none());
}

#[tokio::test]
async fn a_cursor_for_other_sources_is_refused() {
    let source = |groups| Scripted::new(groups, 9, Failure::None);
    let one = Fixture::new(vec![source(&["a", "b"])]);
    let two = Fixture::new(vec![source(&["a", "b"]), source(&["a", "b"])]);
    let cursor = one.page(None, 1).await.unwrap().next.unwrap();
    assert_eq!(two.page(Some(cursor), 1).await.unwrap_err(), SourceError::InvalidPosition);
    let cursor = two.page(None, 1).await.unwrap().next.unwrap();
    assert_eq!(one.page(Some(cursor), 1).await.unwrap_err(), SourceError::InvalidPosition);
}
