//! The kinds of values: texts, numbers, lengths of time, URLs, files.
//!
//! Owns how each is written and what is said when it is not. Never knows which key holds which: that is in the sections.

use std::fmt::Display;
use std::fs::File;
use std::io::ErrorKind;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::{Host, Url};

use super::forms;
use super::reader::{Field, Table};
use super::spelling::{duration, quoted};
use super::tree::Value;
use crate::domain::time::parse_duration;
use crate::files;

/// A text that is more than text: made only by its own check.
macro_rules! text_type {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(super) use text_type;

/// Where plain HTTP is allowed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PlainHttp {
    /// Anywhere; the section says what it thinks of it.
    Anywhere,
    /// To this machine only.
    Loopback,
}

impl<'a> Field<'a> {
    /// Any text.
    pub(super) fn text(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) | Value::Variable { text, .. } => Some(text),
            _ => {
                self.expected("a text in quotes");
                None
            }
        }
    }

    /// A text of 1–`most` characters, none of them a control character.
    pub(super) fn name(&self, most: usize) -> Option<String> {
        let text = self.text()?;
        if text.is_empty() {
            self.wrong("is empty");
        } else if text.chars().count() > most {
            self.wrong(format_args!("is longer than {most} characters"));
        } else if text.chars().any(char::is_control) || text.trim() != text {
            self.wrong(format_args!("{} has control characters, or spaces at an end", quoted(text)));
        } else {
            return Some(text.to_owned());
        }
        None
    }

    /// A text that `parse` understands; its error follows the text in the error.
    pub(super) fn parsed<T, E: Display>(&self, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let text = self.text()?;
        parse(text).map_err(|error| self.wrong(format_args!("{} {error}", quoted(text)))).ok()
    }

    /// `true` or `false`.
    pub(super) fn truth(&self) -> Option<bool> {
        match self.value() {
            Value::Truth(truth) => Some(*truth),
            _ => {
                self.expected("`true` or `false`");
                None
            }
        }
    }

    /// A whole number in a range.
    pub(super) fn whole<T: TryFrom<i128> + Display + Copy + Into<i128>>(&self, range: RangeInclusive<T>) -> Option<T> {
        let (least, most) = range.into_inner();
        let Value::Whole(number) = *self.value() else {
            self.expected("a whole number");
            return None;
        };
        let fits = (least.into()..=most.into()).contains(&number);
        let fitting = T::try_from(number).ok().filter(|_| fits);
        if fitting.is_none() {
            self.wrong(format_args!("must be from {least} to {most}"));
        }
        fitting
    }

    /// A number, not below 0.
    pub(super) fn amount(&self) -> Option<f64> {
        let number = match *self.value() {
            Value::Fraction(number) => number,
            // Past 2^53 a gigabyte more or less is nobody's limit.
            Value::Whole(number) => number.to_string().parse().unwrap_or(f64::NAN),
            _ => {
                self.expected("a number");
                return None;
            }
        };
        if number.is_finite() && number >= 0.0 {
            return Some(number);
        }
        self.wrong("must be a number from 0 on");
        None
    }

    /// A share of something: a number, not below 0, or a text in percent.
    pub(super) fn share(&self) -> Option<f64> {
        let percent = match self.value() {
            Value::Text(text) | Value::Variable { text, .. } => text.trim().strip_suffix('%'),
            _ => return self.amount(),
        };
        let digits = percent.map(str::trim).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
        let share = digits.and_then(|digits| digits.parse::<f64>().ok()).map(|percent| percent / 100.0);
        if share.is_none() {
            self.wrong("must be a number such as `0.2`, or in percent, `20%`, in quotes");
        }
        share
    }

    /// A number of bytes: a whole number, or a text with a unit.
    pub(super) fn bytes(&self, range: RangeInclusive<u64>) -> Option<u64> {
        if !matches!(self.value(), Value::Text(_) | Value::Variable { .. }) {
            return self.whole(range);
        }
        let bytes = self.parsed(forms::bytes)?;
        if !range.contains(&bytes) {
            self.wrong(format_args!("must be from {} to {} bytes", range.start(), range.end()));
            return None;
        }
        Some(bytes)
    }

    /// A length of time.
    pub(super) fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        const FORM: &str = "a length of time such as `30s`, `10m`, `1h30m` or `31d`";
        let (Value::Text(text) | Value::Variable { text, .. }) = &self.node.value else {
            self.expected(FORM);
            return None;
        };
        // Only lengths of waits are so short; in a request's times milliseconds would be a number of the epoch.
        let millis = text.strip_suffix("ms").and_then(|count| count.parse().ok()).map(Duration::from_millis);
        let Some(length) = millis.or_else(|| parse_duration(text).ok()) else {
            self.wrong(format_args!("must be {FORM}, not {}", quoted(text)));
            return None;
        };
        if !range.contains(&length) {
            self.wrong(format_args!("must be from {} to {}", duration(*range.start()), duration(*range.end())));
            return None;
        }
        Some(length)
    }

    /// A URL without user and fragment. The text is not repeated: a URL may hold a password.
    pub(super) fn url(&self, plain: PlainHttp) -> Option<Url> {
        let text = self.text()?;
        let Ok(url) = Url::parse(text) else {
            self.wrong("is no URL: write it whole, such as `https://logs.example.com`");
            return None;
        };
        let secure = url.scheme() == "https";
        if !matches!(url.scheme(), "http" | "https") {
            self.wrong("must begin with `https://`");
        } else if !url.username().is_empty() || url.password().is_some() {
            self.wrong("has a user or password in it: leave them out");
        } else if url.fragment().is_some() {
            self.wrong("has a `#` fragment: leave it out");
        } else if !secure && plain == PlainHttp::Loopback && !is_loopback(&url) {
            self.wrong("must begin with `https://`: plain `http://` is for this machine only, such as `http://127.0.0.1:9000`");
        } else {
            return Some(url);
        }
        None
    }

    /// A URL as [`Field::url`], without a query.
    pub(super) fn base_url(&self, plain: PlainHttp) -> Option<Url> {
        let url = self.url(plain)?;
        if url.query().is_some() {
            self.wrong("has a `?` query: leave it out");
            return None;
        }
        Some(url)
    }

    /// A path, from the configuration file's folder; nothing need be there.
    pub(super) fn path(&self, text: &str) -> Option<PathBuf> {
        if text.is_empty() || text.contains('\0') {
            self.wrong("names no path");
            return None;
        }
        Some(self.reader.resolve(text))
    }

    /// A file that can be read.
    pub(super) fn readable(&self, text: &str) -> Option<PathBuf> {
        let path = self.path(text)?;
        open(&path).map_err(|problem| self.wrong(problem)).ok().map(|_| path)
    }

    /// A file that can be read, and that nobody but its owner can change.
    pub(super) fn unchangeable(&self, text: &str) -> Option<PathBuf> {
        let path = self.path(text)?;
        let file = open(&path).map_err(|problem| self.wrong(problem)).ok()?;
        let metadata = file.metadata().map_err(|error| self.wrong(FileProblem::of(&path, &error))).ok()?;
        files::check_unchangeable(&metadata, &path).map_err(|exposed| self.wrong(exposed)).ok().map(|()| path)
    }

    /// A file with a key that nobody else can change and not everybody can read. That its group can read it is a warning: it
    /// may have been made and mounted by something that knows who is in the group, unlike the secrets that are written for us
    /// alone.
    pub(super) fn key_file(&self, text: &str) -> Option<PathBuf> {
        let path = self.unchangeable(text)?;
        let file = open(&path).map_err(|problem| self.wrong(problem)).ok()?;
        let metadata = file.metadata().map_err(|error| self.wrong(FileProblem::of(&path, &error))).ok()?;
        files::check_secret(&metadata, &path).map_err(|exposed| self.wrong(exposed)).ok()?;
        if let Err(problem) = kept_private(&file, &path) {
            self.warn(problem);
        }
        Some(path)
    }
}

