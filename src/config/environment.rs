//! `LOGMARK__SECTION__KEY` variables, laid over the tree of the file.
//!
//! Owns the way from a variable's name to a key: two underscores between levels, letters of either case, entries of a list
//! by their number from 0 (`LOGMARK__SOURCES__0__REGION`). A name that the file spells with capitals is found whatever the
//! variable's case; else the key is in lower case. A tenant whose id holds `.`, `-` or `__` cannot be named by a variable.
//!
//! Never takes names with one underscore (`LOGMARK_CURSOR_KEY`): those are the secrets that `env:` names. Never says
//! whether a key exists: [`super::reader`] finds keys that nobody asked for, wherever they came from.

use std::collections::BTreeMap;
use std::fmt;

use super::error::{ConfigError, Location};
use super::reader::step;
use super::tree::{Entry, Node, Value, read_variable};

const PREFIX: &str = "LOGMARK__";

/// Is it a name that is ours to understand?
pub(super) fn is_ours(name: &str) -> bool {
    name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Entry(usize),
    Key(String),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(number) => write!(f, "{number}"),
            Self::Key(key) => f.write_str(key),
        }
    }
}

/// Why a variable can't be put into the tree.
#[derive(thiserror::Error, Debug)]
enum VariableError {
    #[error("has an empty part: write `LOGMARK__SECTION__KEY`, with two underscores between levels")]
    EmptyPart,
    #[error("stands for the same key as `{0}`: keep one of them")]
    Doubled(String),
    #[error("is entry {wanted} of a list of {length}: entries are counted from 0, and none may be left out")]
    Gap { wanted: usize, length: usize },
    #[error("goes on below `{key}`, which is {kind}")]
    NoLevel { key: String, kind: &'static str },
    #[error("may stand for {0}: give the key in the file")]
    Ambiguous(String),
}

/// Lays the variables over the tree: each is stronger than the file.
pub(super) fn overlay(root: &mut Node, variables: &BTreeMap<String, String>) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    let mut ours = Vec::new();
    for (name, text) in variables.iter().filter(|(name, _)| is_ours(name)) {
        match steps(name) {
            Ok(steps) => ours.push((steps, name.as_str(), text.as_str())),
            Err(error) => errors.push(config_error(name, &error)),
        }
    }
    // Lists grow one entry at a time, so `…__10__…` must come after `…__9__…`; a whole table comes before its keys.
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
    // A tenant's id may be a number; everywhere else a number is an entry of a list.
    let tenants = parts[0] == "tenants";
    let step = |(level, part): (usize, String)| match part.parse() {
        Ok(number) if !(tenants && level == 1) => Step::Entry(number),
        _ => Step::Key(part),
    };
    Ok(parts.into_iter().enumerate().map(step).collect())
}

/// Goes down the steps and puts the leaf there.
fn put(node: &mut Node, steps: &[Step], path: &str, leaf: &dyn Fn(&str) -> Node, name: &str) -> Result<(), VariableError> {
    let Some((first, rest)) = steps.split_first() else {
        *node = leaf(path);
        return Ok(());
    };
    open(node, first);
    let kind = node.value.kind();
    // A level that only variables make has no key of its own to leave out in print.
    let location = || variable(name, "");
    match (&mut node.value, first) {
        (Value::List(items), Step::Entry(number)) => {
            let (path, length) = (format!("{path}[{number}]"), items.len());
            if *number == length {
                items.push(Node { value: Value::Unset, location: location() });
            }
            let item = items.get_mut(*number).ok_or(VariableError::Gap { wanted: *number, length })?;
            put(item, rest, &path, leaf, name)
        }
        (Value::Table(entries), _) => {
            let key = spelling(entries.keys(), &first.to_string())?;
            let path = step(path, &key);
            let fresh = || Entry { location: location(), node: Node { value: Value::Unset, location: location() } };
            put(&mut entries.entry(key).or_insert_with(fresh).node, rest, &path, leaf, name)
        }
        _ => Err(VariableError::NoLevel { key: path.to_owned(), kind }),
    }
}

/// Makes a level out of what can be one.
fn open(node: &mut Node, step: &Step) {
    if let Value::Variable { parsed, .. } = &mut node.value
        && let Some(parsed) = parsed.take()
    {
        node.value = *parsed;
    }
    if matches!(node.value, Value::Unset) {
        node.value = match step {
            Step::Entry(_) => Value::List(Vec::new()),
            Step::Key(_) => Value::Table(BTreeMap::new()),
        };
    }
}

/// The key as the file spells it, else as it is.
fn spelling<'a>(keys: impl Iterator<Item = &'a String>, key: &str) -> Result<String, VariableError> {
    let alike: Vec<&String> = keys.filter(|other| other.eq_ignore_ascii_case(key)).collect();
    match alike.as_slice() {
        [] => Ok(key.to_owned()),
        [one] => Ok((*one).clone()),
        several => Err(VariableError::Ambiguous(super::spelling::listed(several))),
    }
}
