//! The inputs of an import: files by name, and standard input.

use std::fs::File;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use logmark_log_import::Input as Bytes;

use crate::cli::CliError;

/// An input that could be opened.
pub(super) struct Input {
    pub(super) name: String,
    /// Bytes, when it is a file.
    pub(super) length: u64,
    pub(super) bytes: Bytes<'static>,
}

/// Opens all before anything is imported, so that a mistyped name costs nothing.
pub(super) fn open_all(files: &[PathBuf]) -> Result<Vec<Input>, CliError> {
    let stdin = || Input { name: "standard input".to_owned(), length: 0, bytes: Bytes::Stream(Box::new(std::io::stdin())) };
    if files.is_empty() {
        return Ok(vec![stdin()]);
    }
    files.iter().map(|path| if path.as_os_str() == "-" { Ok(stdin()) } else { open(path) }).collect()
}

fn open(path: &PathBuf) -> Result<Input, CliError> {
    let failed = |error| CliError::failed(path.display(), error);
    let file = File::open(path).map_err(failed)?;
    let data = file.metadata().map_err(failed)?;
    if data.is_dir() {
        return Err(CliError::failed(path.display(), "is a folder; name the files in it"));
    }
    let name = path.display().to_string();
    if !data.is_file() {
        // A named pipe can be read once.
        return Ok(Input { name, length: 0, bytes: Bytes::Stream(Box::new(file)) });
    }
    let modified = data.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = modified.and_then(|since| i64::try_from(since.as_millis()).ok());
    Ok(Input { name, length: data.len(), bytes: Bytes::File { file, modified } })
}
