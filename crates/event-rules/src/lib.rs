//! Row rules and field masks: which events a grant shows, and which parts of them.
//!
//! Pure functions on messages, filter patterns and queries. Knows no tenants, no sources and no HTTP.
//!
//! # Masks
//!
//! A [`FieldMask`] hides members of JSON messages. All other bytes of a message stay as they were written:
//!
//! ```
//! use logmark_event_rules::{FieldMask, MaskPath, Masked, Replacement};
//!
//! let paths = [MaskPath::parse("$.card")?, MaskPath::parse("$.user.email")?];
//! let mask = FieldMask::new(&paths, Replacement::default())?;
//! let message = r#"{"order": 7, "card": {"number": "4111"}, "user": {"name": "Ann", "email": "a@b.example"}}"#;
//! let masked = r#"{"order": 7, "card": "***", "user": {"name": "Ann", "email": "***"}}"#;
//! assert_eq!(mask.apply(message), Masked::Changed(masked.to_owned()));
//! assert_eq!(mask.apply(r#"{"order": 7}"#), Masked::Unchanged);
//! assert_eq!(mask.apply("card 4111"), Masked::Withheld);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Row rules in queries
//!
//! [`query_condition`] translates a row rule, which is a filter pattern, into a condition of Logs Insights:
//!
//! ```
//! use logmark_event_rules::query_condition;
//! use logmark_filter_pattern::FilterPattern;
//!
//! assert!(query_condition(&FilterPattern::parse("ERROR -retry").unwrap()).is_ok());
//! let refused = query_condition(&FilterPattern::parse("{ $.path = %^/pay% }").unwrap()).unwrap_err();
//! assert_eq!(refused.part.of("{ $.path = %^/pay% }"), "$.path = %^/pay%");
//! ```

mod mask;
mod query;

pub use mask::{FieldMask, Forbidden, InvalidMask, InvalidPath, MaskPath, Masked, Replacement};
pub use query::{Untranslatable, UntranslatableReason, query_condition};
