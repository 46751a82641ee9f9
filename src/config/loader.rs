//! Reads the configuration of a process, as often as its files change.
//!
//! Owns where it is read from, and the state of its files when it was read last. See also [`super::changes`].

use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, ConfigErrors};
use super::paths::FileError;
use super::stamp::{Scan, Stamp};
use super::tenant_files::TenantFiles;
use super::{Config, DEFAULT_FILE, document, read, unicode};
use crate::files;

/// Reads the text of a configuration that is not on this machine.
type Fetch = Box<dyn Fn() -> Result<Vec<u8>, String> + Send>;

/// Where a configuration is.
pub struct ConfigPlace(PlaceKind);

impl std::fmt::Debug for ConfigPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the text, which may contain a misplaced secret.
        f.write_str(match &self.0 {
            PlaceKind::File { .. } => "ConfigPlace(file)",
            PlaceKind::Text { .. } => "ConfigPlace(text)",
            PlaceKind::Remote { .. } => "ConfigPlace(remote)",
        })
    }
}

enum PlaceKind {
    File { path: PathBuf, is_optional: bool },
    Text { name: String, text: Vec<u8> },
    Remote { name: String, fetch: Fetch },
}

impl ConfigPlace {
    /// A file. Without a path it is [`DEFAULT_FILE`], if it exists.
    #[must_use]
    pub fn file(path: Option<&Path>) -> Self {
        let is_optional = path.is_none();
        Self(PlaceKind::File { path: path.unwrap_or(Path::new(DEFAULT_FILE)).to_owned(), is_optional })
    }

    /// A text. Error messages use `name`; relative paths start in the working directory.
    #[must_use]
    pub fn text(name: &str, text: Vec<u8>) -> Self {
        Self(PlaceKind::Text { name: name.to_owned(), text })
    }

    /// A text elsewhere, which `fetch` reads.
    pub fn remote(name: &str, fetch: impl Fn() -> Result<Vec<u8>, String> + Send + 'static) -> Self {
        Self(PlaceKind::Remote { name: name.to_owned(), fetch: Box::new(fetch) })
    }
}

/// The files that were read for a configuration.
#[derive(Default)]
pub(super) struct ReadFiles {
    /// Those that it names: secrets, keys, certificates.
    pub(super) named: Vec<PathBuf>,
    /// The folder of tenants' files.
    pub(super) directory: Option<PathBuf>,
    pub(super) tenants: TenantFiles,
}

/// Reads a configuration, and knows whether it has changed since.
pub struct Loader {
    place: PlaceKind,
    environment: Vec<(OsString, OsString)>,
    files: ReadFiles,
    /// The named files of the last configuration without errors: one with errors may not tell them.
    named_before: Vec<PathBuf>,
    seen: Scan,
}

impl std::fmt::Debug for Loader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loader").finish_non_exhaustive()
    }
}

impl Loader {
    /// A loader that has read nothing. Variables of the environment keep the values of now.
    pub fn new(place: ConfigPlace, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self {
            place: place.0,
            environment: environment.into_iter().collect(),
            files: ReadFiles::default(),
            named_before: Vec::new(),
            seen: Scan::default(),
        }
    }

    /// Reads the configuration. Tenants' files that have not changed since the last time are not parsed again.
    ///
    /// # Errors
    /// All errors found. A place that cannot be read is one error.
    pub fn load(&mut self) -> Result<Config, ConfigErrors> {
        let own = self.own_file().map(|path| (path.to_owned(), Stamp::at(path)));
        let result = self.read();
        if result.is_ok() {
            self.named_before.clone_from(&self.files.named);
        }
        self.seen = Scan {
            // The stamps of before the reading, or of the reading itself, so that no change is missed.
            files: own.into_iter().chain(self.named().map(|path| (path.to_owned(), Stamp::at(path)))).collect(),
            directory: self.files.directory.as_ref().map(|_| self.files.tenants.stamp),
        };
        result
    }

    /// The state of its files now. It costs a look at each file, or at the tenants' files only if the kernel has told a change.
    #[must_use]
    pub fn scan(&mut self) -> Scan {
        let files = self.own_file().into_iter().chain(self.named());
        let files = files.map(|path| (path.to_owned(), Stamp::at(path))).collect();
        let ReadFiles { directory, tenants, .. } = &mut self.files;
        Scan { files, directory: directory.as_deref().map(|directory| tenants.watch.stamp(directory)) }
    }

    /// The state of its files when it was read last.
    #[must_use]
    pub fn seen(&self) -> &Scan {
        &self.seen
    }

    fn own_file(&self) -> Option<&Path> {
        match &self.place {
            PlaceKind::File { path, .. } => Some(path),
            PlaceKind::Text { .. } | PlaceKind::Remote { .. } => None,
        }
    }

    fn named(&self) -> impl Iterator<Item = &Path> {
        let former = self.named_before.iter().filter(|path| !self.files.named.contains(path));
        self.files.named.iter().chain(former).map(PathBuf::as_path)
    }

    fn read(&mut self) -> Result<Config, ConfigErrors> {
        let (variables, mut errors) = unicode(self.environment.iter().cloned());
        let files = &mut self.files;
        let (name, folder, bytes) = match &mut self.place {
            PlaceKind::Text { name, text } => (name.clone(), None, text.clone()),
            PlaceKind::Remote { name, fetch } => match fetch() {
                Ok(bytes) => (name.clone(), None, bytes),
                Err(why) => return Err(ConfigErrors::unreachable(ConfigError::about(name, why))),
            },
            PlaceKind::File { path, is_optional } => {
                let name = path.display().to_string();
                match read_file(path, &name, &mut errors) {
                    Ok(bytes) => {
                        // A file that was there is missed when it is deleted.
                        *is_optional = false;
                        (name, path.parent(), bytes)
                    }
                    Err(error) if *is_optional && error.kind() == std::io::ErrorKind::NotFound => {
                        return read(None, &variables, errors, files);
                    }
                    Err(error) => {
                        let error = ConfigError::about(&name, FileError::of(path, &error).to_string());
                        return Err(refused(errors, error));
                    }
                }
            }
        };
        document(&name, folder, bytes, &variables, errors, files)
    }
}

fn refused(mut errors: Vec<ConfigError>, error: ConfigError) -> ConfigErrors {
    errors.push(error);
    ConfigErrors::new(errors)
}

/// Reads the file. A file that others can change is an error, because they could add an issuer of their own.
fn read_file(path: &Path, name: &str, errors: &mut Vec<ConfigError>) -> std::io::Result<Vec<u8>> {
    let mut file = std::fs::File::open(path)?;
    if let Err(exposed) = files::check_unchangeable(&file.metadata()?, path) {
        errors.push(ConfigError::about(name, exposed.to_string()));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
