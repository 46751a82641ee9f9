//! `logmark audit verify`: proves the hash chain of audit files.
//!
//! Owns the order of the files, the reading of compressed ones, and the report. [`crate::telemetry::audit::verify`] proves the lines.
//!
//! Exit codes: 0 intact, 1 a fault was found, 2 invalid arguments or unreadable files.

mod report;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use flate2::bufread::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{CliError, note};
use crate::config::secret::read_key;
use crate::telemetry::audit::verify::{Options, Place, Verdict, Verifier, position};
use crate::telemetry::audit::{LineHash, MacKey};

/// The longest line that is read. A longer one is a fault, and is skipped.
const MAX_LINE: u64 = 1 << 20;
/// Exit code for arguments and files that cannot be used.
const UNUSABLE: u8 = 2;
/// Lines between two updates of the progress.
const LINES_PER_UPDATE: u64 = 4096;

/// Arguments of `logmark audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Prove that no line of an audit trail was changed, removed, inserted or moved
    Verify(VerifyArgs),
}

/// Arguments of `logmark audit verify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  logmark audit verify /var/log/logmark/audit.jsonl*\n  \
    logmark audit verify --head 3f5a… audit.jsonl           prove too that the end was not cut\n  \
    logmark audit verify --key env:AUDIT_KEY audit.jsonl    prove too that the service wrote each line\n  \
    journalctl -u logmark -o cat | logmark audit verify --mixed -\n\n\
    Give rotated files together, in any order; files may be compressed (gzip, zstd). Keep the printed head of a chain at\n\
    another place: with it, a later run proves that nothing was cut from the end.\n\n\
    Exits with 0 if the trail is intact, with 1 if it is not, and with 2 if a file or an argument cannot be used.")]
struct VerifyArgs {
    /// Files of audit lines; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The hash of a line that must be there: the head that an earlier run printed; repeatable
    #[arg(long, value_name = "HASH")]
    head: Vec<String>,
    /// The key of the lines' `mac`, as `audit.key` in the configuration: `env:NAME` or `file:PATH`
    #[arg(long, value_name = "PLACE")]
    key: Option<String>,
    /// The files have other lines too, or begin in the middle of a chain, as collected output does
    #[arg(long)]
    mixed: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Never: failures are reported here, because they have an exit code of their own.
pub fn run(args: &AuditArgs) -> Result<ExitCode, CliError> {
    let AuditCommand::Verify(args) = &args.command;
    Ok(match verify(args) {
        Ok(verdict) => {
            if args.json {
                report::print_json(&verdict);
            } else {
                report::print(&verdict, &args.head);
            }
            if verdict.is_intact() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            note(format_args!("logmark: {error}"));
            ExitCode::from(UNUSABLE)
        }
    })
}

fn verify(args: &VerifyArgs) -> Result<Verdict, CliError> {
    let heads = args.head.iter().map(|text| {
        let hash = LineHash::parse(&text.trim().to_ascii_lowercase());
        hash.ok_or_else(|| CliError::Failed(format!("--head `{text}` is not a hash: write 64 hexadecimal digits")))
    });
    let options = Options { key: key(args)?, heads: heads.collect::<Result<_, _>>()?, is_mixed: args.mixed };
    let files = in_order(&args.files)?;
    let progress = progress(&args.files);
    let mut verifier = Verifier::new(options);
    for (file_index, path) in files.iter().enumerate() {
        let failed = |error| CliError::failed(path.display(), error);
        let name: Arc<str> = path.display().to_string().into();
        read_lines(open(path, &progress).map_err(failed)?, &mut |line, text| {
            verifier.line(&Place { file_index, file: Arc::clone(&name), line }, text);
            if line % LINES_PER_UPDATE == 0 {
                progress.set_message(format!("{name}, {} faults", verifier.fault_count()));
            }
        })
        .map_err(failed)?;
    }
    progress.finish_and_clear();
    let verdict = verifier.finish();
    if verdict.chains.is_empty() && verdict.fault_count == 0 {
        return Err(CliError::Failed("the files have no audit lines".to_owned()));
    }
    Ok(verdict)
}

fn key(args: &VerifyArgs) -> Result<Option<MacKey>, CliError> {
    let Some(place) = &args.key else { return Ok(None) };
    let variables: BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
    let key = read_key(place, &variables).map_err(|error| CliError::failed("--key", error))?;
    Ok(Some(MacKey::new(key.expose())))
}

/// The files in the order of their chains, by their first lines. Files without an audit line keep their place at the end.
fn in_order(files: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut ordered = Vec::new();
    for path in files {
        // Standard input can be read once.
        let first =
            if is_stdin(path) { None } else { first_position(path).map_err(|error| CliError::failed(path.display(), error))? };
        ordered.push((first.is_none(), first, path.clone()));
    }
    ordered.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    Ok(ordered.into_iter().map(|(_, _, path)| path).collect())
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn first_position(path: &Path) -> io::Result<Option<(String, u64)>> {
    let mut line = Vec::new();
    open(path, &ProgressBar::hidden())?.take(MAX_LINE).read_until(b'\n', &mut line)?;
    Ok(position(line.strip_suffix(b"\n").unwrap_or(&line)))
}

/// Opens a file, and decompresses it by the bytes that it begins with.
fn open(path: &Path, progress: &ProgressBar) -> io::Result<Box<dyn BufRead>> {
    let input: Box<dyn Read> = if is_stdin(path) { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let mut input = BufReader::with_capacity(1 << 16, progress.wrap_read(input));
    let begin = input.fill_buf()?;
    if begin.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(BufReader::new(MultiGzDecoder::new(input))));
    }
    if begin.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Ok(Box::new(BufReader::new(zstd::stream::read::Decoder::with_buffer(input)?)));
    }
    Ok(Box::new(input))
}

/// Gives each line with its number. Of a line that is too long, only the begin is given.
fn read_lines(mut input: Box<dyn BufRead>, each: &mut dyn FnMut(u64, &[u8])) -> io::Result<()> {
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        if input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        number += 1;
        let is_whole = line.ends_with(b"\n");
        if !is_whole && line.len() as u64 == MAX_LINE {
            input.skip_until(b'\n')?;
        }
        each(number, line.strip_suffix(b"\n").unwrap_or(&line));
    }
}

fn progress(files: &[PathBuf]) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bytes = files.iter().filter_map(|path| std::fs::metadata(path).ok()).map(|metadata| metadata.len()).sum();
    let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg}");
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
