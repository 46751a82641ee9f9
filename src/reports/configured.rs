//! The formats of log groups that the configuration names.
//!
//! Owns which of them a group has, and which reports a format lacks fields for. Groups without one have the format that is
//! recognised from their lines ([`super::recognised`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use logmark_access_log::Format;

use super::catalogue;
use super::definition::{Definition, RequestOrder, Shape};
use super::fields::{self, Field};
use crate::domain::name::LogGroupName;
use crate::domain::pattern::Pattern;

/// The formats of log groups, in the order of the configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConfiguredFormats(Vec<ConfiguredFormat>);

/// `[[log_formats]]`; in variables `LOGMARK__LOG_FORMATS__0__…`. Equal if written equally.
#[derive(Debug, Clone)]
pub struct ConfiguredFormat {
    /// `…__GROUPS`, required: patterns of log groups.
    pub groups: Vec<Pattern>,
    /// `…__TEMPLATE` or `…__FORMAT`, one of which is required.
    pub format: Arc<Format>,
    /// The template, or the name of the format, as written.
    pub source: String,
}

impl PartialEq for ConfiguredFormat {
    fn eq(&self, other: &Self) -> bool {
        self.groups == other.groups && self.source == other.source
    }
}

impl ConfiguredFormats {
    /// The formats, in the order of the configuration.
    #[must_use]
    pub fn new(formats: Vec<ConfiguredFormat>) -> Self {
        Self(formats)
    }

    /// The format of a group: of the first section with a pattern that matches.
    #[must_use]
    pub fn of(&self, group: &LogGroupName) -> Option<Arc<Format>> {
        let section = self.0.iter().find(|section| section.groups.iter().any(|pattern| pattern.matches(group.as_str())));
        section.map(|section| Arc::clone(&section.format))
    }

    /// The sections.
    pub fn iter(&self) -> impl Iterator<Item = &ConfiguredFormat> {
        self.0.iter()
    }
}

impl ConfiguredFormat {
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
