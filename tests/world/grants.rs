//! Tenants as the configuration writes them, for tests that need others than the usual ones.

use std::fmt::Write as _;

/// `[tenants.NAME]`, grant by grant.
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

    /// May read these groups of the source.
    #[must_use]
    pub fn reads(self, source: &str, groups: &[&str]) -> Self {
        self.may("read", source, groups)
    }

    /// May do this with these groups of the source.
    #[must_use]
    pub fn may(mut self, action: &str, source: &str, groups: &[&str]) -> Self {
        let Self { name, text } = &mut self;
        let grant =
            writeln!(text, "[[tenants.{name}.grants]]\nsource = \"{source}\"\ngroups = {groups:?}\nactions = [\"{action}\"]");
        grant.unwrap();
        self
    }

    /// In the groups of the last grant these streams alone.
    #[must_use]
    pub fn in_streams(mut self, streams: &[&str]) -> Self {
        writeln!(self.text, "streams = {streams:?}").unwrap();
        self
    }
}

/// The tenants, as text.
pub fn text<const N: usize>(tenants: [Tenant; N]) -> String {
    tenants.map(|tenant| tenant.text).concat()
}
