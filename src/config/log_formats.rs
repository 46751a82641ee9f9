//! `[[log_formats]]`: how the access lines of log groups look, for reports.
//!
//! Owns the section's keys. Never reads a line: [`logmark_access_log`] does. See also [`crate::reports::configured`].

use std::fmt::Write as _;
use std::sync::Arc;

use logmark_access_log::{Format, Known};
use serde::{Deserialize, Deserializer};

use super::pattern::{self, Braces, Names};
use super::spelling::expected;
use super::validation::Key;
use super::values;
use crate::domain::pattern::Pattern;
use crate::reports::configured::{ConfiguredFormat, ConfiguredFormats};

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
pub(super) fn validate(raw: Vec<RawLogFormat>, key: &Key<'_>) -> ConfiguredFormats {
    let mut formats: Vec<ConfiguredFormat> = Vec::new();
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
        formats.push(ConfiguredFormat { groups, format: Arc::new(format), source });
    }
    ConfiguredFormats::new(formats)
}
