//! Reads one input, line by line, as events.
//!
//! - A message is exactly the bytes of its line without the line's ending; joined lines have `\n` between them ([`crate::Multiline`]).
//! - A line without its own time is a separate event with the time of the previous line (see [`Missing`]). Headings before the
//!   first record get the time of that record.
//! - Events come in the order of the input; the store keeps that order among equal times.
//! - A line that cannot be an event is counted and reported by file and line ([`Summary`]); reading continues. Only an input that
//!   cannot be read further is an [`ImportError`]; the events before the error are returned.
//! - The first lines are examined before the first event ([`crate::profile`]). Files whose times depend on the whole file (no
//!   year, or an unknown order of day and month) are read twice; a pipe cannot be.
//!
//! Does not open files. Holds only the look-ahead, one line and the buffers.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};

use crate::clock::{Clock, Unknown};
use crate::intake::{self, Intake};
use crate::multiline::{Joined, Joiner};
use crate::options::{Input, Missing, Options};
use crate::profile::{Judgement, Odd, Profile};
use crate::sample;
use crate::summary::{Reason, Rejection, Summary};
use crate::survey::Survey;
use crate::unpack::{BytesRead, Packing, UnpackError};

/// A line that can be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLine {
    /// Milliseconds since 1970, never negative.
    pub timestamp: i64,
    /// The line without its ending; at least one byte.
    pub message: String,
    /// Its number in the input, from 1.
    pub line: u64,
    /// Whether it has its own time; otherwise the time is another line's or the caller's.
    pub is_own: bool,
}

/// Why an input cannot be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The input itself failed.
    #[error("`{file}` cannot be read: {source}")]
    Read {
        /// The name of the input.
        file: String,
        /// The system's error.
        source: io::Error,
    },
    /// The input is packed or JSON but breaks off or has wrong checksums.
    #[error("`{file}` is damaged {packing} after line {line}: {source}")]
    Damaged {
        /// The name of the input.
        file: String,
        /// `gzip`, …
        packing: &'static str,
        /// The last completely read line.
        line: u64,
        /// The decoder's error.
        source: io::Error,
    },
    /// The input is neither text nor packed text.
    #[error("`{file}` is {what}")]
    NotText {
        /// The name of the input.
        file: String,
        /// What it is instead, and what to do.
        what: String,
    },
    /// The times of the file cannot be determined.
    #[error("`{file}`: {unknown}")]
    Unknown {
        /// The name of the input.
        file: String,
        /// What is missing, and the option that gives it.
        unknown: Unknown,
    },
}

/// Iterates over an input's events. Read it to its end, then get the summary.
pub struct Reading<'a> {
    file: String,
    intake: Intake<'a>,
    packing: Option<Packing>,
    bytes_read: BytesRead,
    options: Options,
    profile: Profile,
    clock: Clock,
    last: Last,
    /// Headings that wait for the first time.
    headings: Vec<(u64, String)>,
    joiner: Joiner,
    ready: VecDeque<NewLine>,
    summary: Summary,
    buffer: Vec<u8>,
    ended: bool,
    failure: Option<ImportError>,
}

/// The time for lines without their own.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Last {
    None,
    At(i64),
    /// The previous line's time is unknown, so this line's is too.
    Unknown,
}

/// Opens an input and detects its format.
///
/// # Errors
/// If the bytes cannot be read, are neither text nor packed text, or have times that cannot be determined.
pub fn read<'a>(file: &str, input: Input<'a>, options: Options) -> Result<Reading<'a>, ImportError> {
    let (stream, again, modified): (Box<dyn Read + Send + 'a>, _, _) = match input {
        Input::Stream(stream) => (stream, None, None),
        Input::File { file: opened, modified } => {
            let again = opened.try_clone().ok();
            (Box::new(opened), again, modified)
        }
    };
    let opened = intake::open(stream, options.max_line).map_err(|error| not_unpacked(file, error))?;
    let mut intake = opened.intake;
    intake.look_ahead();
    let chosen = Profile { chosen: options.format.clone(), time_field: options.time_field.clone(), ..Profile::default() };
    let profile = sample::recognise(chosen, intake.ahead());
    let clock = Clock::new(modified.unwrap_or(options.now).min(options.now), options.timezone.clone());
    let mut reading = Reading {
        file: file.to_owned(),
        intake,
        packing: opened.packing,
        bytes_read: opened.bytes_read,
        options,
        profile,
        clock,
        last: Last::None,
        headings: Vec::new(),
        joiner: Joiner::default(),
        ready: VecDeque::new(),
        summary: Summary::default(),
        buffer: Vec::new(),
        ended: false,
        failure: None,
    };
    reading.survey(again)?;
    Ok(reading)
}

