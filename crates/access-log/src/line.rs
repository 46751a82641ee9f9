//! What a line is.

use crate::record::Record;

/// A classified line.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "most lines have values, and a box would be an allocation for each")]
pub enum Line<'f, 'l> {
    /// A line of the format, with its values.
    Access(Record<'f, 'l>),
    /// A line of API Gateway's execution log, which may be in the same log group.
    Execution,
    /// A comment in front of the lines, as CloudFront writes it.
    Header,
    /// The begin of a line of the format: the rest is cut off.
    Truncated,
    /// Any other line, or one with several readings.
    Unparsed,
}

/// The kind of a line without its values, for counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LineKind {
    /// [`Line::Access`].
    Access,
    /// [`Line::Execution`].
    Execution,
    /// [`Line::Header`].
    Header,
    /// [`Line::Truncated`].
    Truncated,
    /// [`Line::Unparsed`].
    Unparsed,
}

impl LineKind {
    /// The name, as reports show it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Execution => "execution",
            Self::Header => "header",
            Self::Truncated => "truncated",
            Self::Unparsed => "unparsed",
        }
    }
}

impl<'f, 'l> Line<'f, 'l> {
    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> LineKind {
        match self {
            Self::Access(_) => LineKind::Access,
            Self::Execution => LineKind::Execution,
            Self::Header => LineKind::Header,
            Self::Truncated => LineKind::Truncated,
            Self::Unparsed => LineKind::Unparsed,
        }
    }

    /// The values of an access line.
    #[must_use]
    pub fn record(self) -> Option<Record<'f, 'l>> {
        match self {
            Self::Access(record) => Some(record),
            _ => None,
        }
    }
}

/// Whether a line is of API Gateway's execution log: the identifier of the request in brackets, then text.
///
/// ```
/// assert!(logmark_access_log::is_execution("(2fcb2410-ea52-11e8-a930-513600b68872) Method completed with status: 200"));
/// assert!(!logmark_access_log::is_execution("(see above) done"));
/// ```
#[must_use]
pub fn is_execution(line: &str) -> bool {
    let Some((id, rest)) = line.strip_prefix('(').and_then(|rest| rest.split_once(')')) else { return false };
    let is_id = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte));
    let is_uuid = id.len() == 36 && id.bytes().filter(|byte| *byte == b'-').count() == 4;
    // Identifiers of HTTP and WebSocket APIs have 16 characters, the last of which is `=`.
    is_id && (is_uuid || (12..=20).contains(&id.len()) && id.ends_with('=')) && (rest.is_empty() || rest.starts_with(' '))
}
