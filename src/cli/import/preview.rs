//! `--dry-run`: the times of the first lines of each file. Opens no store.

use std::process::ExitCode;

use jiff::Timestamp;
use logmark_log_import::{NewLine, Options, Summary, read};

use super::inputs::Input;
use super::report;
use crate::cli::{CliError, note, say};

/// Events shown of each file.
const SHOWN: usize = 20;

/// Characters shown of each line.
const WIDTH: usize = 80;

/// Events whose times are found: enough for the report to speak of the file.
const READ: usize = 1000;

pub(super) fn run(inputs: Vec<Input>, options: &Options) -> Result<ExitCode, CliError> {
    let mut is_clean = true;
    for input in inputs {
        let failed = |error: logmark_log_import::ImportError| CliError::Failed(error.to_string());
        let mut reading = read(&input.name, input.bytes, options.clone()).map_err(failed)?;
        say(format_args!("{}:", input.name));
        let mut events = 0;
        while events < READ
            && let Some(event) = reading.next()
        {
            let event = event.map_err(failed)?;
            if events < SHOWN {
                say(shown(&event));
            }
            events += 1;
        }
        let summary = reading.into_summary();
        is_clean &= summary.rejected == 0;
        say_of(&summary, events);
    }
    note("nothing was imported (--dry-run)");
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn say_of(summary: &Summary, events: usize) {
    note(format_args!("{events} events from the first {} lines", summary.lines));
    report::details(summary);
}

/// `  7  2026-11-20T10:00:00.123Z  message`, with `=` before a time that is another line's.
fn shown(event: &NewLine) -> String {
    let time = Timestamp::from_millisecond(event.timestamp).map(|time| format!("{time:.3}")).unwrap_or_default();
    let origin = if event.is_own { ' ' } else { '=' };
    let clean = |character: char| if character.is_control() { ' ' } else { character };
    let message: String = event.message.chars().take(WIDTH).map(clean).collect();
    format!("{:>6} {origin}{time}  {}", event.line, message.trim_end())
}
