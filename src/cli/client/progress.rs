//! Progress on standard error, only if it is a terminal.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::failure::ClientError;
use super::retry::{Repeatable, Retry};

/// Shorter waits are not worth a message.
const SHOWN_WAIT: Duration = Duration::from_secs(1);

/// A line that changes.
#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Progress of a command whose output may be on the same terminal: shown only if the output goes elsewhere.
    pub(super) fn beside_output() -> Self {
        Self::shown(!std::io::stdout().is_terminal())
    }

    /// Progress before any output.
    pub(super) fn before_output() -> Self {
        Self::shown(true)
    }

    fn shown(is_shown: bool) -> Self {
        if !is_shown || !std::io::stderr().is_terminal() {
            return Self(ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()));
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// Whether anybody sees it.
    pub(super) fn is_shown(&self) -> bool {
        !self.0.is_hidden()
    }

    pub(super) fn set(&self, text: String) {
        self.0.set_message(text);
    }

    /// What an export has done so far.
    pub(super) fn export(&self, pages: u64, events: u64, bytes: u64) {
        if self.is_shown() {
            self.set(format!("{} events, {}, {} pages", HumanCount(events), HumanBytes(bytes), HumanCount(pages)));
        }
    }

    /// Removes the line.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }

    /// Waits before the next attempt.
    ///
    /// # Errors
    /// The failure, if it is final.
    pub(super) async fn wait(&self, retry: &mut Retry, error: ClientError, repeatable: Repeatable) -> Result<(), ClientError> {
        let reason = if self.is_shown() { error.to_string() } else { String::new() };
        let wait = retry.after(error, repeatable)?;
        if self.is_shown() && wait > SHOWN_WAIT {
            let reason = reason.lines().next().unwrap_or_default();
            self.set(format!("trying again in {} s: {reason}", wait.as_secs()));
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Bytes for people.
pub(super) fn human_bytes(bytes: u64) -> String {
    HumanBytes(bytes).to_string()
}
