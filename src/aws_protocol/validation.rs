//! Checks the members of a request, and reports all errors in one answer, with the texts of AWS's own validation.
//!
//! Owns those texts, and the constraints that many operations share. Names become the types of [`crate::domain::name`] here, so
//! that no unchecked input is used.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde::de::DeserializeOwned;

use super::arn;
use super::error::ServiceError;
use crate::domain::name::{LogGroupName, LogStreamName, NameError};

/// Characters of a client's text that an error repeats.
const SHOWN: usize = 600;
/// The longest name of a group or stream.
const MAX_NAME: usize = 512;
/// The characters of a group's name, in AWS's form.
pub const GROUP_PATTERN: &str = r"[\.\-_/#A-Za-z0-9]+";
/// The characters of a stream's name.
pub const STREAM_PATTERN: &str = "[^:*]*";
/// The characters of a group's identifier.
pub const IDENTIFIER_PATTERN: &str = r"[\w#+=/:,.@-]*";

/// Parses a JSON body. A missing body is an object without members, and unknown members are ignored, as AWS does.
///
/// # Errors
/// `SerializationException`.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ServiceError> {
    let body: &[u8] = if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body };
    // The error's text would repeat the client's input; its position is enough.
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        ServiceError::serialization(format!("The body is not the JSON that the operation takes: line {line}, column {column}."))
    })
}

/// The errors found so far.
#[derive(Debug, Default)]
pub struct Validation {
    found: Vec<String>,
    /// An error for which AWS uses another form: it is the whole answer.
    alone: Option<String>,
}

impl Validation {
    /// Records that a value violates a constraint.
    pub fn fail(&mut self, name: &str, value: Option<&dyn Display>, constraint: impl Display) {
        let value = value.map_or_else(String::new, |value| {
            let shown: String = value.to_string().chars().take(SHOWN).collect();
            format!(" '{shown}'")
        });
        self.found.push(format!("Value{value} at '{name}' failed to satisfy constraint: {constraint}"));
    }

    /// Records an error for which AWS uses another form: it is the whole answer.
    pub fn alone(&mut self, text: impl Into<String>) {
        self.alone.get_or_insert(text.into());
    }

    /// Ends the checks.
    ///
    /// # Errors
    /// `InvalidParameterException` with every error found.
    pub fn finish(self) -> Result<(), ServiceError> {
        if let Some(text) = self.alone {
            return Err(ServiceError::invalid(text));
        }
        match self.found.len() {
            0 => Ok(()),
            1 => Err(ServiceError::invalid(format!("1 validation error detected: {}", self.found.concat()))),
            count => Err(ServiceError::invalid(format!("{count} validation errors detected: {}", self.found.join("; ")))),
        }
    }

