//! Where audit lines go: standard output, a file, or a log group.
//!
//! Owns the contract ([`Sink`]) and standard output. See also [`super::file`] and [`super::group`].

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::thread;
use std::time::Duration;

use super::chain::{Chain, MacKey};
use super::record::{Event, Record};

/// How long to wait before a write is tried again on an output that does not block.
const RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// A place for lines. It is used by one thread.
pub(super) trait Sink: Send + fmt::Debug {
    /// Prepares for a batch of lines. May add a line before them.
    fn begin_batch(&mut self, _chain: &mut Chain, _lines: &mut Vec<u8>) {}

    /// Writes lines from the begin of `lines`, and returns how many bytes are written. After an error no byte of this call is.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize>;

    /// Completes a batch, for instance by writing it to the disk.
    fn end_batch(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// How long writes may fail until new requests are refused.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }
}

/// A sink that is ready, the chain that its lines continue, and the first line of the process.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) sink: Box<dyn Sink>,
    pub(super) chain: Chain,
    pub(super) first: Record,
}

/// The first line of a process.
pub(super) fn first_record() -> Record {
    let mut first = Record::of(Event::Start);
    first.word("logmarkVersion", env!("CARGO_PKG_VERSION"));
    first
}

/// Standard output.
#[derive(Debug)]
struct Stdout(File);

/// Standard output as a sink. The chain is new, because earlier output cannot be read.
///
/// # Errors
/// If standard output is closed.
pub(super) fn stdout(key: Option<MacKey>) -> io::Result<Opened> {
    Ok(Opened { sink: Box::new(Stdout(unbuffered()?)), chain: Chain::new(key), first: first_record() })
}

/// Without the buffer of the standard library, which does not say how many bytes of a failed write are written.
#[cfg(unix)]
fn unbuffered() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn unbuffered() -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}

impl Sink for Stdout {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(lines) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The output can be a pipe that another process has set to this mode. It is not a failure.
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY_INTERVAL),
                written => return written,
            }
        }
    }
}
