//! Tickets: one-use credentials for one GET URL, for clients that cannot send a header, such as `EventSource` and downloads.
//!
//! Owns their contents, their binding to a URL, and which were used. A ticket is sealed and contains its caller, so opening it needs no
//! store. INVARIANT: a ticket is used once. Each process knows only the tickets that were used with it, so by default it accepts only the
//! tickets that it made itself. With `shared_tickets` it accepts those of other replicas too, and a ticket can then be used once with each
//! replica, within its 60 seconds.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use http::Uri;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::cursor::{BadKey, CursorSealer};
use super::packed_request::PackedRequest;
use super::problem::ApiError;
use crate::auth::token::{Claims, GrantedScope, RequirementsDigest};
use crate::domain::name::TenantId;
use crate::domain::time::Millis;

/// The name of the query parameter.
pub const PARAMETER: &str = "ticket";
/// The parameters of which a URL needs one: those of answers that are streamed or downloaded.
const PURPOSES: [&str; 2] = ["follow", "format"];
/// How long a ticket is valid, in milliseconds.
const LIFETIME_MILLIS: i64 = 60_000;
/// Used tickets that are remembered at most. A tenant's rate of requests bounds how many there are.
const MAX_USED: usize = 200_000;
const KIND: &str = "ticket";

/// Makes tickets, and accepts each once.
#[derive(Debug)]
pub struct Tickets {
    /// This process.
    process: [u8; 16],
    accepts_others: bool,
    /// The tickets that were used, with the times at which they expire.
    used: Mutex<HashMap<[u8; 16], Millis>>,
}

/// The contents of a ticket.
#[derive(Debug, Serialize, Deserialize)]
struct Ticket {
    id: [u8; 16],
    process: [u8; 16],
    target: [u8; 32],
    expires_at: i64,
    issuer: String,
    subject: String,
    tenant: String,
    token_id: Option<String>,
    token_expires_at: i64,
    requirements: RequirementsDigest,
    scopes: Vec<ClaimScopes>,
}

/// The scopes that a claim, or one of its values by `scope_map`, gives.
#[derive(Debug, Serialize, Deserialize)]
struct ClaimScopes {
    claim: String,
    claim_value: Option<String>,
    scopes: Vec<String>,
}

/// A new ticket.
#[derive(Debug)]
pub struct NewTicket {
    /// Its text.
    pub text: String,
    /// When it expires.
    pub expires_at: Millis,
}

/// Why a URL cannot have a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It is not a path of this service.
    #[error("is not a path with a query, such as `/logs/:acme:api?follow=true`")]
    NotAPath,
    /// It has no parameter that a ticket is for.
    #[error("has neither `follow` nor `format`: a ticket is for live tails and downloads")]
    NoPurpose,
    /// It has a ticket already.
    #[error("has a `ticket` already: leave it out")]
    HasTicket,
}

impl Tickets {
    /// Tickets of this process.
    ///
    /// # Errors
    /// [`BadKey`] if there are no random bytes.
    pub fn new(accepts_others: bool) -> Result<Self, BadKey> {
        Ok(Self { process: random().map_err(|_| BadKey)?, accepts_others, used: Mutex::default() })
    }

