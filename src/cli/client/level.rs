//! The level of a message, for its colour.
//!
//! Rules: the member `level` (or another usual name) of a JSON message; else the value of `level=` in logfmt; else the first known
//! word in capitals near the start. A guess can be wrong, so it decides nothing but a colour.

use serde_json::Value;

/// Bytes of a message that are searched.
const SEARCHED: usize = 200;
/// Longer JSON is not parsed for a colour.
const MAX_JSON: usize = 64 * 1024;
const MEMBERS: [&str; 8] = ["level", "severity", "log.level", "lvl", "loglevel", "levelname", "@l", "severityText"];

/// How serious a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warning,
    Info,
    Debug,
}

impl Level {
    /// The level of a message.
    pub(super) fn of(message: &str) -> Option<Self> {
        let trimmed = message.trim_start();
        if trimmed.starts_with('{')
            && trimmed.len() <= MAX_JSON
            && let Ok(Value::Object(members)) = serde_json::from_str::<Value>(trimmed)
        {
            let nested = members.get("log").and_then(|log| log.get("level"));
            return MEMBERS.iter().find_map(|name| members.get(*name)).or(nested).and_then(Self::of_value);
        }
        let start = message.char_indices().nth(SEARCHED).map_or(message, |(end, _)| message.get(..end).unwrap_or(message));
        let mut words = start.split(|character: char| !character.is_ascii_alphanumeric());
        let logfmt = ["level=", "lvl=", "severity="].iter().find_map(|name| start.split_once(name)).map(|(_, rest)| rest);
        if let Some(rest) = logfmt {
            let rest = rest.trim_start_matches('"');
            return Self::of_word(rest.split(|character: char| !character.is_ascii_alphabetic()).next().unwrap_or_default());
        }
        words.find_map(|word| {
            let is_capital = word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_uppercase());
            if is_capital { Self::of_word(word) } else { None }
        })
    }

    fn of_value(value: &Value) -> Option<Self> {
        match value {
            Value::String(word) => Self::of_word(word),
            // bunyan's and pino's numbers.
            Value::Number(number) => match number.as_u64()? {
                50.. => Some(Self::Error),
                40..50 => Some(Self::Warning),
                30..40 => Some(Self::Info),
                10..30 => Some(Self::Debug),
                _ => None,
            },
            _ => None,
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "error" | "err" | "fatal" | "critical" | "crit" | "severe" | "alert" | "emerg" | "emergency" | "panic" => {
                Some(Self::Error)
            }
            "warn" | "warning" => Some(Self::Warning),
            "info" | "information" | "notice" => Some(Self::Info),
            "debug" | "trace" | "verbose" | "fine" | "finer" | "finest" => Some(Self::Debug),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn levels_of_usual_messages() {
        for (message, expected) in [
            (r#"{"level":"error","msg":"INFO"}"#, Some(Level::Error)),
            (r#"{"log":{"level":"WARN"}}"#, Some(Level::Warning)),
            (r#"{"log.level":"debug"}"#, Some(Level::Debug)),
            (r#"{"level":50}"#, Some(Level::Error)),
            (r#"{"message":"ERROR in a text"}"#, None),
            ("2026-11-20 10:00:00,123 WARN  [main] x - ERROR later", Some(Level::Warning)),
            ("[ERROR] x", Some(Level::Error)),
            ("time=1 level=warn msg=\"ERROR\"", Some(Level::Warning)),
            ("time=1 level=\"error\"", Some(Level::Error)),
            ("no errors were found", None),
            ("GET /ERRORS 200", None),
            ("", None),
        ] {
            assert_eq!(Level::of(message), expected, "{message}");
        }
    }
}
