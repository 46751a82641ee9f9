//! The configuration: `logmark.toml`, and each key also as `LOGMARK__SECTION__KEY`, which wins over the file.
//!
//! Owns the keys, their defaults, and that a wrong configuration is refused as a whole, with every error at once and its
//! place. Unknown keys and unknown variables are errors. Never starts, binds or fetches anything; of the files it names it
//! reads the secrets, and looks whether the others can be read.
//!
//! Reading order: [`server`], [`telemetry`], [`lambda`], [`demo`], [`issuer`], [`source`], [`cloudwatch`], [`endpoint`], `tenant`
//! (the sections); [`secret`]; then the way there: `tree` (TOML with places), `environment` (variables over it), `reader`,
//! `values` and `forms` (key by key); [`error`]; [`effective`] (what holds in the end).

pub mod server;
pub mod telemetry;
pub mod lambda;
pub mod demo;
pub mod issuer;
mod providers;
pub mod source;
pub mod cloudwatch;
pub mod endpoint;
mod tenant;
mod pattern;
pub mod secret;
mod tree;
mod environment;
mod reader;
mod values;
mod forms;
mod spelling;
pub mod error;
pub mod effective;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::Path;

use crate::auth::tenant::Tenants;
use crate::auth::token::IssuerRules;
use crate::files;
use demo::Demo;
use effective::Effective;
use error::{ConfigError, ConfigErrors, Location};
use lambda::Lambda;
use reader::{Reader, Table};
use server::Server;
use source::Source;
use telemetry::Telemetry;
use tree::{Node, Value};
use values::FileProblem;

/// The file that is read when none is named and it is there.
pub const DEFAULT_FILE: &str = "logmark.toml";

/// The whole configuration, checked. Its Debug shows no secret.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[server]`.
    pub server: Server,
    /// `[telemetry]`.
    pub telemetry: Telemetry,
    /// `[lambda]`.
    pub lambda: Lambda,
    /// `[demo]`.
    pub demo: Demo,
    /// `[[auth.issuers]]`, at least one.
    pub issuers: Vec<IssuerRules>,
    /// `[[sources]]`, at least one.
    pub sources: Vec<Source>,
    /// `[tenants.<id>]` and `[tenant_template]`.
    pub tenants: Tenants,
    /// What is allowed, but what an operator should know: each with its place, to be logged at start.
    pub warnings: Vec<String>,
}

impl Config {
    /// What holds, defaults and all, in a form for people.
    #[must_use]
    pub fn effective(&self) -> Effective<'_> {
        Effective(self)
    }
}

