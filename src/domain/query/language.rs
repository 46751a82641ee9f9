//! Logs Insights QL for editors: the commands and functions, and the outline of a query's result.
//!
//! Owns no list: `logmark-insights` has the lists, which its parser reads too.

use logmark_insights::ast::{CommandName, Query};
use logmark_insights::functions::{Function, FunctionKind};
use logmark_insights::outline::{Outline, Shape};

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandInfo {
    /// The name, as the documentation spells it.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// An example.
    pub example: &'static str,
    /// What the command does, in one line.
    pub description: &'static str,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionInfo {
    /// The name, as the documentation spells it.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// `scalar`, `aggregate` or `either`: where it is allowed.
    pub kind: &'static str,
    /// The name and the parameters, optional ones in brackets.
    pub signature: String,
    /// The names of the parameters. `…` stands for further ones.
    pub parameters: Vec<&'static str>,
    /// Arguments at least.
    pub min_arguments: usize,
    /// Arguments at most; `None`: only the length of a query limits them.
    pub max_arguments: Option<usize>,
    /// An example of a call.
    pub example: &'static str,
    /// The value, in one line.
    pub description: &'static str,
}

/// The commands. The sign of a saved query is not a name that can be completed.
pub fn commands() -> impl Iterator<Item = CommandInfo> {
    let names = CommandName::ALL.iter().copied().filter(|name| *name != CommandName::SavedQuery);
    names.map(|name| CommandInfo {
        name: name.spelling(),
        aliases: name.spellings().get(1..).unwrap_or_default(),
        example: name.example(),
        description: name.description(),
    })
}

/// The functions.
pub fn functions() -> impl Iterator<Item = FunctionInfo> {
    Function::ALL.iter().copied().map(|function| {
        let signature = function.signature();
        FunctionInfo {
            name: function.spelling(),
            aliases: function.spellings().get(1..).unwrap_or_default(),
            kind: match signature.kind {
                FunctionKind::Scalar => "scalar",
                FunctionKind::Aggregate => "aggregate",
                FunctionKind::Either => "either",
            },
            signature: function.signature_text(),
            parameters: signature.parameter_names().collect(),
            min_arguments: signature.least(),
            max_arguments: Some(signature.most()).filter(|most| *most < usize::MAX),
            example: function.example(),
            description: function.description(),
        }
    })
}

/// The columns and the shape of a result.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResultOutline {
    /// The columns without `@ptr`; empty if the text does not tell them.
    pub columns: Vec<String>,
    /// `events`, `table` or `series`; `None` if the text does not tell it.
    pub shape: Option<&'static str>,
}

impl ResultOutline {
    /// The outline of the query in this text. Nothing is known of a text that is not a query.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let Ok(query) = Query::parse(text) else { return Self::default() };
        let Outline { columns, shape } = Outline::of(&query, text);
        let shape = shape.map(|shape| match shape {
            Shape::Events => "events",
            Shape::Table => "table",
            Shape::Series => "series",
        });
        Self { columns: columns.unwrap_or_default(), shape }
    }
}
