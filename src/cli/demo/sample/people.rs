//! Who calls, from where and with what: invented, and recognisably so.
//!
//! Addresses are from the ranges reserved for documentation (RFC 5737, RFC 3849), host names under `example.com`
//! (RFC 2606), card numbers the networks' published test numbers.

use super::random::Random;

/// Whose log it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tenant {
    Acme,
    Globex,
}

/// A caller, the same in all they do: address, agent and key follow from the number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    tenant: Tenant,
    number: u32,
}

/// A few call often, most seldom.
const CALLERS: u32 = 160;

const AGENTS: [&str; 9] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "okhttp/5.1.0",
    "python-requests/2.32.5",
    "curl/8.16.0",
    "ExampleShop/4.2 (Android 15)",
    "ExampleBot/1.3 (+https://bot.example.com/)",
];

const CARDS: [&str; 3] = ["4242424242424242", "5555555555554444", "378282246310005"];

impl Tenant {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Acme => "acme",
            Self::Globex => "globex",
        }
    }

    pub(super) fn caller(self, random: &mut Random) -> Caller {
        let bound = random.below(CALLERS) + 1;
        Caller { tenant: self, number: random.below(bound) }
    }
}

impl Caller {
    pub(super) fn ip(self) -> String {
        let host = self.number % 250 + 1;
        match (self.number % 5, self.tenant) {
            (0, _) => format!("2001:db8:{:x}::{:x}", self.number % 7 + 1, self.number * 37 + 2),
            (1, _) => format!("198.51.100.{host}"),
            (_, Tenant::Acme) => format!("192.0.2.{host}"),
            (_, Tenant::Globex) => format!("203.0.113.{host}"),
        }
    }

    pub(super) fn agent(self) -> &'static str {
        AGENTS[(self.number * 5 % 9) as usize]
    }

    /// `u-1042`.
    pub(super) fn user(self) -> String {
        format!("u-{}", 1000 + self.number)
    }

    pub(super) fn email(self) -> String {
        format!("user{}@example.com", 1000 + self.number)
    }

    pub(super) fn card(self) -> &'static str {
        CARDS[(self.number % 3) as usize]
    }

    /// The id of an API key: ten lower-case letters and digits, as API Gateway gives.
    pub(super) fn key_id(self) -> String {
        let key = Random::named(u64::from(self.number % 12), self.tenant.name()).next();
        format!("{key:016x}")[..10].to_owned()
    }
}
