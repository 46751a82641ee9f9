//! Reading the tree key by key: each wrong value is noted and the reading goes on, so that one run finds every error.
//!
//! Owns the collected errors and warnings ([`Reader`]), a table that knows which of its keys were asked for ([`Table`]), and
//! a key with its value ([`Field`]). INVARIANT: a `None` from a field that is there has left an error behind, so a section
//! may put a default in its place: the whole is thrown away. Never knows a key by name: those are in the sections
//! ([`super::server`], [`super::issuer`], …). Look next at [`super::values`] for the kinds of values.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Location};
use super::spelling::instead;
use super::tree::{Entries, Node, Value};

/// What all reading shares.
pub(super) struct Reader<'a> {
    /// The environment, for `env:` secrets.
    pub(super) variables: &'a BTreeMap<String, String>,
    /// Where relative paths begin.
    folder: &'a Path,
    errors: RefCell<Vec<ConfigError>>,
    warnings: RefCell<Vec<ConfigError>>,
}

impl<'a> Reader<'a> {
    /// A reader that begins with the errors found on the way to it.
    pub(super) fn new(variables: &'a BTreeMap<String, String>, folder: &'a Path, errors: Vec<ConfigError>) -> Self {
        Self { variables, folder, errors: RefCell::new(errors), warnings: RefCell::default() }
    }

    /// Ends the reading: all errors and all warnings.
    pub(super) fn finish(self) -> (Vec<ConfigError>, Vec<ConfigError>) {
        (self.errors.into_inner(), self.warnings.into_inner())
    }

    /// A path of the configuration, seen from here.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    fn error(&self, location: &Location, key: &str, text: impl Display) {
        let error = ConfigError { location: location.clone(), key: key.to_owned(), text: text.to_string() };
        self.errors.borrow_mut().push(error);
    }

    fn warning(&self, location: &Location, key: &str, text: impl Display) {
        let warning = ConfigError { location: location.clone(), key: key.to_owned(), text: text.to_string() };
        self.warnings.borrow_mut().push(warning);
    }
}

/// A key's path below another's, quoted where TOML wants quotes.
pub(super) fn step(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// A key that is there, and its value.
pub(super) struct Field<'a> {
    /// What all reading shares.
    pub(super) reader: &'a Reader<'a>,
    /// The value.
    pub(super) node: &'a Node,
    /// The dotted path.
    pub(super) path: String,
}

impl<'a> Field<'a> {
    /// Notes an error in the value.
    pub(super) fn wrong(&self, text: impl Display) {
        self.reader.error(&self.node.location, &self.path, text);
    }

    /// Notes something about the value that is allowed, but that an operator should know.
    pub(super) fn warn(&self, text: impl Display) {
        self.reader.warning(&self.node.location, &self.path, text);
    }

    /// Notes that it should be something else.
    pub(super) fn expected(&self, what: &str) {
        self.wrong(format_args!("must be {what}, not {}", self.node.value.kind()));
    }

