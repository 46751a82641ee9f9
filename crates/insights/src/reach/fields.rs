//! Steps that several commands share to define their reach.

use logmark_diagnostics::{Span, Spanned};

use crate::ast::{Column, Expression, FieldPath, Literal};

use super::field::Referent;
use super::scope::{NodeId, Replaces, Scope};
use super::uses::{Use, Uses};
use super::walk::Walker;

impl Walker {
    /// Refers to each of the fields.
    pub(crate) fn fields(&mut self, scope: &Scope, fields: &[Spanned<FieldPath>], uses: Uses) -> Vec<NodeId> {
        fields.iter().map(|field| self.field(scope, field, uses)).collect()
    }

    /// Refers to each of the fields, or to all fields when the list is empty.
    pub(crate) fn fields_or_all(&mut self, scope: &Scope, fields: &[Spanned<FieldPath>], word: Span, uses: Uses) -> Vec<NodeId> {
        if fields.is_empty() { vec![self.refer(scope, Referent::All, word, uses)] } else { self.fields(scope, fields, uses) }
    }

    /// Refers to the field that a command parses: the given one, or `@message`.
    pub(crate) fn field_or_message(&mut self, scope: &Scope, field: Option<&Spanned<FieldPath>>, word: Span) -> NodeId {
        let uses = Uses::of(Use::Parsed);
        match field {
            Some(field) => self.field(scope, field, uses),
            None => self.system_field(scope, "@message", word, uses),
        }
    }

    /// Columns, which are shown unless a later command replaces them.
    pub(crate) fn columns(&mut self, scope: &mut Scope, columns: &[Column], uses: Uses) {
        for column in columns {
            let Column { expression, alias } = column;
            let sources = self.value(scope, &expression.node, expression.span, uses);
            scope.shown.extend(&sources);
            let node = match (alias, &expression.node) {
                (Some(alias), _) => self.define(scope, alias, sources, Replaces::Wholly),
                (None, Expression::Field(_)) => continue,
                (
                    None,
                    Expression::Text(_)
                    | Expression::Number(_)
                    | Expression::Boolean(_)
                    | Expression::Null
                    | Expression::Unary(..)
                    | Expression::Binary(..)
                    | Expression::And(_)
                    | Expression::Or(_)
                    | Expression::Match(..)
                    | Expression::In(..)
                    | Expression::Call(_),
                ) => self.define_unnamed(scope, sources),
            };
            scope.shown.push(node);
        }
    }

    /// Defines a field that the result shows. Some rows may keep the value that the field had before.
    pub(crate) fn define_shown(&mut self, scope: &mut Scope, name: &Spanned<FieldPath>, sources: Vec<NodeId>) {
        let node = self.define(scope, name, sources, Replaces::InSomeRows);
        scope.shown.push(node);
    }

    /// Defines the columns that a command itself names, computed from `sources`.
    pub(crate) fn define_columns(&mut self, scope: &mut Scope, names: &[&str], span: Span, sources: Vec<NodeId>) {
        let all = self.several(sources);
        for name in names {
            let node = self.define_word(scope, name, span, vec![all]);
            scope.shown.extend(node);
        }
    }
}

/// A constant refers to nothing.
pub(crate) fn constant(value: &Spanned<Literal>) {
    match &value.node {
        Literal::Text(_) | Literal::Number(_) | Literal::Negative(_) | Literal::Boolean(_) => {}
    }
}
