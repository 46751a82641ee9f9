//! Names the software behind a `User-Agent` header: its family, its operating system, and its class (browser, library, kind of bot).
//!
//! Owns the rules: `data/families.tsv` (uap-core) and `data/crawlers.tsv` (crawler-user-agents), which `data/update.py` writes. Works
//! offline, with no I/O. Never trusts a header: a client can send the text of another one, so these names are for statistics only.
//!
//! ```
//! use logmark_user_agents::{Class, recognize};
//!
//! let agent = recognize("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)");
//! assert_eq!((&*agent.family, agent.class), ("Googlebot", Class::SearchEngine));
//! let agent = recognize("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
//! assert_eq!((&*agent.family, &*agent.system, agent.class), ("Firefox", "Linux", Class::Browser));
//! ```

mod class;
mod rules;

use std::borrow::Cow;
use std::sync::LazyLock;

pub use class::Class;
use rules::Rules;

/// The name of an unknown family or system, as in uap-core.
pub const UNKNOWN: &str = "Other";

/// Bytes of a header that are examined. Longer ones exist only in attacks, and the rules look at the first few hundred characters.
const MAX_BYTES: usize = 1024;

/// What a `User-Agent` header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAgent<'a> {
    /// The browser, library or bot, without its version: `Firefox`, `curl`, `Googlebot`. [`UNKNOWN`] if no rule matches.
    pub family: Cow<'a, str>,
    /// The operating system, without its version: `Windows`, `iOS`. [`UNKNOWN`] if no rule matches.
    pub system: Cow<'a, str>,
    /// The kind of software.
    pub class: Class,
}

/// Recognizes the software of a `User-Agent` header. The first call of a process compiles the rules, which takes some 100 ms.
#[must_use]
pub fn recognize(header: &str) -> UserAgent<'_> {
    /// Shared, because the compiled rules have some 20 MB.
    static RULES: LazyLock<Rules> = LazyLock::new(Rules::new);
    RULES.recognize(within(header, MAX_BYTES))
}

/// The longest prefix of at most `bytes` bytes.
fn within(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_headers_are_cut_between_characters() {
        assert_eq!(within("aé", 2), "a");
        assert_eq!(within("aé", 3), "aé");
        let long = format!("curl/8.5.0 {}", "é".repeat(100_000));
        assert_eq!(recognize(&long).class, Class::Library);
    }
}
