//! The service as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Jiffies in a second, for all of Linux's user interfaces (proc(5), `USER_HZ`).
const TICKS: f64 = 100.0;

/// Processor time of a process so far, its own and the system's for it. `process`: a number, or `self`.
pub(crate) fn cpu_seconds(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    fields.split(' ').skip(11).take(2).map(|field| field.parse::<f64>().unwrap()).sum::<f64>() / TICKS
}

/// Starts the release binary in the folder, and waits until it listens. Returns the line that has its addresses.
pub(crate) fn serve(folder: &Path) -> (Child, serde_json::Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logmark"));
    let mut child = command.arg("serve").current_dir(folder).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("admin_listen") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the service starts");
    }
    std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    (child, serde_json::from_str(&line).unwrap())
}
