//! `parse`: the rows of values of a text.

use logmark_diagnostics::Spanned;
use logmark_engine::values::value::Value;
use logmark_engine::values::{csv, logfmt, parse_glob, parse_regex, regex};
use logmark_insights::ast::{FieldPath, Matches, Parse, ParseFormat};

use super::Naive;

/// The rows of values of a text.
type Rows = Box<dyn Fn(&str) -> Vec<Vec<Value>>>;

impl Naive {
    pub(super) fn parse(&mut self, parse: &Parse) -> Option<()> {
        let texts = self.texts(parse.input.as_ref());
        let flat = |aliases: &[Spanned<FieldPath>]| aliases.iter().map(|alias| alias.node.flat_name()).collect::<Vec<_>>();
        let (names, rows): (Vec<String>, Rows) = match &parse.format {
            ParseFormat::Glob { pattern, aliases } => {
                let glob = parse_glob::Glob::compile(pattern.node.as_str(), aliases.len()).ok()?;
                (
                    flat(aliases),
                    Box::new(move |text| {
                        glob.captures(text).map(|parts| parts.into_iter().map(Value::from).collect()).into_iter().collect()
                    }),
                )
            }
            ParseFormat::Regex { pattern, aliases, matches } => {
                let regex = regex::Regex::compile(pattern.node.as_str()).ok()?;
                let named: Vec<String> = regex.names().map(str::to_owned).collect();
                let names = if named.is_empty() { flat(aliases) } else { named };
                let fields = parse_regex::RegexFields::of_groups(regex).ok()?;
                let is_multi = *matches == Matches::All;
                (
                    names,
                    Box::new(move |text| {
                        let found = if is_multi {
                            fields.all(text).unwrap().rows
                        } else {
                            fields.first(text).unwrap().into_iter().collect()
                        };
                        found.into_iter().map(|parts| parts.into_iter().map(Value::from).collect()).collect()
                    }),
                )
            }
            ParseFormat::Logfmt { alias } => {
                (vec![alias.node.flat_name()], Box::new(|text| logfmt::parse(text).map(|map| vec![map]).into_iter().collect()))
            }
            ParseFormat::Csv { aliases } => (
                flat(aliases),
                Box::new(|text| vec![csv::columns(text).map(|column| Value::Text(column.into_owned())).collect()]),
            ),
            ParseFormat::Xml { .. } => return None,
        };
        let (old, mut parts) = (std::mem::take(&mut self.rows), Vec::new());
        for (row, text) in old.into_iter().zip(texts) {
            let found = text.map(|text| rows(&text)).unwrap_or_default();
            let found = if found.is_empty() { vec![Vec::new()] } else { found };
            for values in found {
                self.rows.push(row.clone());
                parts.push(values);
            }
        }
        for (place, name) in names.iter().enumerate() {
            let values = parts.iter().map(|values| values.get(place).cloned().unwrap_or_default()).collect();
            let binding = self.define(name, None, values);
            self.show(name, binding);
        }
        Some(())
    }
}