impl<'a> Table<'a> {
    /// A key's value, or its default.
    pub(super) fn or<T>(&self, key: &str, default: T, read: impl FnOnce(&Field<'a>) -> Option<T>) -> T {
        self.get(key).and_then(|field| read(&field)).unwrap_or(default)
    }
}

/// Does the URL lead to this machine?
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileProblem {
    /// There is none.
    #[error("there is no file `{0}`")]
    Missing(PathBuf),
    /// A folder or a device.
    #[error("`{0}` is no file")]
    NoFile(PathBuf),
    /// Not for this process.
    #[error("the file `{0}` may not be read by this process")]
    Denied(PathBuf),
    /// For everybody.
    #[error("the file `{path}` can be read by others (mode {mode:03o}): make it the service's own with `chmod 600`")]
    Open {
        /// Where.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Anything else.
    #[error("the file `{path}` cannot be read: {kind}")]
    Other {
        /// Where.
        path: PathBuf,
        /// Why.
        kind: ErrorKind,
    },
}

impl FileProblem {
    /// The problem behind an error of the system.
    pub(super) fn of(path: &Path, error: &std::io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            ErrorKind::NotFound => Self::Missing(path),
            ErrorKind::PermissionDenied => Self::Denied(path),
            kind => Self::Other { path, kind },
        }
    }
}

/// Opens a file for reading.
pub(super) fn open(path: &Path) -> Result<File, FileProblem> {
    let problem = |error| FileProblem::of(path, &error);
    // A look before: opening a pipe that nobody writes to would wait for ever.
    if !std::fs::metadata(path).map_err(problem)?.is_file() {
        return Err(FileProblem::NoFile(path.to_owned()));
    }
    File::open(path).map_err(problem)
}

/// Refuses a file that its owner's group or others may do anything with. Looks at the open file, not at its name again.
#[cfg(unix)]
pub(super) fn kept_private(file: &File, path: &Path) -> Result<(), FileProblem> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(|error| FileProblem::of(path, &error))?.permissions().mode() & 0o777;
    let others = if is_credential(path) { 0o037 } else { 0o077 };
    if mode & others == 0 { Ok(()) } else { Err(FileProblem::Open { path: path.to_owned(), mode }) }
}

/// Is it one of the credentials that systemd made for this service alone (`LoadCredential=`)? They are root's and seem to be
/// readable by its group: those bits are the mask of an access list that lets in the service's user (systemd issue 29435).
#[cfg(unix)]
fn is_credential(path: &Path) -> bool {
    std::env::var_os("CREDENTIALS_DIRECTORY").is_some_and(|folder| path.parent() == Some(Path::new(&folder)))
}

/// Other systems' permissions are not ours to judge.
#[cfg(not(unix))]
pub(super) fn kept_private(_: &File, _: &Path) -> Result<(), FileProblem> {
    Ok(())
}
