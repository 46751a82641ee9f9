//! Writes the cases of the two languages' corpora as seeds, one file each, into `fuzz/corpus/<target>/`, and the answers of both
//! event calls.
//!
//! Run it from the repository's root, as `make fuzz` does.

use std::fs;
use std::io;
use std::path::Path;

use logmark_access_log::{Known, Values};

fn main() -> io::Result<()> {
    let patterns = cases("crates/filter-pattern/tests", |line| {
        ["pattern: ", "invalid: "].iter().find_map(|key| line.strip_prefix(key)).map(str::to_owned)
    })?;
    let messages = cases("crates/filter-pattern/tests", |line| {
        ["match: ", "miss: "].iter().find_map(|key| line.strip_prefix(key)).map(str::to_owned)
    })?;
    let queries = queries("crates/insights/tests/corpus")?;
    // A pattern and a message that are close in the file usually belong together.
    let pairs = patterns.iter().zip(messages.iter().cycle().step_by(2)).map(|(pattern, message)| format!("{pattern}\n{message}"));
    write("filter_pattern_match", &pairs.collect::<Vec<_>>())?;
    write("filter_pattern_parse", &patterns)?;
    write("filter_rule", &patterns)?;
    let masked = messages.iter().map(|message| format!("$.user.id $.items[*].sku $[\"a.b\"] $.level\n{message}"));
    write("event_mask", &masked.collect::<Vec<_>>())?;
    write("insights_parse", &queries)?;
    write("access_log", &access_logs())?;
    write("event_page", &answers())
}

/// A template and a line of it, for each known format that has a template.
fn access_logs() -> Vec<String> {
    let line = |known: &Known| Some(format!("{}\n{}", known.template()?, known.format()?.write(&Values::default())));
    Known::ALL.iter().filter_map(line).collect()
}

/// An answer of each call.
fn answers() -> [String; 2] {
    let event = r#""timestamp":1763632800123,"message":"say \"hi\" \u00e9\ud83d\ude00\n","ingestionTime":1763632801004"#;
    [
        format!(r#"{{"events":[{{{event}}}],"nextForwardToken":"f/1","nextBackwardToken":"b/1"}}"#),
        format!(r#"{{"events":[{{"logStreamName":"s",{event},"eventId":"386"}}],"searchedLogStreams":[],"nextToken":"t"}}"#),
    ]
}

/// The results of `read` for the lines of the corpus files.
fn cases(folder: &str, read: impl Fn(&str) -> Option<String>) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for file in texts(&format!("{folder}/corpus"))? {
        found.extend(file.lines().filter_map(&read));
    }
    Ok(found)
}

/// The queries of the corpus files: the lines between a title (`-- …`) and an empty line or the next title.
fn queries(folder: &str) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for file in texts(folder)? {
        let mut query = String::new();
        for line in file.lines().chain([""]) {
            if line.is_empty() || line.starts_with("-- ") {
                found.extend((!query.is_empty()).then(|| std::mem::take(&mut query)));
            } else if !line.starts_with("# page:") {
                query.push_str(line);
                query.push('\n');
            }
        }
    }
    Ok(found)
}

fn texts(folder: &str) -> io::Result<Vec<String>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "txt")).map(fs::read_to_string).collect()
}

fn write(target: &str, seeds: &[String]) -> io::Result<()> {
    let folder = Path::new("fuzz/corpus").join(target);
    fs::create_dir_all(&folder)?;
    for (index, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(format!("seed-{index:04}")), seed)?;
    }
    println!("{target}: {} seeds", seeds.len());
    Ok(())
}
