//! The software behind user agents, in the rows of a report.

use std::collections::HashMap;

use logmark_user_agents::{UNKNOWN, recognize};

/// A user agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Agent {
    /// The product, without its version.
    pub(super) family: Option<String>,
    /// The operating system.
    pub(super) os: Option<String>,
    /// The kind of software.
    pub(super) class: &'static str,
    /// Whether it acts on its own.
    pub(super) is_bot: bool,
}

/// The user agents of a report: each is recognised once. That takes up to a millisecond, so it needs a thread that may block.
#[derive(Debug, Default)]
pub(super) struct Agents(HashMap<String, Agent>);

impl Agents {
    /// The software of a user agent.
    pub(super) fn get(&mut self, text: &str) -> &Agent {
        self.0.entry(text.to_owned()).or_insert_with(|| {
            let found = recognize(text);
            let known = |name: &str| (name != UNKNOWN).then(|| name.to_owned());
            Agent {
                family: known(&found.family),
                os: known(&found.system),
                class: found.class.as_str(),
                is_bot: found.class.is_bot(),
            }
        })
    }
}