    /// A required value.
    pub fn required<T>(&mut self, name: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.found.push(format!("Value null at '{name}' failed to satisfy constraint: Member must not be null"));
        }
        value
    }

    /// A number in a range.
    pub fn number(&mut self, name: &str, value: Option<i64>, range: RangeInclusive<i64>) -> Option<i64> {
        let value = value?;
        if value < *range.start() {
            self.fail(name, Some(&value), format_args!("Member must have value greater than or equal to {}", range.start()));
        } else if value > *range.end() {
            self.fail(name, Some(&value), format_args!("Member must have value less than or equal to {}", range.end()));
        } else {
            return Some(value);
        }
        None
    }

    /// A number of items of a page; the maximum if absent.
    pub fn limit(&mut self, name: &str, value: Option<i64>, most: usize) -> usize {
        let most_number = i64::try_from(most).unwrap_or(i64::MAX);
        self.number(name, value, 1..=most_number).and_then(|value| usize::try_from(value).ok()).unwrap_or(most)
    }

    /// A time in epoch milliseconds, or in seconds.
    pub fn time(&mut self, name: &str, value: Option<i64>) -> Option<i64> {
        self.number(name, value, 0..=i64::MAX)
    }

    /// A text whose length, in characters, is in a range.
    pub fn text(&mut self, name: &str, value: Option<String>, length: RangeInclusive<usize>) -> Option<String> {
        let value = value?;
        let count = value.chars().count();
        if count < *length.start() {
            let least = length.start();
            self.fail(name, Some(&value), format_args!("Member must have length greater than or equal to {least}"));
        } else if count > *length.end() {
            self.fail(name, Some(&value), format_args!("Member must have length less than or equal to {}", length.end()));
        } else {
            return Some(value);
        }
        None
    }

    /// The number of a list's items.
    pub fn count<T>(&mut self, name: &str, items: &[T], range: RangeInclusive<usize>) {
        let (least, most) = range.into_inner();
        if items.len() < least {
            self.fail(name, None, format_args!("Member must have length greater than or equal to {least}"));
        } else if items.len() > most {
            self.fail(name, None, format_args!("Member must have length less than or equal to {most}"));
        }
    }

    /// One of the listed words.
    pub fn choice<T: Copy>(&mut self, name: &str, value: Option<&str>, words: &[(&str, T)]) -> Option<T> {
        let value = value?;
        let found = words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let words = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
            self.fail(name, Some(&value), format_args!("Member must satisfy enum value set: [{words}]"));
        }
        found
    }

    /// A required name of a group.
    pub fn group(&mut self, name: &str, value: Option<String>) -> Option<LogGroupName> {
        let value = self.required(name, value)?;
        self.group_name(name, &value)
    }

    fn group_name(&mut self, name: &str, value: &str) -> Option<LogGroupName> {
        LogGroupName::try_from(value).map_err(|error| self.name_fault(name, value, &error, GROUP_PATTERN)).ok()
    }

    /// A required name of a stream.
    pub fn stream(&mut self, name: &str, value: Option<String>) -> Option<LogStreamName> {
        let value = self.required(name, value)?;
        LogStreamName::try_from(value.as_str()).map_err(|error| self.name_fault(name, &value, &error, STREAM_PATTERN)).ok()
    }

    fn name_fault(&mut self, name: &str, value: &str, error: &NameError, pattern: &str) {
        match error {
            NameError::Empty => self.fail(name, Some(&value), "Member must have length greater than or equal to 1"),
            NameError::TooLong(_) => {
                let text = format!("Invalid LogGroup or LogStream, both must have length less than or equal to {MAX_NAME}.");
                self.alone.get_or_insert(text);
            }
            NameError::Character { .. } => {
                self.fail(name, Some(&value), format_args!("Member must satisfy regular expression pattern: {pattern}"));
            }
            NameError::DotSegment(_) | NameError::Reserved(_) => {
                self.alone.get_or_insert(format!("The value of '{name}' {error}."));
            }
        }
    }

    /// A group by its name or by its ARN: exactly one of `logGroupName` and `logGroupIdentifier`.
    pub fn group_or_identifier(
        &mut self,
        name: Option<String>,
        identifier: Option<String>,
        account: &str,
    ) -> Result<Option<LogGroupName>, ServiceError> {
        match (name, identifier) {
            (Some(_), Some(_)) => {
                let text = "LogGroup name and LogGroup ARN are mutually exclusive parameters.";
                Err(ServiceError::new("ValidationException", text))
            }
            (None, Some(identifier)) => self.identifier("logGroupIdentifier", &identifier, account),
            (name, None) => Ok(self.group("logGroupName", name)),
        }
    }

    /// A group by its name or by its ARN.
    ///
    /// # Errors
    /// When it belongs to another account.
    pub fn identifier(&mut self, name: &str, value: &str, account: &str) -> Result<Option<LogGroupName>, ServiceError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "_#+=/:,.@-".contains(c);
        if value.is_empty() || value.chars().count() > 2048 {
            self.text(name, Some(value.to_owned()), 1..=2048);
            return Ok(None);
        }
        if !value.chars().all(fits) {
            // AWS does not repeat this value.
            self.fail(name, None, format_args!("Member must satisfy regular expression pattern: {IDENTIFIER_PATTERN}"));
            return Ok(None);
        }
        let Some(resource) = arn::group_of(value) else { return Ok(self.group_name(name, value)) };
        if resource.account != account {
            return Err(ServiceError::not_found(super::error::NO_GROUP));
        }
        Ok(self.group_name(name, resource.group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_in_one_answer_in_the_services_own_words() {
        let mut checks = Validation::default();
        assert_eq!(checks.limit("limit", Some(10_001), 10_000), 10_000);
        let one = checks.finish().unwrap_err();
        assert_eq!(one.code, "InvalidParameterException");
        assert_eq!(
            one.message,
            "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"
        );
        let mut checks = Validation::default();
        assert_eq!(checks.group("logGroupName", None), None);
        assert_eq!(checks.stream("logStreamName", Some("a:b".to_owned())), None);
        assert_eq!(
            checks.finish().unwrap_err().message,
            "2 validation errors detected: Value null at 'logGroupName' failed to satisfy constraint: Member must not be null; \
             Value 'a:b' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*"
        );
        let mut checks = Validation::default();
        checks.group("logGroupName", Some("x".repeat(513)));
        assert_eq!(
            checks.finish().unwrap_err().message,
            "Invalid LogGroup or LogStream, both must have length less than or equal to 512."
        );
    }

    #[test]
    fn an_identifier_is_a_name_or_an_arn_of_this_account() {
        let read = |text: &str| {
            let mut checks = Validation::default();
            let found = checks.identifier("logGroupIdentifier", text, "123456789012")?;
            checks.finish().map(|()| found.map(|group| group.to_string()))
        };
        let arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/acme/api";
        for text in ["/acme/api", arn, &format!("{arn}:")] {
            assert_eq!(read(text).unwrap().as_deref(), Some("/acme/api"), "{text}");
        }
        let foreign = read("arn:aws:logs:eu-west-1:999999999999:log-group:/acme/api").unwrap_err();
        assert_eq!(foreign.code, "ResourceNotFoundException");
        let starred = read(&format!("{arn}:*")).unwrap_err();
        assert_eq!(
            starred.message,
            r"1 validation error detected: Value at 'logGroupIdentifier' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w#+=/:,.@-]*"
        );
        assert!(read("arn:aws:s3:::bucket").is_err());
    }
}
