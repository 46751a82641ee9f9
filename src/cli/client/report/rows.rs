//! A report as the service answers it. Members that the service does not send are absent.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A report.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) report: String,
    pub(super) groups: Vec<String>,
    pub(super) start: String,
    pub(super) end: String,
    pub(super) bin: Option<String>,
    pub(super) rows: Vec<Row>,
    #[serde(default)]
    pub(super) meta: Meta,
    pub(super) next_cursor: Option<String>,
}

/// A row: its keys, then its measures, in the order of the answer.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) keys: Vec<(String, Option<String>)>,
    pub(super) measures: Vec<(String, Value)>,
}

impl Row {
    /// A measure by its name, `latency.p95` for a part.
    pub(super) fn measure(&self, name: &str) -> Option<&Value> {
        let (name, part) = name.split_once('.').map_or((name, None), |(name, part)| (name, Some(part)));
        let (_, value) = self.measures.iter().find(|(known, _)| known == name)?;
        match part {
            Some(part) => value.get(part),
            None => Some(value),
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.measure(name)?.as_f64()
    }

    pub(super) fn key(&self, name: &str) -> Option<&str> {
        self.keys.iter().find(|(known, _)| known == name)?.1.as_deref()
    }

    /// The values of the keys but one.
    pub(super) fn name_without(&self, left_out: &str) -> String {
        let values = self.keys.iter().filter(|(name, _)| name != left_out).map(|(_, value)| value.as_deref().unwrap_or("-"));
        values.collect::<Vec<_>>().join(" ")
    }
}

/// How the report was computed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Meta {
    scanned: Option<u64>,
    matched: u64,
    unparsed: Option<u64>,
    skipped: Option<u64>,
    truncated: bool,
    approximate: Vec<String>,
    notes: Vec<String>,
    estimated_cost_usd: Option<f64>,
}

impl Meta {
    /// Lines about the numbers.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut line = match self.scanned {
            Some(scanned) => format!("{} requests in {scanned} lines", self.matched),
            None => format!("{} requests", self.matched),
        };
        for (count, what) in [(self.unparsed, "of another format"), (self.skipped, "of the execution log")] {
            if let Some(count) = count.filter(|count| *count > 0) {
                line += &format!(", {count} {what}");
            }
        }
        if let Some(cost) = self.estimated_cost_usd {
            line += &format!(", about {cost:.4} USD");
        }
        let mut lines = vec![line];
        if self.truncated {
            lines.push("more rows exist: --limit shows up to 1000".to_owned());
        }
        if !self.approximate.is_empty() {
            lines.push(format!("approximate: {}", self.approximate.join(", ")));
        }
        lines.extend(self.notes.iter().cloned());
        lines
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut row = Self { keys: Vec::new(), measures: Vec::new() };
        for (name, value) in deserializer.deserialize_map(Members)? {
            if name == "keys" {
                row.keys = keys(value);
            } else if let Member::Value(value) = value {
                row.measures.push((name, value));
            }
        }
        Ok(row)
    }
}

fn keys(value: Member) -> Vec<(String, Option<String>)> {
    let Member::Keys(keys) = value else { return Vec::new() };
    keys.into_iter().map(|(name, value)| (name, (!value.is_null()).then(|| super::super::table::text_of(Some(&value))))).collect()
}

/// The members of a row. Those of `keys` keep their order, which a map of `serde_json` does not.
struct Members;

enum Member {
    Keys(Vec<(String, Value)>),
    Value(Value),
}

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, Member)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let member =
                if name == "keys" { Member::Keys(map.next_value::<Ordered>()?.0) } else { Member::Value(map.next_value()?) };
            members.push((name, member));
        }
        Ok(members)
    }
}

struct Ordered(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Vec<(String, Value)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the keys of a row")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }

        deserializer.deserialize_map(Pairs).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_the_order_of_their_keys() {
        let row: Row =
            serde_json::from_str(r#"{"keys":{"status":"404","path":null,"a":"x"},"requests":3,"latency":{"n":2,"p95":12.5}}"#)
                .unwrap();
        assert_eq!(row.keys.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["status", "path", "a"]);
        assert_eq!((row.key("status"), row.key("path"), row.number("latency.p95")), (Some("404"), None, Some(12.5)));
        assert_eq!(row.name_without("a"), "404 -");
        assert!(serde_json::from_str::<Row>(r#"{"keys":[]}"#).is_err());
    }
}
