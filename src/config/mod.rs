//! The configuration: `logmark.toml`, and each key also as `LOGMARK__SECTION__KEY`, which overrides the file.
//!
//! Owns the keys and their defaults. A configuration with errors is refused as a whole; all errors are reported at once, with
//! their locations. Unknown keys and unknown variables are errors. Never binds an address or sends a request; of the files that
//! the configuration names, it reads the secrets and the tables of [`reports`], and checks that the others are readable.
//!
//! Steps: `tree` parses TOML into a tree with locations, `environment` overlays the variables, `deserializer` reads the raw
//! structs of the sections from the tree, and `validate` of each section checks them and makes the types of [`Config`].
//!
//! A new key is a field of its section's struct, with its check in `deserialize_with` and its default in `Default`. A key whose
//! check needs other keys, files or variables also has a line in `validate`.
//!
//! Reading order: [`server`], [`limits`], [`telemetry`], [`audit`], [`lambda`], [`demo`], [`issuer`], [`source`], [`cloudwatch`], [`endpoint`], [`reports`],
//! [`log_formats`], `tenant`
//! and `tenant_files` (the sections); [`secret`]; `tree`, `environment`, `deserializer`, `values`, `forms`, `validation`, `paths` (the steps);
//! [`error`]; [`effective`] (the text of `logmark check`); [`loader`] and [`stamp`] (reading it again when its files change);
//! [`changes`] (what can change without a restart).

pub mod server;
pub mod limits;
pub mod telemetry;
pub mod audit;
pub mod lambda;
pub mod demo;
pub mod issuer;
mod claims;
mod providers;
pub mod source;
pub mod cloudwatch;
pub mod endpoint;
pub mod reports;
pub mod log_formats;
mod tenant;
mod tenant_files;
mod pattern;
mod rules;
pub mod secret;
pub mod policy_test;
mod tree;
mod environment;
mod deserializer;
mod unsupported;
mod values;
mod folder_watch;
mod forms;
mod validation;
mod paths;
mod spelling;
pub mod error;
pub mod effective;
pub mod stamp;
pub mod loader;
pub mod changes;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use crate::auth::tenant::Tenants;
use crate::auth::token::IssuerRules;
use crate::reports::configured::ConfiguredFormats;
use audit::{Audit, RawAudit};
use demo::Demo;
use effective::Effective;
use error::{ConfigError, ConfigErrors, Location};
use issuer::RawAuth;
use lambda::Lambda;
use limits::{Limiting, RawLimits};
use loader::ReadFiles;
use log_formats::RawLogFormat;
use reports::{RawReports, Reports};
use server::{RawServer, Server};
use source::{RawSource, Source};
use telemetry::Telemetry;
use tenant::{RawTemplate, RawTenant};
use tree::{Entry, Node, Value};
use validation::{Key, Validator};

/// The file that is read by default, if it exists.
pub const DEFAULT_FILE: &str = "logmark.toml";

/// The whole configuration, checked. Its Debug shows no secret.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[server]`.
    pub server: Server,
    /// `[limits]`.
    pub limits: Limiting,
    /// `[telemetry]`.
    pub telemetry: Telemetry,
    /// `[audit]`.
    pub audit: Audit,
    /// `[lambda]`.
    pub lambda: Lambda,
    /// `[demo]`.
    pub demo: Demo,
    /// `[[auth.issuers]]`, at least one.
    pub issuers: Vec<IssuerRules>,
    /// `[[sources]]`, at least one.
    pub sources: Vec<Source>,
    /// `[reports]`.
    pub reports: Reports,
    /// `[[log_formats]]`.
    pub log_formats: ConfiguredFormats,
    /// `[tenants.<id>]`, the files of `[tenants] directory`, and `[tenant_template]`.
    pub tenants: Arc<Tenants>,
    /// Valid settings whose effect the operator should know, with their locations. Logged at start.
    pub warnings: Vec<String>,
}

impl Config {
    /// The configuration with its defaults, as text for operators.
    #[must_use]
    pub fn effective(&self) -> Effective<'_> {
        Effective(self)
    }
}

