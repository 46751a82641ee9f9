//! Expensive queries and events: commands over rows end in a named error and release their memory.

use std::sync::Arc;
use std::time::Duration;

use logmark_engine::budget::Budget;
use logmark_engine::control::{Control, Env};
use logmark_engine::error::QueryError;
use logmark_engine::input::Table;
use logmark_engine::input::memory::{MemoryEvent, MemorySource};
use logmark_engine::run::{Execution, Step};

use super::support::{Outcome, TIMES, event, planned, run, run_within};

/// Events without equal values.
fn different(count: i64) -> Vec<MemoryEvent> {
    let message = |number: i64| {
        let signs = "-+*/:;,.!?".chars().nth(usize::try_from(number % 10).unwrap()).unwrap();
        let shape: String = (0..number / 10 % 50).map(|_| signs).collect();
        format!(r#"{{"n":{number},"text":"{number:0>60}","shape":"{shape} {signs}","big":"{}"}}"#, "x".repeat(300))
    };
    (0..count).map(|number| event(TIMES.start + number, message(number))).collect()
}

fn in_group(group: &str, events: Vec<MemoryEvent>) -> impl Iterator<Item = MemoryEvent> {
    let group: Arc<str> = group.into();
    events.into_iter().map(move |event| MemoryEvent { group: Arc::clone(&group), ..event })
}

fn source(count: i64) -> MemorySource {
    let events = different(count).into_iter().chain(in_group("/right", different(count))).collect();
    let rows =
        (0..count).map(|number| vec![format!("{number:0>60}"), format!("10.{}.{}.0/24", number / 256 % 256, number % 256)]);
    let mut table = Table::new(["text", "net"].map(String::from));
    rows.for_each(|row| table.push(row).unwrap());
    MemorySource::new(events, 100).started_with([Arc::from("/shop/api")]).with_table("big", table)
}

const GROWING: [&str; 25] = [
    "countFrequent text, n",
    "sessionize n",
    "sort n | sessionize n",
    "outlier n",
    "pattern shape",
    "relevantfields text, n where n > 5",
    "relevantfields where n > 5",
    "autoregress big p=901-1000 | stats count(*)",
    "stats count(*) as c by bin(1ms), n | fillmissing with 0 for c",
    "lookup big text OUTPUT net",
    "cidrlookup big text AS net OUTPUT text",
    "join left=a right=b where a.n=b.n (SOURCE '/right') | fields b.big",
    "join left=a right=b where a.n=b.n (SOURCE '/right' | sort n) | stats count(*)",
    "appendcols (SOURCE '/right' | fields big) | stats count(*)",
    "filter n in (SOURCE '/right' | fields text) | stats count(*)",
    "stats values(text)",
    "dedup n",
    "sort n desc | dedup text, shape",
    "sort text | filter n < 0",
    "stats count(*) as c by n, text | stats count(*) by c, n",
    "stats count_distinct(n) by text",
    "stats earliest(text), latest(text), min(text), max(text) by n",
    "fields split(text, '0') as parts | unnest parts into part | stats count(*) by part, n",
    "parse text /(?<a>\\d)(?<b>\\d+)/ multi | stats count(*) by a, b",
    "stats topk(3, text), histogram(n, 10)",
];

#[test]
fn state_that_grows_beyond_the_memory_is_a_named_error() {
    for query in GROWING {
        let outcome = run_within(query, source(5_000), 150_000);
        let Outcome::Failed(error) = outcome else { panic!("{query}: {outcome:?}") };
        assert!(matches!(error, QueryError::Memory { limit: 150_000 }), "{query}: {error:?}");
    }
}

#[test]
fn a_lookup_table_counts_against_the_memory_of_the_query() {
    let mut table = Table::new(["text".to_owned()]);
    table.push(["x".repeat(100_000)]).unwrap();
    let source = || MemorySource::new(different(1), 10).with_table("wide", table.clone());
    for query in ["lookup wide text OUTPUT text as found", "cidrlookup wide text AS text OUTPUT text as found"] {
        let outcome = run_within(query, source(), 90_000);
        assert!(matches!(outcome, Outcome::Failed(QueryError::Memory { limit: 90_000 })), "{query}: {outcome:?}");
        assert!(matches!(run_within(query, source(), 400_000), Outcome::Rows(..)), "{query}");
    }
}

#[test]
fn memory_is_given_back_when_a_query_ends_or_fails() {
    for query in GROWING {
        for limit in [150_000, 1 << 30] {
            let budget = Budget::new(limit);
            let env = Env::new(TIMES, Arc::clone(&budget), Arc::default(), Duration::from_secs(600));
            let mut execution = Execution::new(planned(query).unwrap(), Arc::new(source(600)), env);
            while let Ok(Step::More) = execution.step() {}
            drop(execution);
            assert_eq!(budget.used(), 0, "{query} {limit}");
        }
    }
}

#[test]
fn commands_that_pass_rows_on_keep_little() {
    for query in [
        "accum n | stats max(n)",
        "autoregress n p=1-3 | stats max(n_p3)",
        "filldown n big | stats count(*)",
        "addtotals col=true n | stats count(*)",
        "estimate",
        "appendcols max=5 (SOURCE '/right' | fields n) | stats count(*)",
    ] {
        let outcome = run_within(query, source(5_000), 150_000);
        assert!(matches!(outcome, Outcome::Rows(..)), "{query}: {outcome:?}");
    }
}

#[test]
fn the_right_side_of_a_join_has_a_limit_of_keys() {
    let right = |keys: i64| {
        let events = (0..keys).map(|number| event(TIMES.start + number, format!("{{\"k\":{number}}}"))).collect();
        let events = in_group("/right", events).chain([event(TIMES.start, "{\"k\":1}")]).collect();
        MemorySource::new(events, 1_000).started_with([Arc::from("/shop/api")])
    };
    let query = "join left=a right=b where a.k=b.k (SOURCE '/right') | fields b.k";
    let Outcome::Rows(result, _) = run(query, right(50_000)) else { panic!("failed") };
    assert_eq!(result.rows.len(), 1);
    let Outcome::Failed(error) = run(query, right(50_001)) else { panic!("it runs") };
    assert!(error.to_string().contains("more than 50000 different keys"), "{error}");
    assert!(matches!(error, QueryError::Limit { span: Some(_), .. }));
}

#[test]
fn a_join_of_many_rows_with_many_rows_ends_when_it_is_cancelled() {
    let same = |count: i64| (0..count).map(|number| event(TIMES.start + number, "{\"k\":1}")).collect::<Vec<_>>();
    let events = same(2_000).into_iter().chain(in_group("/right", same(2_000))).collect();
    let source = Arc::new(MemorySource::new(events, 2_000).started_with([Arc::from("/shop/api")]));
    let control = Arc::new(Control::default());
    let env = Env::new(TIMES, Budget::new(1 << 30), Arc::clone(&control), Duration::from_secs(600));
    let query = "join left=a right=b where a.k=b.k (SOURCE '/right') | stats count(*) as n";
    let mut execution = Execution::new(planned(query).unwrap(), source, env);
    // Opens and reads the right side, and opens the left side.
    for _ in 0..4 {
        assert_eq!(execution.step().unwrap(), Step::More);
    }
    let canceller = std::thread::spawn({
        let control = Arc::clone(&control);
        move || {
            while control.statistics().records_scanned < 2_000 {
                std::thread::yield_now();
            }
            control.cancel();
        }
    });
    let mut ended = execution.step();
    while let Ok(Step::More) = ended {
        ended = execution.step();
    }
    canceller.join().unwrap();
    // Either the last step had ended, or it was cancelled in its middle.
    assert!(matches!(ended, Err(QueryError::Cancelled) | Ok(Step::Ended)), "{ended:?}");
}

#[test]
fn giant_texts_pass_every_command() {
    let big = format!("ERROR {} 17 {}", "word ".repeat(100_000), "0f3c-".repeat(50_000));
    let events =
        vec![event(TIMES.start, big), event(TIMES.start + 1, "<".repeat(500_000)), event(TIMES.start + 2, "9".repeat(900_000))];
    for query in [
        "pattern @message",
        "relevantfields where @message like /9/",
        "parse @message xml '//a' as a | display a",
        "countFrequent @message",
        "autoregress @message | display @message_p1",
        "filldown | outlier @message | addtotals @message",
        "filter @message like /^[^|]{1,5000}9/ or @message like 'x' | stats count(*)",
    ] {
        let query = query.replace("`", "");
        match run(&query, MemorySource::new(events.clone(), 1)) {
            Outcome::Rows(..) => {}
            Outcome::Failed(error) => assert!(error.to_string().contains("took too many steps"), "{query}: {error}"),
            Outcome::Refused(diagnostics) => panic!("{query}: {diagnostics:?}"),
        }
    }
}
