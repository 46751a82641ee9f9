//! The `logmark` binary: see [`logmark::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    logmark::cli::run(std::env::args_os())
}