    /// The value where no text is wanted.
    pub(super) fn value(&self) -> &'a Value {
        match &self.node.value {
            Value::Variable { parsed: Some(parsed), .. } => parsed,
            other => other,
        }
    }

    /// Reads a table: what `section` does not ask for is an error.
    pub(super) fn table<T>(&self, section: impl FnOnce(&Table<'a>) -> Option<T>) -> Option<T> {
        let Value::Table(entries) = self.value() else {
            self.expected("a table");
            return None;
        };
        let table = Table::new(self.reader, entries, &self.node.location, self.path.clone());
        let read = section(&table);
        table.finish();
        read
    }

    /// The entries of a list of tables that is not empty, each read by `section`; those with errors are left out.
    pub(super) fn tables<T>(&self, empty: &str, mut section: impl FnMut(&Table<'a>) -> Option<T>) -> Vec<T> {
        if matches!(self.value(), Value::Table(_)) {
            self.wrong(format_args!("is a single table: write `[[{}]]`, in double brackets", self.path));
            return Vec::new();
        }
        let items = self.list();
        if items.as_ref().is_some_and(Vec::is_empty) {
            self.wrong(format_args!("is empty: {empty}"));
        }
        items.unwrap_or_default().iter().filter_map(|item| item.table(&mut section)).collect()
    }

    /// The entries of a list.
    pub(super) fn list(&self) -> Option<Vec<Self>> {
        let Value::List(items) = self.value() else {
            self.expected("a list");
            return None;
        };
        let item = |(index, node)| Self { reader: self.reader, node, path: format!("{}[{index}]", self.path) };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// The entries of a list that is not empty and holds nothing twice; `empty` says why it may not be.
    pub(super) fn distinct<T: PartialEq>(&self, empty: &str, read: impl Fn(&Self) -> Option<T>) -> Option<Vec<T>> {
        let items = self.list()?;
        if items.is_empty() {
            self.wrong(format_args!("is empty: {empty}"));
            return None;
        }
        let mut values: Vec<T> = Vec::with_capacity(items.len());
        for item in items {
            match read(&item) {
                Some(value) if values.contains(&value) => item.wrong("is there twice"),
                Some(value) => values.push(value),
                None => {}
            }
        }
        Some(values)
    }
}

/// A table in reading.
pub(super) struct Table<'a> {
    /// What all reading shares.
    pub(super) reader: &'a Reader<'a>,
    /// The dotted path; empty for the file as a whole.
    pub(super) path: String,
    entries: &'a Entries,
    location: &'a Location,
    asked: RefCell<Vec<String>>,
    all_known: Cell<bool>,
}

impl<'a> Table<'a> {
    /// Begins to read; [`Table::finish`] must follow.
    pub(super) fn new(reader: &'a Reader<'a>, entries: &'a Entries, location: &'a Location, path: String) -> Self {
        Self { reader, path, entries, location, asked: RefCell::default(), all_known: Cell::new(false) }
    }

    /// The key, if it is there.
    pub(super) fn get(&self, key: &str) -> Option<Field<'a>> {
        self.asked.borrow_mut().push(key.to_owned());
        let entry = self.entries.get(key)?;
        Some(Field { reader: self.reader, node: &entry.node, path: step(&self.path, key) })
    }

    /// Reads a table below this one, or what is there without it: its defaults have their warnings too.
    pub(super) fn section<T>(&self, key: &str, section: impl FnOnce(&Table<'a>) -> T) -> Option<T> {
        static NONE: Entries = Entries::new();
        match self.get(key) {
            Some(field) => field.table(|table| Some(section(table))),
            None => Some(section(&Table::new(self.reader, &NONE, self.location, step(&self.path, key)))),
        }
    }

    /// The key; its absence is an error, and `instead` says what to write.
    pub(super) fn required(&self, key: &str, instead: &str) -> Option<Field<'a>> {
        let field = self.get(key);
        if field.is_none() {
            self.missing(key, instead);
        }
        field
    }

    /// Notes that a key is not there.
    pub(super) fn missing(&self, key: &str, instead: &str) {
        self.reader.error(self.location, &step(&self.path, key), format_args!("is missing: {instead}"));
    }

    /// Notes something about a key that is not there.
    pub(super) fn warn_absent(&self, key: &str, text: impl Display) {
        self.reader.warning(self.location, &step(&self.path, key), text);
    }

    /// Keys that do not belong here, and why.
    pub(super) fn refuse(&self, keys: &[&str], why: impl Display) {
        for key in keys {
            if self.entries.contains_key(*key) {
                self.asked.borrow_mut().push((*key).to_owned());
                self.at_key(key, &why);
            }
        }
    }

    /// Notes an error in a key itself.
    pub(super) fn at_key(&self, key: &str, text: impl Display) {
        let location = self.entries.get(key).map_or(self.location, |entry| &entry.location);
        self.reader.error(location, &step(&self.path, key), text);
    }

    /// Every key, where the keys are names.
    pub(super) fn each(&self) -> impl Iterator<Item = (&'a str, Field<'a>)> {
        self.leave();
        self.entries.iter().map(|(key, entry)| {
            let path = step(&self.path, key);
            (key.as_str(), Field { reader: self.reader, node: &entry.node, path })
        })
    }

    /// Nothing is to be said of keys that were not asked for: an error elsewhere leaves open which are right.
    pub(super) fn leave(&self) {
        self.all_known.set(true);
    }

    /// Ends the reading: every key that was not asked for is an error.
    pub(super) fn finish(self) {
        if self.all_known.get() {
            return;
        }
        let asked = self.asked.borrow();
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        for (key, entry) in self.entries.iter().filter(|(key, _)| !asked.contains(&key.as_str())) {
            let text = format!("is no key here: {}", instead(key, &asked));
            let path = step(&self.path, key);
            match variables(&entry.node) {
                places if places.is_empty() => self.reader.error(&entry.location, &path, text),
                places => places.into_iter().for_each(|location| self.reader.error(location, &path, &text)),
            }
        }
    }
}

/// The variables in a part of the tree, each once.
fn variables(node: &Node) -> Vec<&Location> {
    let below: Vec<&Node> = match &node.value {
        Value::List(items) => items.iter().collect(),
        Value::Table(entries) => entries.values().map(|entry| &entry.node).collect(),
        _ => Vec::new(),
    };
    let mut places: Vec<&Location> = below.into_iter().flat_map(variables).collect();
    if places.is_empty() && matches!(node.location, Location::Variable { .. }) {
        places.push(&node.location);
    }
    places.dedup();
    places
}
