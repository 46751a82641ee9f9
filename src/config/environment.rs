//! Overlays `LOGMARK__SECTION__KEY` variables on the tree of the file.
//!
//! Owns the mapping from a variable's name to a key: two underscores separate levels, case does not matter, and items of an
//! array are numbered from 0 (`LOGMARK__SOURCES__0__REGION`). A variable matches a key of the file in any case; a new key is
//! in lower case. A variable cannot name a tenant whose id contains `.`, `-` or `__`.
//!
//! Never reads names with one underscore (`LOGMARK_CURSOR_KEY`): `env:` secrets use those. Never checks whether a key exists:
//! [`super::deserializer`] reports unknown keys of the file and of the environment.

use std::collections::BTreeMap;
use std::fmt;

use super::error::{ConfigError, Location};
use super::tree::{Entry, Node, Value, read_variable};
use super::validation::join;

const PREFIX: &str = "LOGMARK__";

/// Whether the name begins with the prefix of configuration variables.
pub(super) fn is_ours(name: &str) -> bool {
    name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Index(usize),
    Key(String),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(number) => write!(f, "{number}"),
            Self::Key(key) => f.write_str(key),
        }
    }
}

/// Why a variable can't be put into the tree.
#[derive(thiserror::Error, Debug)]
enum VariableError {
    #[error("has an empty part: write `LOGMARK__SECTION__KEY`, with two underscores between levels")]
    EmptyPart,
    #[error("sets the same key as `{0}`: keep one of them")]
    Doubled(String),
    #[error("sets item {wanted} of an array of {length}: number the items from 0, without gaps")]
    Gap { wanted: usize, length: usize },
    #[error("names a key below `{key}`, which is {kind}")]
    NoLevel { key: String, kind: &'static str },
    #[error("is ambiguous, it matches {0}: set the key in the file")]
    Ambiguous(String),
}

/// Overlays the variables on the tree. A variable replaces the value of the file.
pub(super) fn overlay(root: &mut Node, variables: &BTreeMap<String, String>) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    let mut ours = Vec::new();
    for (name, text) in variables.iter().filter(|(name, _)| is_ours(name)) {
        match steps(name) {
            Ok(steps) => ours.push((steps, name.as_str(), text.as_str())),
            Err(error) => errors.push(config_error(name, &error)),
        }
    }
    // Arrays grow one item at a time, so `…__10__…` must follow `…__9__…`; a whole table precedes its keys.
    ours.sort();
    for (index, (steps, name, text)) in ours.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| ours.get(before)).filter(|before| before.0 == *steps);
        let put = match before {
            Some((_, other, _)) => Err(VariableError::Doubled((*other).to_owned())),
            None => put(root, steps, "", &|key| read_variable(text, &variable(name, key)), name),
        };
        if let Err(error) = put {
            errors.push(config_error(name, &error));
        }
    }
    errors
}

fn variable(name: &str, key: &str) -> Location {
    Location::Variable { name: name.into(), key: key.into() }
}

fn config_error(name: &str, error: &VariableError) -> ConfigError {
    ConfigError { location: variable(name, ""), key: String::new(), text: error.to_string() }
}

fn steps(name: &str) -> Result<Vec<Step>, VariableError> {
    let parts: Vec<String> = name[PREFIX.len()..].split("__").map(str::to_ascii_lowercase).collect();
    if parts.iter().any(String::is_empty) {
        return Err(VariableError::EmptyPart);
    }
    // A tenant's id may be a number; elsewhere a number is the index of an item.
    let tenants = parts[0] == "tenants";
    let step = |(level, part): (usize, String)| match part.parse() {
        Ok(number) if !(tenants && level == 1) => Step::Index(number),
        _ => Step::Key(part),
    };
    Ok(parts.into_iter().enumerate().map(step).collect())
}

/// Follows the steps and replaces the node at the end.
fn put(node: &mut Node, steps: &[Step], path: &str, leaf: &dyn Fn(&str) -> Node, name: &str) -> Result<(), VariableError> {
    let Some((first, rest)) = steps.split_first() else {
        *node = leaf(path);
        return Ok(());
    };
    open(node, first);
    let kind = node.value.kind();
    // A level that exists only through variables has no key, so messages print its path.
    let location = || variable(name, "");
    match (&mut node.value, first) {
        (Value::Array(items), Step::Index(number)) => {
            let (path, length) = (format!("{path}[{number}]"), items.len());
            if *number == length {
                items.push(Node::new(Value::Unset, location()));
            }
            let item = items.get_mut(*number).ok_or(VariableError::Gap { wanted: *number, length })?;
            put(item, rest, &path, leaf, name)
        }
        (Value::Table(entries), _) => {
            let key = spelling(entries.keys(), &first.to_string())?;
            let path = join(path, &key);
            let fresh = || Entry { location: location(), node: Node::new(Value::Unset, location()) };
            put(&mut entries.entry(key).or_insert_with(fresh).node, rest, &path, leaf, name)
        }
        _ => Err(VariableError::NoLevel { key: path.to_owned(), kind }),
    }
}

/// Turns an unset node into a table or an array, and a parsed variable into its value.
fn open(node: &mut Node, step: &Step) {
    if let Value::Variable { parsed, .. } = &mut node.value
        && let Some(parsed) = parsed.take()
    {
        node.value = *parsed;
    }
    if matches!(node.value, Value::Unset) {
        node.value = match step {
            Step::Index(_) => Value::Array(Vec::new()),
            Step::Key(_) => Value::Table(BTreeMap::new()),
        };
    }
}

/// The key as the file spells it, or unchanged.
fn spelling<'a>(keys: impl Iterator<Item = &'a String>, key: &str) -> Result<String, VariableError> {
    let alike: Vec<&String> = keys.filter(|other| other.eq_ignore_ascii_case(key)).collect();
    match alike.as_slice() {
        [] => Ok(key.to_owned()),
        [one] => Ok((*one).clone()),
        several => Err(VariableError::Ambiguous(super::spelling::listed(several))),
    }
}