impl Reading<'_> {
    /// The counts so far.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The final counts, with the detected formats.
    #[must_use]
    pub fn into_summary(mut self) -> Summary {
        let used = self.profile.formats.iter().filter(|format| format.lines > 0);
        self.summary.formats = used.map(|format| (format.describe(self.profile.time_field.as_deref()), format.lines)).collect();
        self.summary
    }

    /// A counter of the bytes read so far, for progress.
    #[must_use]
    pub fn bytes_read(&self) -> BytesRead {
        self.bytes_read.clone()
    }

    /// Surveys the whole file first, if its times depend on it.
    fn survey(&mut self, again: Option<File>) -> Result<(), ImportError> {
        if !sample::needs_survey(&self.profile, self.intake.ahead()) {
            return Ok(());
        }
        let failed = |source| ImportError::Read { file: self.file.clone(), source };
        let mut survey = Survey::new(&self.profile, self.clock.bound);
        let mut is_whole = self.intake.is_all_ahead();
        if is_whole {
            self.intake.ahead().for_each(|line| survey.add(line));
        } else if let Some(mut file) = again {
            file.rewind().map_err(failed)?;
            // Damage is reported in the second pass.
            is_whole = survey.add_all(&file, self.options.max_line);
            // Both handles share one position.
            file.seek(io::SeekFrom::Start(self.bytes_read.get())).map_err(failed)?;
        } else {
            self.intake.ahead().for_each(|line| survey.add(line));
        }
        let notes = survey.settle(&mut self.clock, self.options.year, is_whole);
        let notes = notes.map_err(|unknown| ImportError::Unknown { file: self.file.clone(), unknown })?;
        self.summary.notes.extend(notes.into_iter().map(|note| format!("{}: {note}", self.file)));
        Ok(())
    }

    /// Processes the next line; `false` at the end.
    fn step(&mut self) -> io::Result<bool> {
        let mut line = std::mem::take(&mut self.buffer);
        let Some(too_long) = self.intake.next_into(&mut line)? else {
            self.end();
            return Ok(false);
        };
        self.summary.lines += 1;
        self.take_line(&line, too_long);
        self.buffer = line;
        Ok(true)
    }

    fn take_line(&mut self, line: &[u8], too_long: bool) {
        if line.is_empty() && !too_long {
            self.summary.empty += 1;
            self.joiner.blank();
        } else if let Some(records) = (!too_long).then(|| sample::records(&self.profile, line)).flatten() {
            self.summary.split += records.len() as u64 - 1;
            records.into_iter().for_each(|record| self.take(record, false));
        } else {
            self.take(line, too_long);
        }
    }

    fn take(&mut self, line: &[u8], too_long: bool) {
        let before = match self.last {
            Last::At(ms) => Some(ms),
            Last::None | Last::Unknown => None,
        };
        let judgement = self.profile.judge(line, before, &mut self.clock);
        let mut own = None;
        match judgement {
            Judgement::Own(ms) => {
                own = Some(ms);
                // A rejected line's time also applies to the lines that continue it.
                self.last = Last::At(ms);
                self.release_headings(ms);
            }
            Judgement::Unknown(unknown) => {
                self.last = Last::Unknown;
                return self.reject(self.summary.lines, Reason::Unknown(unknown));
            }
            Judgement::Odd(odd) => self.note_odd(odd),
            Judgement::None => {}
        }
        if too_long {
            return self.reject(self.summary.lines, Reason::TooLong { limit: self.options.max_line });
        }
        let message = match std::str::from_utf8(line) {
            Ok(message) => message.to_owned(),
            Err(error) => return self.reject(self.summary.lines, Reason::NotUtf8 { at: error.valid_up_to() + 1 }),
        };
        if own.is_none() && self.waits(line) {
            self.headings.push((self.summary.lines, message));
            return;
        }
        let Some(timestamp) = self.settle(own) else {
            let reason = match judgement {
                Judgement::Odd(odd) => Reason::NotATime(odd),
                _ => Reason::NoTimestamp,
            };
            return self.reject(self.summary.lines, reason);
        };
        self.emit(NewLine { timestamp, message, line: self.summary.lines, is_own: own.is_some() });
    }

    fn waits(&self, line: &[u8]) -> bool {
        /// Real headings have only a few lines.
        const MOST_HEADINGS: usize = 64;
        self.last == Last::None
            && self.options.missing == Missing::Inherit
            && self.headings.len() < MOST_HEADINGS
            && sample::is_heading(line, self.summary.lines == 1)
    }

    fn release_headings(&mut self, timestamp: i64) {
        for (line, message) in std::mem::take(&mut self.headings) {
            self.summary.headings += 1;
            self.emit(NewLine { timestamp, message, line, is_own: false });
        }
    }

    /// Emits a line, joined or not.
    fn emit(&mut self, line: NewLine) {
        let Some(multiline) = &self.options.multiline else {
            self.summary.events += 1;
            self.ready.push_back(line);
            return;
        };
        let begins = multiline.begins(line.message.as_bytes(), line.is_own);
        match self.joiner.add(line, begins, self.options.max_line) {
            Joined::Added { blanks } => {
                self.summary.joined += 1 + blanks as u64;
                self.summary.empty -= blanks as u64;
            }
            Joined::Begun(before) => {
                self.summary.events += 1;
                self.ready.extend(before);
            }
        }
    }

    fn end(&mut self) {
        for (line, _) in std::mem::take(&mut self.headings) {
            self.reject(line, Reason::NoTimestamp);
        }
        self.ready.extend(self.joiner.finish());
        self.ended = true;
    }

    /// The time of a line, from its own time or the previous line's.
    fn settle(&mut self, own: Option<i64>) -> Option<i64> {
        match (own, self.options.missing, self.last) {
            (Some(own), _, _) => Some(own),
            (None, Missing::Inherit | Missing::InheritOr(_), Last::At(before)) => {
                self.summary.inherited += 1;
                Some(before)
            }
            (None, Missing::InheritOr(assumed), Last::None) => {
                self.summary.assumed += 1;
                Some(assumed)
            }
            (None, _, _) => None,
        }
    }

    fn note_odd(&mut self, odd: Odd) {
        // Before the first time, the line is rejected with this reason, or gets the caller's time.
        if matches!(self.last, Last::At(_)) {
            self.summary.odd += 1;
            if self.summary.odd_examples.len() < self.options.examples {
                let rejection = Rejection { file: self.file.clone(), line: self.summary.lines, reason: Reason::NotATime(odd) };
                self.summary.odd_examples.push(rejection);
            }
        }
    }

    fn reject(&mut self, line: u64, reason: Reason) {
        self.summary.rejected += 1;
        if self.summary.examples.len() < self.options.examples {
            self.summary.examples.push(Rejection { file: self.file.clone(), line, reason });
        }
    }

    fn broken(&self, source: io::Error) -> ImportError {
        let file = self.file.clone();
        let packing = self.packing.map(Packing::name).or(self.intake.is_array().then_some("JSON"));
        match packing {
            Some(packing) if is_damage(&source) => ImportError::Damaged { file, packing, line: self.summary.lines, source },
            _ => ImportError::Read { file, source },
        }
    }
}

impl Iterator for Reading<'_> {
    type Item = Result<NewLine, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(Ok(line));
            }
            if self.ended {
                return self.failure.take().map(Err);
            }
            if let Err(error) = self.step() {
                // Complete events come before the error.
                self.failure = Some(self.broken(error));
                self.end();
            }
        }
    }
}

impl fmt::Debug for Reading<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reading").field("file", &self.file).field("summary", &self.summary).finish_non_exhaustive()
    }
}

fn not_unpacked(file: &str, error: UnpackError) -> ImportError {
    let file = file.to_owned();
    match error {
        UnpackError::Io { packing: Some(packing), error } if is_damage(&error) => {
            ImportError::Damaged { file, packing: packing.name(), line: 0, source: error }
        }
        UnpackError::Io { error, .. } => ImportError::Read { file, source: error },
        UnpackError::Foreign(_) | UnpackError::TooDeep => ImportError::NotText { file, what: error.to_string() },
    }
}

/// Decoders never report a system error; disks and pipes do.
fn is_damage(error: &io::Error) -> bool {
    error.raw_os_error().is_none()
}
