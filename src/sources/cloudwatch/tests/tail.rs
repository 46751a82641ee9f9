//! Live tail against the fake: the event stream with its faults, sweeps, resumes, and what viewers may not see.

mod clocks;
mod deleted;
mod frames;
mod isolation;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use super::fake::live_tail::{MAX_UPDATE, SessionEnd, SessionPlan};
use super::*;
use crate::domain::filter::EventFilter;
use crate::domain::tail::{TailGroup, TailStream};
use crate::domain::time::SystemClock;
use crate::sources::cloudwatch::settings::TailSettings;
use crate::sources::tail::{Tail, TailItem, TailNotice, TailPosition, TailReader, TailStart};
use crate::sources::{Source, SourceError};
use logmark_tail_merge::PaceSettings;

/// No wait of a test is longer: it fails then.
const PATIENCE: Duration = Duration::from_secs(60);

/// The system's clock, apart from an error.
#[derive(Debug, Default)]
struct ShiftedClock {
    /// Milliseconds by which it differs from the clock of the fake.
    ahead: AtomicI64,
}

impl Clock for ShiftedClock {
    fn now(&self) -> Millis {
        Millis(SystemClock.now().0 + self.ahead.load(Ordering::Relaxed))
    }
}

struct World {
    fake: Fake,
    clock: Arc<ShiftedClock>,
}

fn settings() -> TailSettings {
    let pace = PaceSettings { with_session: 300, without_session: 100, max_without_session: 100 };
    let (lateness, settling) = (Duration::from_secs(20), Duration::from_millis(700));
    TailSettings { lateness, settling, pace, linger: Duration::from_millis(200), ..TailSettings::default() }
}

impl World {
    /// An upstream that shows events to sweeps after a third of a second, and in sessions after a twentieth.
    async fn new() -> Self {
        let fake = Fake::start(SystemClock.now().0).await;
        {
            let mut state = fake.state();
            state.has_system_clock = true;
            state.live.interval = Duration::from_millis(50);
            state.logs.settling = 300;
            state.logs.add_stream(GROUP, STREAM);
        }
        Self { fake, clock: Arc::default() }
    }

    /// A process of the service.
    fn source(&self) -> CloudWatch {
        self.source_with(settings())
    }

    fn source_with(&self, tail: TailSettings) -> CloudWatch {
        let credentials = Credentials::new("AKIDNEW", SECRET, None, None, "test");
        let settings = Settings {
            endpoint: Some(self.fake.endpoint().parse().unwrap()),
            quotas: plenty(),
            tail,
            ..Settings::new(source_name(), REGION)
        };
        let outbound = Outbound::new().unwrap();
        let provider = SharedCredentialsProvider::new(credentials);
        CloudWatch::with_credentials(settings, outbound, Arc::<ShiftedClock>::clone(&self.clock), &Accounts::default(), provider)
            .unwrap()
    }

    /// Puts an event that is late by so much.
    fn put(&self, stream: &str, late: i64, message: &str) {
        let mut state = self.fake.state();
        let now = state.tick();
        state.logs.put_at(GROUP, stream, (now - late, now), message);
    }

    /// Puts events at one time.
    fn put_all(&self, stream: &str, messages: &[String]) {
        let mut state = self.fake.state();
        let now = state.tick();
        messages.iter().for_each(|message| state.logs.put_at(GROUP, stream, (now, now), message));
    }

    fn calls(&self, operation: &str) -> usize {
        self.fake.state().seen.iter().filter(|seen| seen.operation == operation).count()
    }
}

fn group_permit(streams: Option<&[&str]>, filter: Option<&str>) -> Permit<TailGroup> {
    let filter = filter.and_then(|text| EventFilter::parse(text).unwrap());
    let op = TailGroup { group: group(), streams: StreamSelection::All, filter };
    permit_by(op, &["/acme/*"], "logs:tail:*", streams)
}

