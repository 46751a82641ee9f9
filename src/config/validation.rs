//! Collects the errors and warnings of the configuration, and locates the key that each is about.
//!
//! Owns [`Validator`], which collects, and [`Key`], a path in the tree that may or may not be set. Never knows a key by name:
//! the sections do ([`super::server`], [`super::issuer`], …).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Location};
use super::tree::{Entry, Node, Value};

/// Errors and warnings found so far, and what validation needs besides the tree.
pub(super) struct Validator<'a> {
    /// The environment, for `env:` secrets.
    pub(super) variables: &'a BTreeMap<String, String>,
    /// Relative paths start here.
    folder: &'a Path,
    errors: RefCell<Vec<ConfigError>>,
    warnings: RefCell<Vec<ConfigError>>,
    /// The files that the configuration names.
    files: RefCell<Vec<PathBuf>>,
}

impl<'a> Validator<'a> {
    /// Starts with the errors found before the tree was complete.
    pub(super) fn new(variables: &'a BTreeMap<String, String>, folder: &'a Path, errors: Vec<ConfigError>) -> Self {
        Self { variables, folder, errors: RefCell::new(errors), warnings: RefCell::default(), files: RefCell::default() }
    }

    /// Notes a file that the configuration names: a change of the file is a change of the configuration.
    pub(super) fn note_file(&self, path: &Path) {
        self.files.borrow_mut().push(path.to_owned());
    }

    /// The files that were noted.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.files.borrow().clone()
    }

    /// Adds what was found in another document.
    pub(super) fn extend(&self, errors: Vec<ConfigError>, warnings: Vec<ConfigError>) {
        self.errors.borrow_mut().extend(errors);
        self.warnings.borrow_mut().extend(warnings);
    }

    /// All errors and all warnings.
    pub(super) fn finish(self) -> (Vec<ConfigError>, Vec<ConfigError>) {
        (self.errors.into_inner(), self.warnings.into_inner())
    }

    /// A path of the configuration, relative to the folder of its file.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// Reports an error.
    pub(super) fn error(&self, location: &Location, key: &str, text: impl Display) {
        self.errors.borrow_mut().push(ConfigError { location: location.clone(), key: key.to_owned(), text: text.to_string() });
    }

    /// Whether an error was reported for the key at this location.
    pub(super) fn has(&self, location: &Location, key: &str) -> bool {
        self.errors.borrow().iter().any(|error| error.location == *location && error.key == key)
    }

    fn warning(&self, location: &Location, key: &str, text: impl Display) {
        self.warnings.borrow_mut().push(ConfigError { location: location.clone(), key: key.to_owned(), text: text.to_string() });
    }
}

/// The dotted path of a key below another, quoted where TOML requires quotes.
pub(super) fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// A key by its path. Errors about a key that is not set are located at the table that it belongs to.
pub(super) struct Key<'a> {
    pub(super) validator: &'a Validator<'a>,
    /// Dotted; empty for the root.
    pub(super) path: String,
    node: Option<&'a Node>,
    /// An error was reported for a table above: nothing is known about this key.
    is_muted: bool,
    /// Of the key itself.
    location: &'a Location,
    value_location: &'a Location,
}

impl<'a> Key<'a> {
    /// The root table.
    pub(super) fn root(validator: &'a Validator<'a>, root: &'a Node) -> Self {
        let location = &root.location;
        Self { validator, path: String::new(), node: Some(root), is_muted: false, location, value_location: location }
    }

    /// The key at `path` that is the root of a separate document.
    pub(super) fn of_document(validator: &'a Validator<'a>, root: &'a Node, path: String) -> Self {
        Self { path, ..Self::root(validator, root) }
    }

    /// The key at `path` whose entry was taken out of the tree.
    pub(super) fn of_entry(validator: &'a Validator<'a>, entry: &'a Entry, path: String) -> Self {
        let (location, value_location) = (&entry.location, &entry.node.location);
        Self { validator, path, node: Some(&entry.node), is_muted: false, location, value_location }
    }

    /// A key below this one.
    pub(super) fn key(&self, key: &str) -> Self {
        let path = join(&self.path, key);
        let is_muted = self.is_muted || self.node.is_some_and(|node| node.skipped.get());
        let entry = match self.node.map(|node| node.value.resolved()) {
            Some(Value::Table(entries)) => entries.get(key),
            _ => None,
        };
        match entry {
            Some(entry) => Self {
                validator: self.validator,
                path,
                node: Some(&entry.node),
                is_muted,
                location: &entry.location,
                value_location: &entry.node.location,
            },
            None => {
                let location = self.value_location;
                Self { validator: self.validator, path, node: None, is_muted, location, value_location: location }
            }
        }
    }

    fn array(&self) -> Option<&'a [Node]> {
        match self.node?.value.resolved() {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The items of an array that deserialization has not skipped, in order: one for each item of the deserialized `Vec`.
    pub(super) fn items(&self) -> impl Iterator<Item = Key<'a>> + use<'a> {
        let (validator, path) = (self.validator, self.path.clone());
        let items = self.array().unwrap_or_default().iter().enumerate().filter(|(_, node)| !node.skipped.get());
        items.map(move |(index, node)| Key {
            validator,
            path: format!("{path}[{index}]"),
            node: Some(node),
            is_muted: false,
            location: &node.location,
            value_location: &node.location,
        })
    }

    /// Whether deserialization has skipped an item of the array.
    pub(super) fn items_with_errors(&self) -> bool {
        self.array().unwrap_or_default().iter().any(|node| node.skipped.get())
    }

    /// Where the key is.
    pub(super) fn location(&self) -> &'a Location {
        self.location
    }

    /// Whether the key is in the file or the environment, with any value.
    pub(super) fn is_set(&self) -> bool {
        self.node.is_some()
    }

    /// Whether an error was reported for the value, or for a value in it.
    pub(super) fn has_errors(&self) -> bool {
        self.node.is_some_and(Node::has_errors)
    }

    /// Reports an error in the value.
    pub(super) fn error(&self, text: impl Display) {
        if !self.is_muted {
            self.validator.error(self.value_location, &self.path, text);
        }
    }

    /// Reports an error in the key itself.
    pub(super) fn key_error(&self, text: impl Display) {
        if !self.is_muted {
            self.validator.error(self.location, &self.path, text);
        }
    }

    /// Warns about the value: it is valid, but the operator should know its effect.
    pub(super) fn warn(&self, text: impl Display) {
        self.validator.warning(self.value_location, &self.path, text);
    }

    /// Reports a required key that is not set; `hint` says what to write.
    pub(super) fn require(&self, hint: impl Display) {
        if !self.is_set() {
            self.error(format_args!("is missing: {hint}"));
        }
    }

    /// Reports an array without items; `hint` says what to write.
    pub(super) fn require_items(&self, hint: &str) {
        if self.array().is_some_and(<[Node]>::is_empty) {
            self.error(format_args!("is empty: {hint}"));
        }
    }

    /// Reports a failed check of the value.
    pub(super) fn check<T, E: Display>(&self, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.error(error)).ok()
    }

    /// Reports the keys below this one that are set and do not apply here.
    pub(super) fn refuse(&self, keys: &[&str], reason: &str) {
        keys.iter().map(|key| self.key(key)).filter(Key::is_set).for_each(|key| key.key_error(reason));
    }
}
