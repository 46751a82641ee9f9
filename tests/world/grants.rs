//! Builds `[tenants]` sections for tests that need other tenants than the default ones.

use std::fmt::Write as _;

/// `[tenants.NAME]` with its grants.
#[derive(Debug)]
pub struct Tenant {
    name: &'static str,
    text: String,
}

impl Tenant {
    /// A tenant without a grant.
    pub fn new(name: &'static str) -> Self {
        Self { name, text: format!("[tenants.{name}]\n") }
    }

    /// Adds a grant to read these groups of the source.
    #[must_use]
    pub fn reads(self, source: &str, groups: &[&str]) -> Self {
        self.may("read", source, groups)
    }

    /// Adds a grant of these actions on these groups of the source.
    #[must_use]
    pub fn may(mut self, action: &str, source: &str, groups: &[&str]) -> Self {
        let Self { name, text } = &mut self;
        let grant =
            writeln!(text, "[[tenants.{name}.grants]]\nsource = \"{source}\"\ngroups = {groups:?}\nactions = [\"{action}\"]");
        grant.unwrap();
        self
    }

    /// Limits the last grant to these streams.
    #[must_use]
    pub fn in_streams(mut self, streams: &[&str]) -> Self {
        writeln!(self.text, "streams = {streams:?}").unwrap();
        self
    }
}

/// The configuration text of the tenants.
pub fn text<const N: usize>(tenants: [Tenant; N]) -> String {
    tenants.map(|tenant| tenant.text).concat()
}
