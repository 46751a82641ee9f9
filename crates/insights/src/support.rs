//! Errors for parts of the language that an engine does not support.
//!
//! The parser accepts the whole language. An engine that supports less reports these errors of the kind [`Kind::Unsupported`],
//! so that they differ from the error for an unknown name.

use logmark_diagnostics::{Diagnostic, Kind, Span};

use crate::ast::CommandName;
use crate::functions::Function;

/// The error for an unsupported command. The span is the command's.
///
/// ```
/// use logmark_diagnostics::Kind;
/// use logmark_insights::ast::{CommandName, Query};
/// use logmark_insights::support::unsupported_command;
///
/// let query = Query::parse("pattern @message | anomaly").unwrap();
/// let refused = query.commands.iter().find(|command| command.node.name() == CommandName::Anomaly).unwrap();
/// let fault = unsupported_command(CommandName::Anomaly, refused.span);
/// assert_eq!(fault.kind, Kind::Unsupported);
/// assert_eq!(fault.message(), "expected a command that is supported here, found `anomaly`");
/// ```
#[must_use]
pub fn unsupported_command(name: CommandName, span: Span) -> Diagnostic {
    fault("a command", name.spelling(), span)
}

/// The error for an unsupported function. The span is the span of its name or its call.
#[must_use]
pub fn unsupported_function(function: Function, span: Span) -> Diagnostic {
    fault("a function", function.spelling(), span)
}

/// The error for an unsupported mode of `parse`, such as `xml`. The span is the command's.
#[must_use]
pub fn unsupported_parse_mode(mode: &str, span: Span) -> Diagnostic {
    fault("a mode of `parse`", mode, span)
}

fn fault(what: &str, name: &str, span: Span) -> Diagnostic {
    let fault = Diagnostic::new(Kind::Unsupported, span, format!("{what} that is supported here"), format!("`{name}`"));
    fault.hint("CloudWatch has it; this service does not run it")
}
