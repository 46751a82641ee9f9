//! The references of an expression.

use logmark_diagnostics::{Span, Spanned};

use crate::ast::{Argument, Call, Expression, MatchPattern, Set};

use super::beyond::Beyond;
use super::field::Referent;
use super::function::{Reads, reads};
use super::scope::{NodeId, Scope};
use super::uses::{Use, Uses};
use super::walk::Walker;

impl Walker {
    /// Adds the references of an expression with these uses. Returns the nodes that its value is computed from.
    pub(crate) fn value(&mut self, scope: &Scope, expression: &Expression, span: Span, uses: Uses) -> Vec<NodeId> {
        let mut found = Vec::new();
        self.expression(scope, expression, span, uses, &mut found);
        found
    }

    fn expression(&mut self, scope: &Scope, expression: &Expression, span: Span, uses: Uses, found: &mut Vec<NodeId>) {
        if !self.enter(scope, span) {
            return;
        }
        // The operands of a condition are always computed from, so `Computed` is not added to `Filtered`.
        let inner = if uses.contains(Use::Filtered) { uses } else { uses.and(Uses::of(Use::Computed)) };
        match expression {
            Expression::Field(path) => found.push(self.refer(scope, Referent::Field(path.clone()), span, uses)),
            Expression::Text(_) | Expression::Number(_) | Expression::Boolean(_) | Expression::Null => {}
            Expression::Unary(_, operand) => self.expression(scope, &operand.node, operand.span, inner, found),
            Expression::Binary(_, left, right) => {
                self.expression(scope, &left.node, left.span, inner, found);
                self.expression(scope, &right.node, right.span, inner, found);
            }
            Expression::And(parts) | Expression::Or(parts) => {
                for part in parts {
                    self.expression(scope, &part.node, part.span, inner, found);
                }
            }
            Expression::Match(_, operand, pattern) => {
                self.expression(scope, &operand.node, operand.span, inner, found);
                match &pattern.node {
                    MatchPattern::Text(_) | MatchPattern::Regex(_) => {}
                }
            }
            Expression::In(_, operand, set) => {
                self.expression(scope, &operand.node, operand.span, inner, found);
                self.set(scope, set, inner, found);
            }
            Expression::Call(call) => self.call(scope, call, inner, found),
        }
        self.leave();
    }

    fn set(&mut self, scope: &Scope, set: &Spanned<Set>, uses: Uses, found: &mut Vec<NodeId>) {
        match &set.node {
            Set::List(elements) => {
                for element in elements {
                    self.expression(scope, &element.node, element.span, uses, found);
                }
            }
            Set::Query(query) => found.extend(self.subquery(scope, query, set.span, uses)),
            Set::Value(value) => self.expression(scope, value, set.span, uses, found),
        }
    }

    fn call(&mut self, scope: &Scope, call: &Call, uses: Uses, found: &mut Vec<NodeId>) {
        let Call { function, arguments } = call;
        match reads(function.node) {
            Reads::Nothing => {}
            Reads::Time => found.push(self.system_field(scope, "@timestamp", function.span, uses)),
            Reads::MessageWithoutArgument if arguments.is_empty() => {
                found.push(self.system_field(scope, "@message", function.span, uses));
            }
            Reads::MessageWithoutArgument => {}
            Reads::Unmasked => self.reaches(Beyond::Unmask, function.span),
        }
        for argument in arguments {
            match &argument.node {
                Argument::Expression(expression) => self.expression(scope, expression, argument.span, uses, found),
                Argument::Period(_) | Argument::Star => {}
            }
        }
    }
}
