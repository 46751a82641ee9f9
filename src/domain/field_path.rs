//! Paths to values in a JSON message, for tests of a policy: `$.card`, `$.user.email`, `$.items[*].id`, `$.items[0]`.

use std::fmt;

use serde_json::Value;

/// A path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Item(usize),
    EachItem,
}

/// A text that is not a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a path: write `$` and the names of members, such as `$.user.email` or `$.items[*].id`")]
pub struct InvalidPath;

impl FieldPath {
    /// Parses a path.
    ///
    /// # Errors
    /// [`InvalidPath`].
    pub fn parse(text: &str) -> Result<Self, InvalidPath> {
        let rest = text.strip_prefix("$.").ok_or(InvalidPath)?;
        let mut steps = Vec::new();
        for part in rest.split('.') {
            let (name, mut indexes) = part.split_at(part.find('[').unwrap_or(part.len()));
            if name.is_empty() || name.contains(']') {
                return Err(InvalidPath);
            }
            steps.push(Step::Member(name.to_owned()));
            while !indexes.is_empty() {
                let (index, more) = indexes.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or(InvalidPath)?;
                steps.push(match index {
                    "*" => Step::EachItem,
                    digits => Step::Item(digits.parse().map_err(|_| InvalidPath)?),
                });
                indexes = more;
            }
        }
        Ok(Self(steps))
    }

    /// The values at the path.
    #[must_use]
    pub fn values<'a>(&self, message: &'a Value) -> Vec<&'a Value> {
        self.0.iter().fold(vec![message], |values, step| {
            let next = |value: &'a Value| -> Vec<&'a Value> {
                match step {
                    Step::Member(name) => value.get(name).into_iter().collect(),
                    Step::Item(index) => value.get(index).into_iter().collect(),
                    Step::EachItem => value.as_array().into_iter().flatten().collect(),
                }
            };
            values.into_iter().flat_map(next).collect()
        })
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.0.iter().try_for_each(|step| match step {
            Step::Member(name) => write!(f, ".{name}"),
            Step::Item(index) => write!(f, "[{index}]"),
            Step::EachItem => f.write_str("[*]"),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_to_their_values() {
        let message =
            json!({ "card": 1, "user": { "email": "a" }, "items": [{ "id": 1 }, { "id": 2 }, {}], "grid": [[1, 2], [3]] });
        for (path, expected) in [
            ("$.card", json!([1])),
            ("$.user.email", json!(["a"])),
            ("$.items[*].id", json!([1, 2])),
            ("$.items[1].id", json!([2])),
            ("$.grid[*][0]", json!([1, 3])),
            ("$.nothing", json!([])),
            ("$.card.x", json!([])),
        ] {
            let parsed = FieldPath::parse(path).unwrap();
            assert_eq!((parsed.to_string(), json!(parsed.values(&message))), (path.to_owned(), expected));
        }
        for text in ["", "$", "$.", "card", "$..a", "$.a.", "$.a[", "$.a[x]", "$.a[-1]", "$.a]", "$.[0]"] {
            assert_eq!(FieldPath::parse(text), Err(InvalidPath), "{text}");
        }
    }
}
