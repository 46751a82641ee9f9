//! What grants show of a log group's events: streams, row rules and field masks.
//!
//! Owns the decision on one event. `auth::policy` makes the rules of a permit from grants; the sources apply them to every event before
//! they count it, and before they compute a position. See docs/decisions/013.

use std::fmt;
use std::sync::Arc;

use logmark_event_rules::{FieldMask, Masked, Replacement};

use super::filter::EventFilter;
use super::name::LogStreamName;
use super::pattern::Pattern;

/// The streams that the caller may see; `None`: all.
pub type StreamRule = Option<Vec<Pattern>>;

/// Whether the rule covers the stream.
#[must_use]
pub fn covers_stream(rule: Option<&[Pattern]>, stream: &str) -> bool {
    rule.is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(stream)))
}

/// A mask, shared by the permits of its grant.
#[derive(Clone, PartialEq)]
pub struct EventMask(Arc<FieldMask>);

impl EventMask {
    /// The mask of these fields.
    #[must_use]
    pub fn new(fields: FieldMask) -> Self {
        Self(Arc::new(fields))
    }

    /// Its fields.
    #[must_use]
    pub fn fields(&self) -> &FieldMask {
        &self.0
    }

    /// Its paths as they were written.
    #[must_use]
    pub fn path_texts(&self) -> Vec<String> {
        self.0.paths().iter().map(ToString::to_string).collect()
    }

    /// The text in place of a masked value; `None`: masked members are removed.
    #[must_use]
    pub fn replacement_text(&self) -> Option<&str> {
        match self.0.replacement() {
            Replacement::Text(text) => Some(text),
            Replacement::Remove => None,
        }
    }
}

impl Eq for EventMask {}

impl fmt::Debug for EventMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventMask(..)")
    }
}

/// What one grant shows of a group's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Only events of these streams.
    pub streams: StreamRule,
    /// Only events that match; `None`: all.
    pub rows: Option<EventFilter>,
    /// What is hidden in each event.
    pub mask: Option<EventMask>,
}

impl Clause {
    /// A clause. A list of streams that contains `*` covers all streams.
    #[must_use]
    pub fn new(streams: StreamRule, rows: Option<EventFilter>, mask: Option<EventMask>) -> Self {
        Self { streams: streams.filter(|patterns| !patterns.iter().any(Pattern::is_everything)), rows, mask }
    }

    /// Whether it shows every event as stored.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        self.streams.is_none() && self.has_no_rules()
    }

    /// Whether it shows events of its streams as stored.
    fn has_no_rules(&self) -> bool {
        self.rows.is_none() && self.mask.is_none()
    }

    /// Whether it shows events of the stream.
    #[must_use]
    pub fn covers_stream(&self, stream: &str) -> bool {
        covers_stream(self.streams.as_deref(), stream)
    }

    /// The clause as bytes to compare: each part has its length, so different clauses have different bytes.
    #[must_use]
    pub fn encoded(&self) -> Vec<u8> {
        let mut parts: Vec<String> = vec![match &self.streams {
            None => "*".to_owned(),
            Some(patterns) => {
                let mut texts: Vec<&str> = patterns.iter().map(Pattern::as_str).collect();
                texts.sort_unstable();
                texts.join("\u{1}")
            }
        }];
        parts.push(self.rows.as_ref().map_or_else(String::new, ToString::to_string));
        if let Some(mask) = &self.mask {
            parts.push(format!("{:?}", mask.fields().replacement()));
            parts.extend(mask.fields().paths().iter().map(ToString::to_string));
        }
        let mut bytes = (parts.len() as u64).to_be_bytes().to_vec();
        for part in parts {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part.into_bytes());
        }
        bytes
    }

    fn admits(&self, stream: &str, message: &str) -> bool {
        self.covers_stream(stream) && self.rows.as_ref().is_none_or(|rows| rows.matches(message))
    }
}

/// The clauses of grants that have row rules or masks. An event is visible if one clause admits it. It is shown without the fields that
/// every admitting clause masks: a grant never hides what another grant shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRules(Arc<[Clause]>);

/// How an event is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventView {
    /// It is not shown, as if it did not exist.
    Hidden,
    /// It is shown as stored.
    Unchanged,
    /// It is shown with this message.
    Masked(String),
    /// Its message cannot be masked, so it is only counted.
    Withheld,
}

impl EventView {
    /// Whether the filter matches the event, stored with this message, as it is shown: a filter never sees a masked value, nor a
    /// withheld message.
    #[must_use]
    pub fn matches(&self, filter: &EventFilter, message: &str) -> bool {
        match self {
            Self::Hidden | Self::Withheld => false,
            Self::Unchanged => filter.matches(message),
            Self::Masked(masked) => filter.matches(masked),
        }
    }
}

impl EventRules {
    /// The clauses.
    #[must_use]
    pub fn clauses(&self) -> &[Clause] {
        &self.0
    }