async fn tail(source: &CloudWatch, from: TailStart) -> Box<dyn TailReader> {
    source.tail_group(&group_permit(None, None), from).await.unwrap()
}

/// What a viewer has received.
#[derive(Debug, Default)]
struct Received {
    messages: Vec<String>,
    positions: Vec<TailPosition>,
    notices: Vec<TailNotice>,
    gaps: usize,
}

impl Received {
    fn take(&mut self, item: TailItem) {
        match item {
            TailItem::Events(events) => {
                assert_eq!(events.events.len(), events.positions.len());
                self.messages.extend(events.events.iter().map(|event| event.message().into_owned()));
                self.positions.extend(events.positions);
            }
            TailItem::Notice(notice) => self.notices.push(notice),
            TailItem::Gap(_) => self.gaps += 1,
            TailItem::Sampled { .. } | TailItem::Moved(_) | TailItem::CaughtUp | TailItem::Ended => {}
        }
    }

    /// Reads until so many events have come.
    async fn read(&mut self, reader: &mut Box<dyn TailReader>, count: usize) {
        let reading = async {
            while self.messages.len() < count {
                let item = reader.next().await.unwrap();
                self.take(item);
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, reading).await;
        assert!(in_time.is_ok(), "{} of {count} events came", self.messages.len());
    }

    fn sorted(&self) -> Vec<String> {
        let mut messages = self.messages.clone();
        messages.sort();
        messages
    }
}

/// Reads until the viewer waits for new events.
async fn caught_up(reader: &mut Box<dyn TailReader>, received: &mut Received) {
    loop {
        match reader.next().await.unwrap() {
            TailItem::CaughtUp => return,
            item => received.take(item),
        }
    }
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("event {number:04}")).collect()
}

