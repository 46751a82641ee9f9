//! `join`: fields from the events of another query.
//!
//! - `join [type=inner|left] left=name right=name where a.field=b.field [and …] (query)`
//! - a name bound by `left=` or `right=` begins every field of its side. The grammar does not check which side a field has
//! - at most one in a query
//!
//! Page: CWL_QuerySyntax-Join.

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{CommandName, CommandRules, Part, PartMut, RowEffect};
use crate::ast::{FieldPath, Name, Query};
use crate::check::Faults;
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::option::{Options, choice};
use crate::parse::{names, query_in_parentheses};
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::reach::{Beyond, Nesting, Use, Uses};
use crate::token::TokenKind;

/// `join type=left left=a right=b where a.k=b.k (SOURCE 'g' | fields k, v)`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// `type=`: whether events without a partner stay.
    pub kind: JoinKind,
    /// `left=`: the name of the events of this query.
    pub left: Spanned<Name>,
    /// `right=`: the name of the other query's events.
    pub right: Spanned<Name>,
    /// The pairs of fields that must be equal; at least one.
    pub keys: Vec<JoinKey>,
    /// The other query. Its first command is `SOURCE`.
    pub query: Spanned<Query>,
}

/// Whether events without a partner stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// `inner`: they are left out. The default.
    Inner,
    /// `left`: those of the left side stay.
    Left,
}

/// `a.k = b.k`, as written: either side may come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinKey {
    /// Before the `=`.
    pub first: Spanned<FieldPath>,
    /// After it.
    pub second: Spanned<FieldPath>,
}

impl CommandRules for Join {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let (mut kind, mut left, mut right) = (JoinKind::Inner, None, None);
        let mut options = Options::new(&["type", "left", "right"]);
        while let Some(option) = options.next(cursor)? {
            match option.node {
                "left" => left = Some(names::name(cursor, "a name for the events so far")?),
                "right" => right = Some(names::name(cursor, "a name for the joined events")?),
                _ if choice(cursor, &["inner", "left"])?.0 == "left" => kind = JoinKind::Left,
                _ => {}
            }
        }
        let (Some(left), Some(right)) = (left, right) else {
            let hint = "such as: join left=a right=b where a.id=b.id (SOURCE 'group')";
            return Err(cursor.fail_here(Kind::Syntax, Some(hint.to_owned())));
        };
        cursor.expect_word("where")?;
        let mut keys = vec![join_key(cursor)?];
        while cursor.take_word("and") {
            keys.push(join_key(cursor)?);
        }
        if cursor.at_word("or") {
            return Err(cursor.fail(Kind::Syntax, "`and` or `(`", Some("all pairs of a join must be equal".to_owned())));
        }
        Ok(Self { kind, left, right, keys, query: query_in_parentheses(cursor)? })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.kind == JoinKind::Left { " type=left" } else { "" };
        write!(f, "{kind} left={} right={} where ", self.left, self.right)?;
        for (index, key) in self.keys.iter().enumerate() {
            write!(f, "{}{} = {}", if index > 0 { " and " } else { "" }, key.first, key.second)?;
        }
        write!(f, " ({})", self.query)
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span) {
        let Self { kind: _, left, right, keys, query } = self;
        walker.reaches(Beyond::OtherQuery(Nesting::Join), word);
        walker.add_columns(scope, query, Some((&left.node, &right.node)));
        for key in keys {
            let JoinKey { first, second } = key;
            walker.field(scope, first, Uses::of(Use::Joined));
            walker.field(scope, second, Uses::of(Use::Joined));
        }
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }

    fn parts(&self) -> Vec<Part<'_>> {
        vec![Part::Query(&self.query)]
    }

    fn parts_mut(&mut self) -> Vec<PartMut<'_>> {
        vec![PartMut::Query(&mut self.query)]
    }
}

/// `a.k = b.k`
fn join_key(cursor: &mut Cursor<'_>) -> Parsed<JoinKey> {
    let first = names::path(cursor, "a field with the name of its side, such as `a.id`")?;
    if !cursor.at(TokenKind::Equal) {
        return Err(cursor.fail(Kind::Syntax, "`=`", Some("a join compares for equality only".to_owned())));
    }
    cursor.advance();
    let second = names::path(cursor, "a field with the name of its side, such as `b.id`")?;
    Ok(JoinKey { first, second })
}

/// Checks that a query has at most one `join`. Not a part of [`CommandRules::check`]: a `join` in a nested query is reported as
/// a query in a nested query.
pub(crate) fn at_most_one_join(query: &Query, faults: &mut Faults) {
    let joins = query.commands.iter().filter(|command| command.node.name() == CommandName::Join);
    for command in joins.skip(1) {
        faults.note(Kind::Limit, command.span, "at most one `join` in a query", "another", "");
    }
}