    /// The masks that can apply.
    pub fn masks(&self) -> impl Iterator<Item = &EventMask> {
        self.0.iter().filter_map(|clause| clause.mask.as_ref())
    }

    /// Whether a clause has a mask.
    #[must_use]
    pub fn masks_fields(&self) -> bool {
        self.masks().next().is_some()
    }

    /// Whether a mask hides the field that a source discovers in messages. For lists of names.
    #[must_use]
    pub fn hides_field(&self, name: &str) -> bool {
        !is_system_field(name) && self.masks().any(|mask| mask.fields().hides_field(name).is_some())
    }

    /// Whether a clause has a row rule.
    #[must_use]
    pub fn limits_rows(&self) -> bool {
        self.0.iter().any(|clause| clause.rows.is_some())
    }

    /// Whether a clause shows all events of the stream.
    #[must_use]
    pub fn shows_all_rows_of(&self, stream: &str) -> bool {
        self.0.iter().any(|clause| clause.rows.is_none() && clause.covers_stream(stream))
    }

    /// Whether a clause admits the event.
    #[must_use]
    pub fn admits(&self, stream: &str, message: &str) -> bool {
        self.0.iter().any(|clause| clause.admits(stream, message))
    }

    /// How the event is shown.
    #[must_use]
    pub fn view(&self, stream: &str, message: &str) -> EventView {
        match self.decide(stream, message) {
            Admission::Hidden => EventView::Hidden,
            Admission::Whole => EventView::Unchanged,
            Admission::Masked(mask) => match mask.fields().apply(message) {
                Masked::Unchanged => EventView::Unchanged,
                Masked::Changed(message) => EventView::Masked(message),
                Masked::Withheld => EventView::Withheld,
            },
        }
    }

    /// Whether the event is shown, and with which mask.
    #[must_use]
    pub fn decide(&self, stream: &str, message: &str) -> Admission {
        let mut masks: Vec<&EventMask> = Vec::new();
        let mut is_admitted = false;
        for clause in self.0.iter().filter(|clause| clause.admits(stream, message)) {
            is_admitted = true;
            match &clause.mask {
                None => return Admission::Whole,
                Some(mask) if masks.contains(&mask) => {}
                Some(mask) => masks.push(mask),
            }
        }
        match masks.as_slice() {
            _ if !is_admitted => Admission::Hidden,
            [] => Admission::Whole,
            [only] => Admission::Masked((*only).clone()),
            several => {
                let fields: Vec<&FieldMask> = several.iter().map(|mask| mask.fields()).collect();
                Admission::Masked(EventMask::new(FieldMask::intersect(&fields)))
            }
        }
    }
}

/// Whether a source adds the field to each event (`@message`). A member of a message whose own name begins with `@` has `@@`.
#[must_use]
pub fn is_system_field(name: &str) -> bool {
    name.starts_with('@') && !name.starts_with("@@")
}

/// Whether an event is shown, and with which mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// No clause admits it.
    Hidden,
    /// A clause without a mask admits it.
    Whole,
    /// Clauses with this mask in common admit it.
    Masked(EventMask),
}

/// What a permit shows of one group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Visibility {
    /// The streams of all clauses together; `None`: all.
    pub streams: StreamRule,
    /// The clauses, if one of them has a row rule or a mask. `None`: every event of these streams is shown as stored.
    pub rules: Option<EventRules>,
}

impl Visibility {
    /// What these clauses show together.
    #[must_use]
    pub fn of(clauses: Vec<Clause>) -> Self {
        if clauses.iter().any(Clause::is_unlimited) {
            return Self::default();
        }
        let streams =
            clauses.iter().map(|clause| clause.streams.clone()).reduce(|all, more| Some([all?, more?].concat())).flatten();
        let has_rules = !clauses.iter().all(Clause::has_no_rules);
        Self { streams, rules: has_rules.then(|| EventRules(clauses.into())) }
    }

    /// The same for a request of these streams alone. Rules do not matter where other clauses show all of their events unmasked.
    #[must_use]
    pub fn of_streams(self, streams: &[LogStreamName]) -> Self {
        let shows_all = |rules: &EventRules, stream: &LogStreamName| {
            rules.clauses().iter().any(|clause| clause.has_no_rules() && clause.covers_stream(stream.as_str()))
        };
        let is_free = |rules: &EventRules| !streams.is_empty() && streams.iter().all(|stream| shows_all(rules, stream));
        Self { rules: self.rules.filter(|rules| !is_free(rules)), ..self }
    }

    /// Whether it shows every event of the group as stored. Only then the caller may see figures about the whole group.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.streams.is_none() && self.rules.is_none()
    }

    /// Whether it shows events of the stream.
    #[must_use]
    pub fn covers_stream(&self, stream: &str) -> bool {
        covers_stream(self.streams.as_deref(), stream)
    }
}
