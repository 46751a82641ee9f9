//! What the language has and somebody does not run.
//!
//! The parser takes the whole language; who runs queries may take less of it, and says so with these: a fault of the kind
//! [`Kind::Unsupported`], which is another than that of a name that does not exist.

use logmark_diagnostics::{Diagnostic, Kind, Span};

use crate::ast::CommandName;
use crate::functions::Function;

/// The fault of a command that is not run here. The span is the command's.
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

/// The fault of a function that is not run here. The span is that of its name or its call.
#[must_use]
pub fn unsupported_function(function: Function, span: Span) -> Diagnostic {
    fault("a function", function.spelling(), span)
}

/// The fault of a mode of `parse` that is not run here, such as `xml`. The span is the command's.
#[must_use]
pub fn unsupported_parse_mode(mode: &str, span: Span) -> Diagnostic {
    fault("a mode of `parse`", mode, span)
}

fn fault(what: &str, name: &str, span: Span) -> Diagnostic {
    let fault = Diagnostic::new(Kind::Unsupported, span, format!("{what} that is supported here"), format!("`{name}`"));
    fault.hint("CloudWatch has it; this service does not run it")
}