#[tokio::test]
async fn viewers_of_a_group_share_one_session_and_its_sweeps() {
    let world = World::new().await;
    world.put(STREAM, 0, "old");
    tokio::time::sleep(Duration::from_millis(5)).await;
    let source = world.source();
    let mut viewers = Vec::new();
    for _ in 0..20 {
        let mut reader = tail(&source, TailStart::Now).await;
        let mut received = Received::default();
        caught_up(&mut reader, &mut received).await;
        viewers.push((reader, received));
    }
    let before = world.calls("FilterLogEvents");
    for message in numbered(30) {
        world.put(STREAM, 0, &message);
    }
    for (reader, received) in &mut viewers {
        received.read(reader, 30).await;
        assert_eq!(received.messages, numbered(30));
        assert_eq!((received.gaps, &received.notices), (0, &Vec::new()));
    }
    assert_eq!(world.fake.state().live.opened, 1);
    let sweeps = world.calls("FilterLogEvents") - before;
    assert!(sweeps <= 60, "{sweeps} sweeps for 20 viewers, of which each would take as many");
    drop(viewers);
    let closed = async {
        while world.fake.state().live.open > 0 {
            tokio::task::yield_now().await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, closed).await.expect("the session ends with its last viewer");
}

/// Puts events one after another while the sessions end in this way; each is delivered once.
async fn survives(plan: SessionPlan, sessions: usize) {
    let world = World::new().await;
    world.fake.state().live.plans = std::iter::repeat_n(plan, sessions).collect();
    let source = world.source();
    let mut reader = tail(&source, TailStart::Now).await;
    let mut received = Received::default();
    for (number, message) in numbered(60).iter().enumerate() {
        world.put(STREAM, [0, 0, 15_000][number % 3], message);
        received.read(&mut reader, number / 20 * 20).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    received.read(&mut reader, 60).await;
    assert_eq!(received.sorted(), numbered(60), "{plan:?}");
    assert_eq!(received.gaps, 0, "{plan:?}");
}

#[tokio::test]
async fn nothing_is_lost_or_repeated_however_sessions_end() {
    let ending = SessionEnd::ALL.map(|end| tokio::spawn(survives(SessionPlan::ending(3, end), 3)));
    for survived in ending {
        survived.await.unwrap();
    }
}

#[tokio::test]
async fn what_a_session_drops_or_loses_is_supplied_by_sweeps() {
    let dropping = tokio::spawn(survives(SessionPlan { drop_each: Some(2), ..SessionPlan::GOOD }, 9));
    let losing = tokio::spawn(survives(SessionPlan { lose_each: Some(2), ..SessionPlan::GOOD }, 9));
    dropping.await.unwrap();
    losing.await.unwrap();
}

#[tokio::test]
async fn a_sample_is_completed_and_told_to_those_who_see_all() {
    let world = World::new().await;
    let source = world.source();
    let mut reader = tail(&source, TailStart::Now).await;
    let narrow = group_permit(Some(&["2026/*"]), None);
    let mut other = source.tail_group(&narrow, TailStart::Now).await.unwrap();
    let (mut received, mut narrow) = (Received::default(), Received::default());
    caught_up(&mut reader, &mut received).await;
    caught_up(&mut other, &mut narrow).await;
    // Only an open session samples.
    world.put(STREAM, 0, "first");
    received.read(&mut reader, 1).await;
    while world.fake.state().live.open == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let events = numbered(2 * MAX_UPDATE + 1);
    world.put_all(STREAM, &events);
    let mut has_sample = false;
    let reading = async {
        while received.messages.len() < events.len() + 1 {
            match reader.next().await.unwrap() {
                TailItem::Sampled { above } => has_sample = above == 500,
                item => received.take(item),
            }
        }
        while narrow.messages.len() < events.len() + 1 {
            match other.next().await.unwrap() {
                TailItem::Sampled { .. } => panic!("who does not see all events is not told how many there are"),
                item => narrow.take(item),
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap();
    assert_eq!(received.sorted()[..events.len()], events[..]);
    assert_eq!(narrow.sorted()[..events.len()], events[..]);
    assert!(has_sample);
}

#[tokio::test]
async fn without_sessions_sweeps_alone_are_complete_and_the_viewer_is_told() {
    for refusal in [(400, "LimitExceededException"), (400, "AccessDeniedException"), (500, "InternalFailure")] {
        let world = World::new().await;
        world.fake.state().live.refusal = Some(refusal);
        let source = world.source();
        let mut reader = tail(&source, TailStart::Now).await;
        let mut received = Received::default();
        for message in numbered(20) {
            world.put(STREAM, 0, &message);
        }
        received.read(&mut reader, 20).await;
        assert_eq!(received.messages, numbered(20), "{refusal:?}");
        assert_eq!(received.notices, [TailNotice::Polling], "{refusal:?}");
    }
    let world = World::new().await;
    let source = world.source_with(TailSettings { sessions: 0, ..settings() });
    let mut reader = tail(&source, TailStart::Now).await;
    world.put(STREAM, 0, "event 0000");
    let mut received = Received::default();
    received.read(&mut reader, 1).await;
    assert_eq!((received.notices, world.calls("StartLiveTail")), (vec![TailNotice::Polling], 0));
}

#[tokio::test]
async fn a_viewer_resumes_at_any_position_in_this_process_and_in_another() {
    let world = World::new().await;
    let source = world.source();
    let mut reader = tail(&source, TailStart::Now).await;
    let mut received = Received::default();
    for message in numbered(40) {
        world.put(STREAM, 0, &message);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    received.read(&mut reader, 40).await;
    assert_eq!(received.messages, numbered(40));
    let other = world.source();
    for (number, position) in received.positions.iter().enumerate().step_by(13) {
        for source in [&source, &other] {
            let mut resumed = Received::default();
            let mut reader = tail(source, TailStart::Position(position.clone())).await;
            resumed.read(&mut reader, 39 - number).await;
            caught_up(&mut reader, &mut resumed).await;
            assert_eq!(resumed.messages, numbered(40)[number + 1..], "after {number}");
            assert_eq!(resumed.gaps, 0);
        }
    }
}

#[tokio::test]
async fn history_comes_first_and_is_resumed_in_the_middle() {
    let (world, begun) = (World::new().await, SystemClock.now().0);
    for (number, message) in numbered(600).iter().enumerate() {
        let at = begun - 600_000 + i64::try_from(number / 7).unwrap();
        world.fake.state().logs.put_at(GROUP, STREAM, (at, at + 500), message);
    }
    let source = world.source();
    let mut reader = tail(&source, TailStart::Time(Millis(begun - 600_000))).await;
    let mut received = Received::default();
    received.read(&mut reader, 600).await;
    caught_up(&mut reader, &mut received).await;
    world.put(STREAM, 0, "event 0600");
    received.read(&mut reader, 601).await;
    assert_eq!(received.messages, numbered(601));
    for (number, position) in received.positions.iter().enumerate().step_by(97) {
        let mut resumed = Received::default();
        let mut reader = tail(&world.source(), TailStart::Position(position.clone())).await;
        resumed.read(&mut reader, 600 - number).await;
        assert_eq!(resumed.messages, numbered(601)[number + 1..], "after {number}");
    }
}

/// Events before the start are left out even if they arrived a moment ago, and a resumed tail leaves them out too.
#[tokio::test]
async fn recent_events_before_the_start_are_left_out() {
    let world = World::new().await;
    world.put(STREAM, 10_000, "before the start");
    world.put(STREAM, 1_000, "event 0000");
    tokio::time::sleep(Duration::from_millis(5)).await;
    let source = world.source();
    let start = SystemClock.now().0 - 5_000;
    let mut reader = tail(&source, TailStart::Time(Millis(start))).await;
    let first = reader.position();
    world.put(STREAM, 10_000, "event 0001");
    let mut received = Received::default();
    received.read(&mut reader, 2).await;
    world.put(STREAM, 0, "event 0002");
    received.read(&mut reader, 3).await;
    assert_eq!(received.messages, numbered(3), "a late event is delivered");
    for (number, position) in std::iter::once(&first).chain(&received.positions).enumerate() {
        for source in [&source, &world.source()] {
            let mut resumed = Received::default();
            let mut reader = tail(source, TailStart::Position(position.clone())).await;
            resumed.read(&mut reader, 3 - number).await;
            caught_up(&mut reader, &mut resumed).await;
            assert_eq!(resumed.sorted(), numbered(3)[number..], "behind {number}");
        }
    }
}

#[tokio::test]
async fn a_tail_goes_on_behind_a_page() {
    let (world, begun) = (World::new().await, SystemClock.now().0);
    for (number, message) in numbered(50).iter().enumerate() {
        let at = begun - 60_000 + i64::try_from(number / 4).unwrap();
        world.fake.state().logs.put_at(GROUP, STREAM, (at, at), message);
    }
    let source = world.source();
    let whole = TimeRange { start: None, end: None };
    let page = |limit| ask(None, Direction::Forward, limit, 1 << 20);
    for count in [17, 50] {
        let group_page = source.read_group(&permit(group_op(StreamSelection::All, whole)), &page(count)).await.unwrap();
        let stream_page = source.read_stream(&permit(stream_op(whole)), &page(count)).await.unwrap();
        let op = TailStream { group: group(), stream: LogStreamName::try_from(STREAM).unwrap() };
        let of_stream = permit_by(op, &["/acme/*"], "logs:tail:*", None);
        let readers = [
            tail(&source, TailStart::Page(group_page.next)).await,
            source.tail_stream(&of_stream, TailStart::Page(stream_page.next)).await.unwrap(),
        ];
        for mut reader in readers {
            let mut received = Received::default();
            caught_up(&mut reader, &mut received).await;
            assert_eq!(received.messages, numbered(50)[count..], "after {count}");
        }
    }
}
