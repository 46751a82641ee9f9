//! The result of `logmark audit verify`, for people and for programs.

use serde_json::json;

use crate::cli::{note, say};
use crate::telemetry::audit::verify::{ChainSummary, Verdict};

/// Prints the result: what was proved on standard output, faults on standard error.
pub(super) fn print(verdict: &Verdict, heads: &[String]) {
    for (place, fault) in &verdict.faults {
        note(format_args!("{place}: {fault}"));
    }
    let kept = verdict.faults.len() as u64;
    if verdict.fault_count > kept {
        note(format_args!("{} more faults are not shown", verdict.fault_count - kept));
    }
    for head in &verdict.missing_heads {
        note(format_args!("no line has the hash {head}: lines were cut from the end, or the head belongs to other files"));
    }
    verdict.chains.iter().for_each(print_chain);
    if verdict.unchecked_macs > 0 {
        say(format_args!("{} lines have a `mac`, which was not checked: give --key", verdict.unchecked_macs));
    }
    if verdict.skipped > 0 {
        say(format_args!("{} other lines were skipped", verdict.skipped));
    }
    match (verdict.is_intact(), heads.is_empty()) {
        (true, true) => say("The trail is intact. Lines cut from its end cannot be excluded without --head."),
        (true, false) => say("The trail is intact, and the given heads are in it."),
        (false, _) => {
            say(format_args!("The trail is NOT intact: {}.", count(verdict.fault_count + verdict.missing_heads.len() as u64)))
        }
    }
}

fn count(faults: u64) -> String {
    if faults == 1 { "1 fault".to_owned() } else { format!("{faults} faults") }
}

fn print_chain(chain: &ChainSummary) {
    let ChainSummary { chain: id, lines, first_seq, first_time, last_seq, last_time, head, .. } = chain;
    say(format_args!("chain {id}: {lines} lines, seq {first_seq} ({first_time}) to {last_seq} ({last_time})"));
    say(format_args!("  head {head}"));
    if *first_seq > 0 {
        say(format_args!("  the lines before seq {first_seq} are not in these files"));
    }
    if chain.unclean_ends > 0 || chain.torn_lines > 0 {
        say(format_args!(
            "  processes that ended without a stop line: {}; lines that they left unfinished: {}",
            chain.unclean_ends, chain.torn_lines
        ));
    }
    if !chain.ends_with_stop {
        say("  does not end with a stop line: the service still runs, was killed, or lines were cut");
    }
}

/// Prints the result as one JSON object.
pub(super) fn print_json(verdict: &Verdict) {
    let faults = verdict.faults.iter().map(
        |(place, fault)| json!({ "kind": fault.kind(), "file": place.file, "line": place.line, "detail": fault.to_string() }),
    );
    say(json!({
        "intact": verdict.is_intact(),
        "lines": verdict.lines,
        "skipped": verdict.skipped,
        "uncheckedMacs": verdict.unchecked_macs,
        "chains": verdict.chains,
        "faultCount": verdict.fault_count,
        "faults": faults.collect::<Vec<_>>(),
        "missingHeads": verdict.missing_heads.iter().map(ToString::to_string).collect::<Vec<_>>(),
    }));
}