/// Reads the configuration of a process once: the file at `path` (absent: [`DEFAULT_FILE`], if it exists) and the environment.
///
/// # Errors
/// All errors found. A file that cannot be read, or is not TOML, is one error.
pub fn load(path: Option<&Path>, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Config, ConfigErrors> {
    loader::Loader::new(loader::ConfigPlace::file(path), environment).load()
}

/// Reads a configuration that is not in a file. Error messages use `name`; relative paths start in the working directory.
///
/// # Errors
/// All errors found. A text that is not TOML is one error.
pub fn load_text(
    name: &str,
    text: Vec<u8>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Config, ConfigErrors> {
    loader::Loader::new(loader::ConfigPlace::text(name, text), environment).load()
}

/// Reads a configuration from the text of a file, if there is one, and the environment. Error messages use the path of the file,
/// and relative paths start in its folder. Only the secrets and files that the configuration names are read.
///
/// # Errors
/// All errors found.
pub fn parse(file: Option<(&Path, &str)>, variables: &BTreeMap<String, String>) -> Result<Config, ConfigErrors> {
    let name = file.map(|(path, _)| path.display().to_string()).unwrap_or_default();
    let document = file.map(|(path, text)| Document { name: &name, folder: path.parent(), text });
    read(document, variables, Vec::new(), &mut ReadFiles::default())
}

/// A text, its name in error messages, and the folder where its relative paths start.
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
    files: &mut ReadFiles,
) -> Result<Config, ConfigErrors> {
    match String::from_utf8(bytes) {
        Ok(text) => read(Some(Document { name, folder, text: &text }), variables, errors, files),
        Err(error) => {
            errors.push(not_utf8(name, &error));
            Err(ConfigErrors::new(errors))
        }
    }
}

fn not_utf8(name: &str, error: &std::string::FromUtf8Error) -> ConfigError {
    let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
    ConfigError::about(name, format!("is not UTF-8 text: line {line}"))
}

/// Reads a document. `files` keeps which files it names, and the tenants' files that need not be parsed again.
fn read(
    document: Option<Document<'_>>,
    variables: &BTreeMap<String, String>,
    mut errors: Vec<ConfigError>,
    files: &mut ReadFiles,
) -> Result<Config, ConfigErrors> {
    let mut root = match &document {
        None => Node::new(Value::Table(BTreeMap::new()), Location::Nowhere),
        Some(Document { name, text, .. }) => match tree::read(name, text) {
            Ok(root) => root,
            Err(error) => {
                errors.push(error);
                return Err(ConfigErrors::new(errors));
            }
        },
    };
    errors.extend(environment::overlay(&mut root, variables));
    let directory = tenant_files::take_directory(&mut root);
    let folder = document.and_then(|document| document.folder).unwrap_or(Path::new(""));
    let validator = Validator::new(variables, folder, errors);
    let config =
        deserializer::read(&root, &validator).map(|raw| validate(raw, &Key::root(&validator, &root), directory.as_ref(), files));
    files.named = validator.files();
    let (errors, warnings) = validator.finish();
    match config {
        Some(mut config) if errors.is_empty() => {
            config.warnings = ConfigErrors::new(warnings).iter().map(ToString::to_string).collect();
            Ok(config)
        }
        _ => Err(ConfigErrors::new(errors)),
    }
}

/// The configuration as written. A section that is absent has its defaults.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawConfig {
    server: RawServer,
    limits: RawLimits,
    telemetry: Telemetry,
    audit: RawAudit,
    lambda: Lambda,
    demo: Demo,
    auth: RawAuth,
    sources: Vec<RawSource>,
    reports: RawReports,
    log_formats: Vec<RawLogFormat>,
    tenants: BTreeMap<String, RawTenant>,
    tenant_template: Option<RawTemplate>,
}

/// Checks the values against each other, the files and the environment.
fn validate(raw: RawConfig, root: &Key<'_>, directory: Option<&Entry>, files: &mut ReadFiles) -> Config {
    let issuers = issuer::validate(raw.auth, &root.key("auth"));
    let (sources, declared) = source::validate(raw.sources, &root.key("sources"));
    files.directory = directory.and_then(|entry| {
        tenant_files::path(&Key::of_entry(root.validator, entry, "tenants.directory".to_owned()), &entry.node.value)
    });
    let in_files = files.directory.clone().map(|directory| files.tenants.read(&directory, &declared, root.validator));
    Config {
        server: server::validate(raw.server, &root.key("server")),
        limits: limits::validate(raw.limits, &root.key("limits")),
        telemetry: raw.telemetry,
        audit: audit::validate(raw.audit, &root.key("audit"), &declared),
        lambda: raw.lambda,
        demo: raw.demo,
        issuers,
        tenants: Arc::new(tenant::validate(raw.tenants, raw.tenant_template, in_files.unwrap_or_default(), root, &declared)),
        sources,
        reports: reports::validate(raw.reports, &root.key("reports")),
        log_formats: log_formats::validate(raw.log_formats, &root.key("log_formats")),
        warnings: Vec::new(),
    }
}

/// The variables that are Unicode. Another one is an error if it is a key of the configuration, and ignored otherwise.
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
                errors.push(ConfigError { location, key: String::new(), text: "is not Unicode text".to_owned() });
            }
            _ => {}
        }
    }
    (variables, errors)
}
