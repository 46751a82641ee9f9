//! CloudWatch's queries, evaluated by the local engine on everything that the fake stores: it knows no tenants.

use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use logmark_engine::input::discover;
use logmark_engine::input::memory::{MemoryEvent, MemorySource};
use logmark_engine::plan::{Plan, PlanOptions};
use logmark_engine::run::{Owner, QueryLimits, QueryStatus, Runner};
use logmark_engine::values::call::QueryTimes;
use logmark_insights::ast::Query;

use super::world::World;
use crate::world::fake_cloudwatch::model::{AwsError, Logs};
use crate::world::fake_cloudwatch::queries::{ACCOUNT, Queries, Rows, Started};

static RUNNER: LazyLock<Runner> = LazyLock::new(|| Runner::new(2, 256 << 20).unwrap());

/// Stores everything, and sets up the answers of the query calls.
pub(super) fn fill(world: &World, logs: &mut Logs, queries: &mut Queries) {
    for group in &world.groups {
        let mut names: Vec<String> = Vec::new();
        group.streams.iter().for_each(|stream| logs.add_stream(&group.name, stream));
        for event in &group.events {
            logs.put(&group.name, &event.stream, event.time, &event.message);
            names.extend(discover::all(&event.message).into_iter().map(|(name, _)| name));
        }
        for stored in logs.all(&group.name) {
            let mut record = vec![
                ("@message".to_owned(), stored.message.clone()),
                ("@logStream".to_owned(), stored.stream.clone()),
                ("@timestamp".to_owned(), stored.timestamp.to_string()),
                ("@log".to_owned(), format!("{ACCOUNT}:{}", group.name)),
                ("@ptr".to_owned(), pointer(stored.id)),
            ];
            record.extend(discover::all(&stored.message).into_iter().map(|(name, value)| (name, value.to_string())));
            queries.records.insert(pointer(stored.id), record);
        }
        names.sort();
        names.dedup();
        queries.fields_of.insert(group.name.clone(), names.into_iter().map(|name| (&*name.leak(), 10)).collect());
    }
    queries.evaluate = Some(evaluate);
    queries.script.looks = 0;
    queries.script.bytes = 1_000.0;
    queries.most = usize::MAX;
}

fn pointer(id: i64) -> String {
    format!("pointer-{id}")
}

fn evaluate(logs: &Logs, started: &Started<'_>) -> Result<Rows, AwsError> {
    let malformed: AwsError = (400, "MalformedQueryException");
    let mut events = Vec::new();
    for group in started.groups {
        events.extend(logs.all(group).into_iter().map(|stored| MemoryEvent {
            timestamp: stored.timestamp,
            ingestion_time: stored.ingestion,
            stream: stored.stream.into(),
            group: format!("{ACCOUNT}:{group}").into(),
            message: stored.message,
            pointer: pointer(stored.id),
        }));
    }
    let (start, end) = (started.seconds.0 * 1_000, started.seconds.1 * 1_000 + 1_000);
    let times = QueryTimes { start, end, now: end };
    let query = Query::parse(started.text).map_err(|_| malformed)?;
    let options = PlanOptions { text: started.text, times, max_rows: usize::try_from(started.limit).unwrap() };
    let plan = Plan::compile(&query, &options).map_err(|_| malformed)?;
    let source = Arc::new(MemorySource::new(events, 1_000));
    let handle = RUNNER.start(&Owner::new("account", NonZeroU32::MIN), plan, source, QueryLimits::default(), || {});
    assert!(matches!(handle.wait(Duration::from_secs(60)), QueryStatus::Complete), "{}", started.text);
    let result = handle.rows();
    let row = |row: &logmark_engine::run::ResultRow| {
        let values = result.columns.iter().zip(&row.values).filter(|(_, value)| !value.is_missing());
        let columns = values.map(|(name, value)| (name.clone(), value.to_string()));
        columns.chain(row.pointer.clone().map(|pointer| ("@ptr".to_owned(), pointer))).collect()
    };
    Ok(result.rows.iter().map(row).collect())
}
