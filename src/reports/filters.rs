//! The filters that every report has.
//!
//! Owns their meaning: most are conditions of the query, those on enriched values are applied to the rows of the query.

use logmark_insights::ast::{Expression, NotWritable};
use serde::{Deserialize, Serialize};

use super::condition;
use super::definition::CUSTOMER_FIELDS;
use super::fields::{self, Field};
use super::format::LogFormat;
use crate::domain::network::Network;

/// The filters of a request. A request has the rows that match all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filters {
    /// The domain name.
    pub domain: Option<String>,
    /// The status codes.
    pub status: Option<StatusRange>,
    /// The path of the request, or of the resource.
    pub path: Option<String>,
    /// The usage plan.
    pub plan: Option<String>,
    /// The customer: the name of the API key.
    pub customer: Option<String>,
    /// The client's network.
    pub ip: Option<Network>,
    /// A network to leave out.
    pub exclude_ip: Option<Network>,
    /// The IAM user: its id, ARN or caller.
    pub iam_user: Option<String>,
    /// The subject of the token.
    pub sub: Option<String>,
    /// The request id.
    pub request_id: Option<String>,
    /// The HTTP method.
    pub method: Option<String>,
    /// The stage.
    pub stage: Option<String>,
    /// A part of the user agent.
    pub user_agent: Option<String>,
    /// Leaves out requests of bots.
    pub ignore_bots: bool,
}

/// Status codes from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRange {
    /// The first.
    pub least: u16,
    /// The last.
    pub most: u16,
}

impl StatusRange {
    /// Reads `404` or `4xx`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "is not a status: use a code such as `404`, or a class such as `4xx`";
        let bytes = text.as_bytes();
        let [class @ b'1'..=b'5', rest @ ..] = bytes else { return Err(EXPECTED) };
        match rest {
            [b'x' | b'X', b'x' | b'X'] => {
                let least = u16::from(class - b'0') * 100;
                Ok(Self { least, most: least + 99 })
            }
            [b'0'..=b'9', b'0'..=b'9'] => {
                let code = text.parse().map_err(|_| EXPECTED)?;
                Ok(Self { least: code, most: code })
            }
            _ => Err(EXPECTED),
        }
    }
}

/// A filter whose fields the log format does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableFilter {
    /// The parameter.
    pub parameter: &'static str,
    /// The fields, one of which it needs.
    pub fields: &'static [Field],
}

/// A filter on texts of fields: the event matches if one of the fields does.
type TextFilter<'a> = (&'static str, Option<&'a String>, &'static [Field]);

impl Filters {
    fn texts(&self) -> [TextFilter<'_>; 7] {
        [
            ("domain", self.domain.as_ref(), &[fields::DOMAIN_NAME]),
            ("path", self.path.as_ref(), &[fields::PATH, fields::RESOURCE_PATH]),
            ("iamUser", self.iam_user.as_ref(), &[fields::USER, fields::USER_ARN, fields::CALLER]),
            ("sub", self.sub.as_ref(), &[fields::SUB]),
            ("requestId", self.request_id.as_ref(), &[fields::REQUEST_ID, fields::EXTENDED_REQUEST_ID]),
            ("method", self.method.as_ref(), &[fields::HTTP_METHOD]),
            ("stage", self.stage.as_ref(), &[fields::STAGE]),
        ]
    }

    /// The longest filter, if all together have more characters.
    #[must_use]
    pub fn too_long(&self, most: usize) -> Option<&'static str> {
        let agent: TextFilter<'_> = ("userAgent", self.user_agent.as_ref(), &[]);
        let lengths = self.texts().into_iter().chain([agent]).filter_map(|(name, text, _)| Some((text?.chars().count(), name)));
        let all: Vec<(usize, &'static str)> = lengths.collect();
        let sum: usize = all.iter().map(|(length, _)| length).sum();
        all.into_iter().max().filter(|_| sum > most).map(|(_, name)| name)
    }

    /// The fields that they can need.
    pub(super) fn fields(&self) -> Vec<Field> {
        let texts = self.texts().into_iter().filter(|(_, value, _)| value.is_some()).flat_map(|(_, _, fields)| fields).copied();
        let customer = if self.needs_customer() { &CUSTOMER_FIELDS[..] } else { &[] };
        texts.chain(customer.iter().copied()).collect()
    }

    /// The conditions of the query.
    ///
    /// # Errors
    /// The filters that the format has no field for; a value that the language cannot express is one of them.
    pub(super) fn conditions(&self, format: &LogFormat) -> Result<Vec<Expression>, Vec<UnusableFilter>> {
        let (mut found, mut unusable) = (Vec::new(), Vec::new());
        let mut add = |parameter, needed: &'static [Field], make: &dyn Fn(Field) -> Result<Expression, NotWritable>| {
            let parts: Result<Vec<_>, _> = needed.iter().filter(|field| format.has(**field)).map(|field| make(*field)).collect();
            match parts {
                Ok(parts) if !parts.is_empty() => found.push(condition::any(parts)),
                _ => unusable.push(UnusableFilter { parameter, fields: needed }),
            }
        };
        for (parameter, value, needed) in self.texts() {
            if let Some(value) = value {
                add(parameter, needed, &|field| condition::equals(field, value));
            }
        }
        if let Some(StatusRange { least, most }) = self.status {
            add("status", &[fields::STATUS], &|field| condition::between(field, least, most));
        }
        if let Some(network) = &self.ip {
            add("ip", &[fields::IP], &|field| condition::in_network(field, network));
        }
        if let Some(network) = &self.exclude_ip {
            add("excludeIp", &[fields::IP], &|field| condition::outside_network(field, network));
        }
        if let Some(part) = &self.user_agent {
            add("userAgent", &[fields::USER_AGENT], &|field| condition::contains(field, part));
        }
        for (parameter, is_used, needed) in self.enriched() {
            if is_used && !format.has(needed) {
                let fields = if needed == fields::USER_AGENT { &[fields::USER_AGENT] } else { &[fields::API_KEY_ID] };
                unusable.push(UnusableFilter { parameter, fields });
            }
        }
        if unusable.is_empty() { Ok(found) } else { Err(unusable) }
    }

    /// The filters on enriched values, whether each is used, and the field that it is computed of.
    fn enriched(&self) -> [(&'static str, bool, Field); 3] {
        [
            ("plan", self.plan.is_some(), fields::API_KEY_ID),
            ("customer", self.customer.is_some(), fields::API_KEY_ID),
            ("ignoreBots", self.ignore_bots, fields::USER_AGENT),
        ]
    }

    /// Whether one is applied to the rows of the query.
    pub(super) fn is_enriched(&self) -> bool {
        self.needs_customer() || self.ignore_bots
    }

    /// Whether the rows of the query need the plan or the customer.
    #[must_use]
    pub fn needs_customer(&self) -> bool {
        self.plan.is_some() || self.customer.is_some()
    }

    /// Whether a row with these enriched values matches.
    pub(super) fn admits(&self, plan: Option<&str>, customer: Option<&str>, is_bot: bool) -> bool {
        self.plan.as_deref().is_none_or(|wanted| plan == Some(wanted))
            && self.customer.as_deref().is_none_or(|wanted| customer == Some(wanted))
            && !(self.ignore_bots && is_bot)
    }
}
