//! `parse`, `json`. Page: CWL_QuerySyntax-Parse.

use logmark_diagnostics::Spanned;

use super::{FieldPath, Regex, Text};

/// `parse @message "user=*" as user`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parse {
    /// The field whose text is parsed; `@message` when there is none.
    pub input: Option<Spanned<FieldPath>>,
    /// How.
    pub format: ParseFormat,
}

/// How a text is taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseFormat {
    /// `"user=*, id=*" as user, id`: as many aliases as `*`, at least one.
    Glob {
        /// The text with `*` in the place of what is taken out.
        pattern: Spanned<Text>,
        /// The new fields, in the order of the `*`.
        aliases: Vec<Spanned<FieldPath>>,
    },
    /// `/user=(?<user>\w+)/`, `/user=(\w+)/ as user`
    Regex {
        /// The expression.
        pattern: Spanned<Regex>,
        /// The new fields, in the order of the groups; none when the groups are named.
        aliases: Vec<Spanned<FieldPath>>,
        /// Which of its matches.
        matches: Matches,
    },
    /// `logfmt as m`: `key=value` pairs, into a map.
    Logfmt {
        /// The new field.
        alias: Spanned<FieldPath>,
    },
    /// `xml '/event/level' as level`: the text that an `XPath` finds in a document of XML.
    Xml {
        /// The `XPath`, as it was written: CloudWatch reads it.
        path: Spanned<Text>,
        /// The new field.
        alias: Spanned<FieldPath>,
    },
    /// `csv as a, b`: values between commas.
    Csv {
        /// The new fields, in order; at least one.
        aliases: Vec<Spanned<FieldPath>>,
    },
}

/// Which matches of a regular expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Matches {
    /// The first.
    First,
    /// `multi`: all of them, each in a row of its own.
    All,
}

/// `json field=f "k.sub" as a`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json {
    /// The field whose text is JSON; `@message` when there is none.
    pub input: Option<Spanned<FieldPath>>,
    /// The way to the value.
    pub path: Spanned<Text>,
    /// The new field.
    pub alias: Spanned<FieldPath>,
}
