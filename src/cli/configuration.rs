//! Finds and reads the configuration: a file, a variable, SSM Parameter Store or S3.
//!
//! Owns the choice between them. Never reads a key of the configuration: [`crate::config`] does.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::CliError;
use crate::aws::document::{Documents, InvalidLocation, Location};
use crate::config::loader::{ConfigPlace, Loader};
use crate::config::{self, Config};
use crate::domain::time::SystemClock;
use crate::outbound::Outbound;

/// The variable with the location of the configuration.
const PLACE: &str = "LOGMARK_CONFIG";
/// The variable with the text of the configuration.
const WHOLE: &str = "LOGMARK_CONFIG_TOML";
/// The folder of a function's files on Lambda.
const TASK_ROOT: &str = "LAMBDA_TASK_ROOT";

/// The argument with the location of the configuration.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// The configuration: a file, `ssm:/parameter` or `s3://bucket/key` [default: the text in `LOGMARK_CONFIG_TOML`, or
    /// logmark.toml if it exists, or only the `LOGMARK__…` variables]
    #[arg(long, value_name = "FILE", env = PLACE)]
    pub config: Option<PathBuf>,
}

impl ConfigArgs {
    /// From the environment, for a process that starts without arguments.
    pub(super) fn of_environment() -> Self {
        Self { config: std::env::var_os(PLACE).map(PathBuf::from) }
    }
}

/// Reads the configuration of a command.
///
/// # Errors
/// All errors in it, or why it cannot be read.
pub(super) fn load(args: &ConfigArgs) -> Result<Config, CliError> {
    Ok(loader(args)?.load()?)
}

/// Reads the configuration at a location: a path, or a location of AWS.
///
/// # Errors
/// All errors in it, or why it cannot be read.
pub(super) fn load_from(place: &Path) -> Result<Config, CliError> {
    Ok(Loader::new(place_at(place)?, std::env::vars_os()).load()?)
}

/// What reads the configuration of a command, as often as it changes.
///
/// # Errors
/// If the location is not valid.
pub(super) fn loader(args: &ConfigArgs) -> Result<Loader, CliError> {
    let place = match (&args.config, std::env::var_os(WHOLE)) {
        (Some(_), Some(_)) => {
            return Err(CliError::Preflight(format!("`{WHOLE}` and `{PLACE}` (or `--config`) are both set: remove one of them")));
        }
        (None, Some(text)) => ConfigPlace::text(WHOLE, text.into_encoded_bytes()),
        (Some(place), None) => place_at(place)?,
        (None, None) => ConfigPlace::file(packaged().as_deref()),
    };
    Ok(Loader::new(place, std::env::vars_os()))
}

fn place_at(place: &Path) -> Result<ConfigPlace, CliError> {
    let location: Location = match place.to_str().map(str::parse) {
        Some(Ok(location)) => location,
        Some(Err(error @ (InvalidLocation::Parameter | InvalidLocation::Object))) => {
            return Err(CliError::Preflight(format!("`{}` {error}", place.display())));
        }
        Some(Err(InvalidLocation::Other)) | None => return Ok(ConfigPlace::file(Some(place))),
    };
    Ok(ConfigPlace::remote(&location.to_string(), move || fetch(&location)))
}

/// The file in the package of a function. Outside of Lambda the file in the working directory is used.
fn packaged() -> Option<PathBuf> {
    let root: OsString = std::env::var_os(TASK_ROOT).filter(|_| crate::on_lambda())?;
    Some(Path::new(&root).join(config::DEFAULT_FILE)).filter(|file| file.exists())
}

fn fetch(location: &Location) -> Result<Vec<u8>, String> {
    let variables: BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let outbound = Outbound::new().map_err(|error| error.to_string())?;
    let documents = Documents { outbound, clock: Arc::new(SystemClock), variables: &variables };
    runtime.block_on(documents.read(location)).map_err(|error| error.to_string())
}
