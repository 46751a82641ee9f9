//! The report of an import, on standard error: the imported lines, their formats, and uncertain results.

use logmark_log_import::{Reason, Rejection, Summary};

use crate::cli::note;
use crate::domain::name::{LogGroupName, LogStreamName};

/// Prints all of it.
pub(super) fn print(total: &Summary, group: &LogGroupName, stream: &LogStreamName) {
    note(format_args!("{} events from {} lines into {group}, stream {stream}", total.events, total.lines));
    details(total);
}

/// What is said of any reading, imported or not.
pub(super) fn details(total: &Summary) {
    for (format, lines) in &total.formats {
        note(format_args!("  {lines} with a time of their own ({format})"));
    }
    for (count, what) in [
        (total.inherited, "took the time of the line before them"),
        (total.headings, "are headings and took the time of the first record"),
        (total.joined, "were joined to the event before them"),
        (total.assumed, "took the time of now"),
        (total.empty, "lines were empty and left out"),
    ] {
        if count > 0 {
            note(format_args!("  {count} {what}"));
        }
    }
    for remark in &total.notes {
        note(format_args!("  note: {remark}"));
    }
    listed(total.odd, "lines look odd: something like a time was not used", &total.odd_examples);
    listed(total.rejected, "lines could not be imported:", &total.examples);
    let is_without_time = |example: &Rejection| matches!(example.reason, Reason::NoTimestamp | Reason::NotATime(_));
    if total.examples.iter().any(is_without_time) {
        note("  lines without a time: describe it with --timestamp-format, or take the time of now with --now");
    }
}

fn listed(count: u64, what: &str, examples: &[Rejection]) {
    if count == 0 {
        return;
    }
    note(format_args!("  {count} {what}"));
    for example in examples {
        note(format_args!("    {example}"));
    }
    let unnamed = count.saturating_sub(examples.len() as u64);
    if unnamed > 0 {
        note(format_args!("    and {unnamed} more"));
    }
}
