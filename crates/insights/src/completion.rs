//! Descriptions of commands and functions, for editors that complete queries.
//!
//! Owns no list: names come from the lists of `crate::commands` and [`crate::functions`], examples and descriptions from the
//! comments of their entries.

use crate::ast::CommandName;
use crate::functions::{Function, Signature};

/// The example of an entry, and its description as a sentence: ``"`example`: description."``. More examples may follow the first.
fn parts(documentation: &str) -> (&str, &str) {
    let (examples, description) = documentation.split_once("`: ").unwrap_or((documentation, ""));
    let example = examples.trim_start().trim_start_matches('`').split('`').next().unwrap_or_default();
    (example, description.trim_end())
}

impl CommandName {
    /// An example of the command.
    ///
    /// ```
    /// use logmark_insights::ast::CommandName;
    ///
    /// assert_eq!(CommandName::Dedup.example(), "dedup f");
    /// assert_eq!(CommandName::Dedup.description(), "one row for each value.");
    /// ```
    #[must_use]
    pub fn example(self) -> &'static str {
        parts(self.documentation()).0
    }

    /// What the command does, in one line.
    #[must_use]
    pub fn description(self) -> &'static str {
        parts(self.documentation()).1
    }
}

impl Function {
    /// An example of a call.
    #[must_use]
    pub fn example(self) -> &'static str {
        parts(self.documentation()).0
    }

    /// The value of the function, in one line.
    #[must_use]
    pub fn description(self) -> &'static str {
        parts(self.documentation()).1
    }

    /// The signature: the name and the parameters, optional ones in brackets.
    ///
    /// ```
    /// use logmark_insights::functions::Function;
    ///
    /// assert_eq!(Function::Round.signature_text(), "round(number[, digits])");
    /// assert_eq!(Function::Coalesce.signature_text(), "coalesce(value, …)");
    /// assert_eq!(Function::Count.signature_text(), "count([* or field])");
    /// ```
    #[must_use]
    pub fn signature_text(self) -> String {
        let signature = self.signature();
        let mut text = format!("{}(", self.spelling());
        let mut optional = 0;
        for (index, name) in signature.parameter_names().enumerate() {
            if signature.more == 0 && index >= signature.least() {
                text.push('[');
                optional += 1;
            }
            text.push_str(if index == 0 { "" } else { ", " });
            text.push_str(name);
        }
        text.extend(std::iter::repeat_n(']', optional));
        text.push(')');
        text
    }
}

impl Signature {
    /// The names of the parameters in order. `…` stands for further ones.
    pub fn parameter_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.names.split(", ").filter(|name| !name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_function_has_an_example_and_a_description() {
        for name in CommandName::ALL {
            let example = name.example().to_ascii_lowercase();
            let begins = name.spellings().iter().any(|spelling| example.starts_with(&spelling.to_ascii_lowercase()));
            assert!(begins, "{name}: {example}");
            assert!(name.description().ends_with('.'), "{name}: {}", name.description());
        }
        for function in Function::ALL {
            let example = function.example();
            let begins = function.spellings().iter().any(|spelling| example.starts_with(&format!("{spelling}(")));
            assert!(begins && example.ends_with(')'), "{function}: {example}");
            assert!(function.description().ends_with('.'), "{function}: {}", function.description());
        }
    }

    #[test]
    fn a_signature_names_as_many_parameters_as_it_has() {
        for function in Function::ALL {
            let signature = function.signature();
            let names = signature.parameter_names().filter(|name| *name != "…").count();
            let described = signature.required.len() + signature.optional.len();
            assert!(names == described || signature.more > 0, "{}", function.signature_text());
        }
    }
}