    /// Makes a ticket for the URL and the caller. It is valid for 60 seconds, and not beyond the caller's token.
    ///
    /// # Errors
    /// [`TargetError`] as an error of the member `url`; an error of the body if the token has too many scopes for a ticket.
    pub fn make(&self, sealer: &CursorSealer, claims: &Claims, target: &Uri, now: Millis) -> Result<NewTicket, ApiError> {
        let target = digest_of(target).map_err(|error| ApiError::pointer("/url", error.to_string()))?;
        let expires_at = now.0.saturating_add(LIFETIME_MILLIS).min(claims.expires_at.saturating_mul(1000));
        let mut scopes: Vec<ClaimScopes> = Vec::new();
        // Scopes of other services mean nothing here.
        for scope in claims.scopes.iter().filter(|scope| scope.value.starts_with("logs:")) {
            let is_same =
                |one: &&mut ClaimScopes| *one.claim == *scope.claim && one.claim_value.as_deref() == scope.claim_value.as_deref();
            match scopes.iter_mut().find(is_same) {
                Some(same) => same.scopes.push(scope.value.clone()),
                None => scopes.push(ClaimScopes {
                    claim: scope.claim.to_string(),
                    claim_value: scope.claim_value.as_deref().map(str::to_owned),
                    scopes: vec![scope.value.clone()],
                }),
            }
        }
        let ticket = Ticket {
            id: random().map_err(|_| ApiError::Internal("no random bytes for a ticket".to_owned()))?,
            process: self.process,
            target,
            expires_at,
            issuer: claims.issuer.clone(),
            subject: claims.subject.clone(),
            tenant: claims.tenant.to_string(),
            token_id: claims.token_id.clone(),
            token_expires_at: claims.expires_at,
            requirements: claims.requirements,
            scopes,
        };
        let packed = PackedRequest::pack(&ticket)
            .map_err(|_| ApiError::pointer("/url", "can't have a ticket: the token's claims are too long for one"))?;
        let expires_at = Millis(expires_at);
        Ok(NewTicket { text: sealer.seal_for_any(KIND, expires_at, &packed)?, expires_at })
    }

    /// Uses a ticket for a GET of the URL. Returns the caller's claims.
    ///
    /// # Errors
    /// [`ApiError::InvalidTicket`], with the reason for the log only.
    pub fn redeem(&self, sealer: &CursorSealer, text: &str, target: &Uri, now: Millis) -> Result<Arc<Claims>, ApiError> {
        let invalid = |reason: &'static str| ApiError::InvalidTicket(reason);
        let packed: PackedRequest =
            sealer.open_for_any(KIND, now, text).map_err(|_| invalid("it does not open, or has expired"))?;
        let ticket: Ticket = packed.read().ok_or_else(|| invalid("it has another form"))?;
        if ticket.process != self.process && !self.accepts_others {
            return Err(invalid("another process has made it"));
        }
        if digest_of(target).ok() != Some(ticket.target) {
            return Err(invalid("it is for another URL"));
        }
        self.mark_used(ticket.id, Millis(ticket.expires_at), now)?;
        let tenant = TenantId::try_from(ticket.tenant).map_err(|_| invalid("it names no tenant"))?;
        let scopes = ticket.scopes.into_iter().flat_map(|ClaimScopes { claim, claim_value, scopes }| {
            let (claim, claim_value): (Arc<str>, Option<Arc<str>>) = (claim.into(), claim_value.map(Arc::from));
            scopes.into_iter().map(move |value| GrantedScope {
                value,
                claim: Arc::clone(&claim),
                claim_value: claim_value.clone(),
            })
        });
        Ok(Arc::new(Claims {
            issuer: ticket.issuer,
            subject: ticket.subject,
            tenant,
            scopes: scopes.collect(),
            expires_at: ticket.token_expires_at,
            token_id: ticket.token_id,
            requirements: ticket.requirements,
        }))
    }

    fn mark_used(&self, id: [u8; 16], expires_at: Millis, now: Millis) -> Result<(), ApiError> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= MAX_USED {
            used.retain(|_, expires_at| now < *expires_at);
            if used.len() >= MAX_USED {
                return Err(ApiError::Overloaded);
            }
        }
        match used.entry(id) {
            Entry::Occupied(_) => Err(ApiError::InvalidTicket("it was used")),
            Entry::Vacant(place) => {
                place.insert(expires_at);
                Ok(())
            }
        }
    }
}

/// The ticket in a URL.
///
/// # Errors
/// If the URL has more than one, or one that cannot be decoded.
pub fn in_target(target: &Uri) -> Result<Option<String>, ApiError> {
    // Most requests have no ticket, and are not decoded for it. In an encoded name there is a `%`.
    if !target.query().is_some_and(|query| query.contains(PARAMETER) || query.contains('%')) {
        return Ok(None);
    }
    let mut found = None;
    for (name, value) in pairs(target) {
        if name == PARAMETER && found.replace(value).is_some() {
            return Err(ApiError::parameter(PARAMETER, "is given more than once; give it once"));
        }
    }
    Ok(found)
}

