//! Every documented query runs or is refused by name: no query fails for another reason, and the refused features are listed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use logmark_diagnostics::Kind;
use logmark_engine::input::memory::MemorySource;
use logmark_insights::ast::Query;

use super::support::{Outcome, event, run};

/// The documented features that the engine refuses.
const REFUSED: &str = include_str!("refused.txt");

#[test]
fn every_documented_query_runs_or_is_refused_by_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../insights/tests/corpus");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let events: Vec<_> = (0..5).map(|number| event(super::support::TIMES.start + number, r#"{"a":1,"b":"x"}"#)).collect();
    let (mut refused, mut run_count) = (BTreeSet::new(), 0);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for query in text.split("\n-- ").skip(1).filter_map(|part| part.split_once('\n')).map(|(_, query)| query) {
            if Query::parse(query).is_err() {
                continue;
            }
            match run(query, MemorySource::new(events.clone(), 2)) {
                Outcome::Rows(..) => run_count += 1,
                Outcome::Refused(diagnostics) => {
                    for diagnostic in diagnostics {
                        assert!(
                            matches!(diagnostic.kind, Kind::Unsupported | Kind::Limit | Kind::Value),
                            "{query}: {diagnostic}"
                        );
                        refused.insert(format!("{:?} {}", diagnostic.kind, diagnostic.found));
                    }
                }
                // An inner query names a missing group.
                Outcome::Failed(error) => assert!(format!("{error:?}").contains("NotFound"), "{query}: {error:?}"),
            }
        }
    }
    let listed: BTreeSet<String> = REFUSED.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    assert_eq!(refused, listed, "{run_count} run");
    assert!(run_count > 300, "{run_count}");
}
