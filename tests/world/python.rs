//! The Python tools of `tests/tools`: long-lived helpers that answer each line with a line.
//!
//! They run in the project's `.venv`. Without it, a test fails with a message, because a skipped check proves nothing. Each tool
//! ends when its standard input is closed, at the latest at the end of the tests.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::Value;

/// A running tool.
#[derive(Debug)]
pub(crate) struct Helper {
    _child: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Helper {
    /// Starts `tests/tools/<script>`.
    pub(crate) fn start(script: &str, arguments: &[&str]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join(".venv/bin/python");
        assert!(root.join(".venv/.done").exists() && python.exists(), "the tests' Python tools are missing: run `make setup`");
        let mut command = Command::new(python);
        command.arg("-u").arg(root.join("tests/tools").join(script)).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let pipes = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { _child: child, pipes: Mutex::new(pipes) }
    }

    /// Reads the next line from the tool.
    pub(crate) fn line(&self) -> String {
        Self::read(&mut self.pipes.lock().unwrap().1)
    }

    /// Writes a line and reads one.
    pub(crate) fn ask(&self, line: &Value) -> String {
        let mut pipes = self.pipes.lock().unwrap();
        writeln!(pipes.0, "{line}").unwrap();
        Self::read(&mut pipes.1)
    }

    fn read(from: &mut BufReader<ChildStdout>) -> String {
        let mut line = String::new();
        assert!(from.read_line(&mut line).unwrap() > 0, "a Python tool ended: see above");
        line.trim_end().to_owned()
    }
}