/// The URL without its ticket, as the rest of the request is parsed.
///
/// # Errors
/// [`ApiError::Internal`] if a part of a valid URL is not valid.
pub fn without(target: &Uri) -> Result<Uri, ApiError> {
    let is_other = |pair: &&str| decoded(pair.split_once('=').map_or(*pair, |(name, _)| name)) != PARAMETER;
    let query: Vec<&str> = target.query().unwrap_or("").split('&').filter(is_other).collect();
    let text = if query.is_empty() { target.path().to_owned() } else { format!("{}?{}", target.path(), query.join("&")) };
    text.parse().map_err(|_| ApiError::Internal("a URL without its ticket".to_owned()))
}

/// The digest of a URL without its ticket. Its parameters can be in any order and any encoding: browsers write some characters
/// otherwise than they were given.
fn digest_of(target: &Uri) -> Result<[u8; 32], TargetError> {
    if !target.path().starts_with('/') {
        return Err(TargetError::NotAPath);
    }
    let mut parameters: Vec<_> = pairs(target).filter(|(name, _)| name != PARAMETER).collect();
    if !parameters.iter().any(|(name, _)| PURPOSES.contains(&name.as_str())) {
        return Err(TargetError::NoPurpose);
    }
    parameters.sort();
    let path: Vec<String> = target.path().split('/').map(decoded).collect();
    let written = postcard::to_allocvec(&(path, parameters)).map_err(|_| TargetError::NotAPath)?;
    digest::digest(&digest::SHA256, &written).as_ref().try_into().map_err(|_| TargetError::NotAPath)
}

/// Checks a URL for which a ticket is requested.
///
/// # Errors
/// [`TargetError`].
pub fn check_target(target: &Uri) -> Result<(), TargetError> {
    if pairs(target).any(|(name, _)| name == PARAMETER) {
        return Err(TargetError::HasTicket);
    }
    digest_of(target).map(drop)
}

fn pairs(target: &Uri) -> impl Iterator<Item = (String, String)> {
    let pairs = target.query().unwrap_or("").split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(&name.replace('+', " ")), decoded(&value.replace('+', " ")))
    })
}

/// The decoded text. Text that cannot be decoded stays unchanged, and the parser of the request refuses it.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}

