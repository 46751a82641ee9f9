//! The `logmark` binary.
fn main() {}