/// Reads the configuration of a process: the file at `path` (absent: [`DEFAULT_FILE`] if it is there), and the environment,
/// which is [`std::env::vars_os`] but for tests.
///
/// # Errors
/// Every error found; a file that cannot be read, or is no TOML, is one.
pub fn load(path: Option<&Path>, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Config, ConfigErrors> {
    let (variables, mut errors) = unicode(environment);
    let file = path.unwrap_or(Path::new(DEFAULT_FILE));
    let name = file.display().to_string();
    match read_file(file, &name, &mut errors) {
        Ok(bytes) => document(&name, file.parent(), bytes, &variables, errors),
        Err(error) if path.is_none() && error.kind() == std::io::ErrorKind::NotFound => read(None, &variables, errors),
        Err(error) => {
            errors.push(ConfigError::about(&name, FileProblem::of(file, &error).to_string()));
            Err(ConfigErrors::new(errors))
        }
    }
}

/// Reads the file's bytes. That others can change it is an error: they could name themselves an issuer.
fn read_file(path: &Path, name: &str, errors: &mut Vec<ConfigError>) -> std::io::Result<Vec<u8>> {
    let mut file = std::fs::File::open(path)?;
    if let Err(exposed) = files::check_unchangeable(&file.metadata()?, path) {
        errors.push(ConfigError::about(name, exposed.to_string()));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a configuration that lies elsewhere than in a file: `name` is for errors; relative paths begin in the working directory.
///
/// # Errors
/// Every error found; a text that is no TOML is one.
pub fn load_text(
    name: &str,
    text: Vec<u8>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Config, ConfigErrors> {
    let (variables, errors) = unicode(environment);
    document(name, None, text, &variables, errors)
}

/// Reads a configuration from a file's text, if there is one, and the environment. The file's path is for errors, and its
/// folder for relative paths; nothing but the secrets and files that the configuration names is read.
///
/// # Errors
/// Every error found.
pub fn parse(file: Option<(&Path, &str)>, variables: &BTreeMap<String, String>) -> Result<Config, ConfigErrors> {
    let name = file.map(|(path, _)| path.display().to_string()).unwrap_or_default();
    let document = file.map(|(path, text)| Document { name: &name, folder: path.parent(), text });
    read(document, variables, Vec::new())
}

/// A text with its name in errors, and where its relative paths begin.
struct Document<'a> {
    name: &'a str,
    folder: Option<&'a Path>,
    text: &'a str,
}

fn document(
    name: &str,
    folder: Option<&Path>,
    bytes: Vec<u8>,
    variables: &BTreeMap<String, String>,
    mut errors: Vec<ConfigError>,
) -> Result<Config, ConfigErrors> {
    match String::from_utf8(bytes) {
        Ok(text) => read(Some(Document { name, folder, text: &text }), variables, errors),
        Err(error) => {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
            errors.push(ConfigError::about(name, format!("is no UTF-8 text: line {line}")));
            Err(ConfigErrors::new(errors))
        }
    }
}

fn read(
    document: Option<Document<'_>>,
    variables: &BTreeMap<String, String>,
    mut errors: Vec<ConfigError>,
) -> Result<Config, ConfigErrors> {
    let mut root = match &document {
        None => Node { value: Value::Table(BTreeMap::new()), location: Location::Nowhere },
        Some(Document { name, text, .. }) => match tree::read(name, text) {
            Ok(root) => root,
            Err(error) => {
                errors.push(error);
                return Err(ConfigErrors::new(errors));
            }
        },
    };
    errors.extend(environment::overlay(&mut root, variables));
    let folder = document.and_then(|document| document.folder).unwrap_or(Path::new(""));
    let reader = Reader::new(variables, folder, errors);
    let Value::Table(entries) = &root.value else {
        return Err(ConfigErrors::new(reader.finish().0));
    };
    let mut config = sections(Table::new(&reader, entries, &root.location, String::new()));
    let (errors, warnings) = reader.finish();
    if errors.is_empty() {
        config.warnings = ConfigErrors::new(warnings).iter().map(ToString::to_string).collect();
        Ok(config)
    } else {
        Err(ConfigErrors::new(errors))
    }
}

fn sections(root: Table<'_>) -> Config {
    let server = root.section("server", server::read).unwrap_or_default();
    let telemetry = root.section("telemetry", telemetry::read).unwrap_or_default();
    let lambda = root.section("lambda", lambda::read).unwrap_or_default();
    let demo = root.section("demo", demo::read).unwrap_or_default();
    let issuers = issuer::read(&root);
    let (sources, declared) = source::read(&root);
    let tenants = tenant::read(&root, &declared);
    root.finish();
    Config { server, telemetry, lambda, demo, issuers, sources, tenants, warnings: Vec::new() }
}

/// Leaves out what is no Unicode: in a variable of ours that is an error, and the others are not for us, or not set for `env:`.
fn unicode(environment: impl IntoIterator<Item = (OsString, OsString)>) -> (BTreeMap<String, String>, Vec<ConfigError>) {
    let (mut variables, mut errors) = (BTreeMap::new(), Vec::new());
    for (name, value) in environment {
        let shown = name.to_string_lossy().into_owned();
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => {
                variables.insert(name, value);
            }
            _ if environment::is_ours(&shown) => {
                let location = Location::Variable { name: shown.into(), key: "".into() };
                errors.push(ConfigError { location, key: String::new(), text: "is no Unicode text".to_owned() });
            }
            _ => {}
        }
    }
    (variables, errors)
}