fn random() -> Result<[u8; 16], aws_lc_rs::error::Unspecified> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_763_632_800_000);
    const TARGET: &str = "/logs/:acme:api?follow=true&filter=a%20b";

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    fn claims(scopes: usize) -> Claims {
        let scope = |number| GrantedScope {
            value: format!("logs:tail:/acme/{number}/*"),
            claim: Arc::from("scope"),
            claim_value: (number % 2 == 1).then(|| Arc::from("log-readers")),
        };
        Claims {
            issuer: "test".to_owned(),
            subject: "someone".to_owned(),
            tenant: TenantId::try_from("acme").unwrap(),
            scopes: (0..scopes).map(scope).collect(),
            expires_at: NOW.0 / 1000 + 3600,
            token_id: Some("id".to_owned()),
            requirements: RequirementsDigest::default(),
        }
    }

    struct Issuing(Tickets, CursorSealer);

    impl Issuing {
        fn new(shared: bool) -> Self {
            Self(Tickets::new(shared).unwrap(), CursorSealer::new(&[[7; 32]]).unwrap())
        }

        fn make(&self, claims: &Claims) -> String {
            self.0.make(&self.1, claims, &uri(TARGET), NOW).unwrap().text
        }

        fn redeem(&self, text: &str, target: &str, now: i64) -> Result<Arc<Claims>, ApiError> {
            self.0.redeem(&self.1, text, &uri(target), Millis(NOW.0 + now))
        }
    }

    #[test]
    fn a_ticket_is_used_once_for_its_url_within_its_time() {
        let tickets = Issuing::new(false);
        let text = tickets.make(&claims(2));
        let with = format!("{TARGET}&ticket={text}");
        for other in [
            "/logs/:acme:api?follow=true",
            "/logs/:acme:web?follow=true&filter=a%20b",
            "/me",
            "/logs/:acme:api?follow=true&filter=a%20b&x=1",
        ] {
            assert_eq!(tickets.redeem(&text, other, 0), Err(ApiError::InvalidTicket("it is for another URL")), "{other}");
        }
        assert!(tickets.redeem(&text, TARGET, 60_000).is_err(), "expired");
        assert_eq!(*tickets.redeem(&text, &with, 59_999).unwrap(), claims(2));
        assert_eq!(tickets.redeem(&text, &with, 1), Err(ApiError::InvalidTicket("it was used")));
        let other = tickets.make(&claims(2));
        let reordered = "/logs/%3Aacme%3Aapi?filter=a+b&follow=true";
        assert!(tickets.redeem(&other, reordered, 0).is_ok(), "as a browser can write it");
    }

    #[test]
    fn a_ticket_ends_with_its_token() {
        let tickets = Issuing::new(false);
        let short = Claims { expires_at: NOW.0 / 1000 + 5, ..claims(1) };
        let made = tickets.0.make(&tickets.1, &short, &uri(TARGET), NOW).unwrap();
        assert_eq!(made.expires_at, Millis(NOW.0 + 5000));
        assert!(tickets.redeem(&made.text, TARGET, 5000).is_err());
        assert!(tickets.redeem(&made.text, TARGET, 4999).is_ok());
    }

    #[test]
    fn another_process_accepts_a_ticket_only_if_it_is_told_to() {
        let (maker, strict, shared) = (Issuing::new(false), Issuing::new(false), Issuing::new(true));
        let text = maker.make(&claims(1));
        assert_eq!(strict.redeem(&text, TARGET, 0), Err(ApiError::InvalidTicket("another process has made it")));
        assert!(shared.redeem(&text, TARGET, 0).is_ok());
        assert!(shared.redeem(&text, TARGET, 0).is_err(), "once with each");
        assert!(maker.redeem(&text, TARGET, 0).is_ok());
    }

    #[test]
    fn no_altered_ticket_opens_and_many_scopes_fit() {
        let tickets = Issuing::new(false);
        let text = tickets.make(&claims(100));
        assert!(text.len() < 2500, "{}", text.len());
        let mut altered = text.clone().into_bytes();
        for index in 0..altered.len() {
            let before = std::mem::replace(&mut altered[index], b'A');
            if before != b'A' {
                let altered = String::from_utf8(altered.clone()).unwrap();
                assert!(tickets.redeem(&altered, TARGET, 0).is_err(), "character {index}");
            }
            altered[index] = before;
        }
        assert!(tickets.redeem(&text, TARGET, 0).is_ok());
    }

    #[test]
    fn only_urls_of_tails_and_downloads_have_tickets() {
        let check = |target: &str| check_target(&uri(target));
        assert_eq!(check("/me"), Err(TargetError::NoPurpose));
        assert_eq!(check("/logs/a?limit=1"), Err(TargetError::NoPurpose));
        assert_eq!(check("/logs/a?follow=true&ticket=x"), Err(TargetError::HasTicket));
        assert_eq!(check("/logs/a?format=csv"), Ok(()));
        assert_eq!(check("/logs/a?follow=true"), Ok(()));
    }

    #[test]
    fn the_ticket_is_taken_out_of_the_url() {
        for (target, ticket, rest) in [
            ("/a?follow=true&ticket=x", Some("x"), "/a?follow=true"),
            ("/a?tic%6Bet=x&follow=true", Some("x"), "/a?follow=true"),
            ("/a?ticket=x", Some("x"), "/a"),
            ("/a?follow=true", None, "/a?follow=true"),
            ("/a", None, "/a"),
        ] {
            assert_eq!(in_target(&uri(target)).unwrap().as_deref(), ticket, "{target}");
            assert_eq!(without(&uri(target)).unwrap(), rest, "{target}");
        }
        assert!(in_target(&uri("/a?ticket=x&ticket=y")).is_err());
    }
}
