//! `[[log_formats]]`: how the access lines of log groups look, for reports.
//!
//! Owns the section's keys. Never reads a line: [`logmark_access_log`] does. Groups without a format of their own have the format
//! that reports recognise from their lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use logmark_access_log::{Format, Known};
use serde::{Deserialize, Deserializer};

use super::pattern::{self, Braces, Names};
use super::spelling::expected;
use super::validation::Key;
use super::values;
use crate::domain::name::LogGroupName;
use crate::domain::pattern::Pattern;
use crate::reports::catalogue;
use crate::reports::definition::{Definition, RequestOrder, Shape};
use crate::reports::fields::{self, Field};

/// The formats of log groups, in the order of the configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogFormats(Vec<LogFormat>);

/// `[[log_formats]]`; in variables `LOGMARK__LOG_FORMATS__0__…`.
#[derive(Debug, Clone)]
pub struct LogFormat {
    /// `…__GROUPS`, required: patterns of log groups.
    pub groups: Vec<Pattern>,
    /// `…__TEMPLATE` or `…__FORMAT`, one of which is required.
    pub format: Arc<Format>,
    /// The template, or the name of the format, as written.
    source: String,
}

impl PartialEq for LogFormat {
    fn eq(&self, other: &Self) -> bool {
        self.groups == other.groups && self.source == other.source
    }
}

impl LogFormats {
    /// The format of a group: of the first section with a pattern that matches.
    #[must_use]
    pub fn of(&self, group: &LogGroupName) -> Option<Arc<Format>> {
        let section = self.0.iter().find(|section| section.groups.iter().any(|pattern| pattern.matches(group.as_str())));
        section.map(|section| Arc::clone(&section.format))
    }

    /// The sections.
    pub fn iter(&self) -> impl Iterator<Item = &LogFormat> {
        self.0.iter()
    }
}

impl LogFormat {
    /// The name of the format, or `template`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.format.name()
    }

    /// The reports that the format cannot answer, by the field that they lack, such as `path or resourcePath`.
    #[must_use]
    pub fn lacking(&self) -> BTreeMap<String, Vec<&'static str>> {
        let mut lacking: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for definition in catalogue::ALL {
            for needed in needs(definition).into_iter().filter(|needed| !needed.iter().any(|field| self.has(*field))) {
                let names: Vec<&str> = needed.iter().map(|field| field.name()).collect();
                lacking.entry(names.join(" or ")).or_default().push(definition.name);
            }
        }
        lacking
    }

    fn has(&self, field: Field) -> bool {
        logmark_access_log::Field::named(field.name()).is_some_and(|field| self.format.has(field))
    }
}

/// What a report needs: one field of each list.
fn needs(definition: &Definition) -> Vec<Vec<Field>> {
    let mut needs: Vec<Vec<Field>> = definition.keys.iter().map(|key| key.needs().to_vec()).collect();
    needs.extend(definition.only.map(|only| only.0.iter().map(|(field, _)| *field).collect()));
    match definition.shape {
        // One of the latencies suffices.
        Shape::Phases(phases) => needs.push(phases.iter().filter_map(|phase| phase.needs.first().copied()).collect()),
        Shape::Requests(RequestOrder::Slowest) => needs.push(vec![fields::RESPONSE_LATENCY]),
        Shape::LineKinds => {}
        _ => needs.push(vec![fields::STATUS]),
    }
    needs.iter_mut().for_each(|needed| {
        needed.sort_unstable();
        needed.dedup();
    });
    needs.retain(|needed| !needed.is_empty());
    needs.sort();
    needs.dedup();
    needs
}

/// `[[log_formats]]` as written.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawLogFormat {
    #[serde(deserialize_with = "groups")]
    groups: Vec<Pattern>,
    #[serde(deserialize_with = "template")]
    template: Option<Compiled>,
    #[serde(deserialize_with = "known")]
    format: Option<Compiled>,
}

/// A format and its text in the configuration.
struct Compiled(Format, String);

fn groups<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Pattern>, D::Error> {
    const NO_GROUP: &str = "list the log groups, such as `[\"/acme/gateway\"]`";
    values::list(deserializer, Some(NO_GROUP), |text| pattern::check(text, Names::Groups, Braces::Literal))
}

/// Compiles a template. The error has all faults in one line.
fn template<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Compiled>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match Format::from_template(&text) {
        Ok(format) => Ok(Some(Compiled(format, text))),
        Err(errors) => {
            let mut line = "is not a template of API Gateway: ".to_owned();
            for (index, error) in errors.iter().enumerate() {
                let character = text.get(..error.place.start).map_or(0, |before| before.chars().count()) + 1;
                let separator = if index == 0 { "" } else { "; " };
                // Writing to a string cannot fail.
                let _written = write!(line, "{separator}at character {character} {}: {}", error.problem, error.hint);
            }
            Err(serde::de::Error::custom(line))
        }
    }
}

/// The format with a name.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Compiled>, D::Error> {
    values::text(deserializer, |text| {
        let format = Known::named(text).and_then(Known::format);
        let names: Vec<&str> = Known::ALL.iter().map(|known| known.name()).collect();
        format
            .map(|format| Some(Compiled(format.clone(), text.to_owned())))
            .ok_or_else(|| format!("is not a known format: {}", expected(text, &names)))
    })
}

/// Checks the section.
pub(super) fn validate(raw: Vec<RawLogFormat>, key: &Key<'_>) -> LogFormats {
    let mut formats: Vec<LogFormat> = Vec::new();
    for (RawLogFormat { groups, template, format }, key) in raw.into_iter().zip(key.items()) {
        key.key("groups").require("list the log groups, such as `[\"/acme/gateway\"]`");
        let (template_key, format_key) = (key.key("template"), key.key("format"));
        if template_key.is_set() && format_key.is_set() {
            format_key.key_error("is set beside `template`: write one of them");
        } else if !template_key.is_set() && !format_key.is_set() {
            template_key.require("write API Gateway's template, or a known `format` such as `\"apache-combined\"`");
        }
        for (pattern, item) in groups.iter().zip(key.key("groups").items()) {
            if formats.iter().any(|before| before.groups.contains(pattern)) {
                item.error(format_args!("`{}` already has a format above: remove one of them", pattern.as_str()));
            }
        }
        let Some(Compiled(format, source)) = template.or(format) else { continue };
        let value = if template_key.is_set() { &template_key } else { &format_key };
        format.warnings().iter().for_each(|warning| value.warn(warning));
        formats.push(LogFormat { groups, format: Arc::new(format), source });
    }
    LogFormats(formats)
}
