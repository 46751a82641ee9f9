//! Expressions, by the precedence of their operators.
//!
//! CloudWatch documents no precedence. It is the usual one, from the lowest:
//!
//! - `or`, then `and`, then `not`
//! - `=` `!=` `<` `<=` `>` `>=` `like` `not like` `=~` `in` `not in`: one of them, no chain
//! - `+` `-`, then `*` `/` `%`, each from the left
//! - `^`, from the right
//! - `-` and `!` before an operand
//!
//! Where other languages differ, parentheses are required: `-a ^ b`, `!a = b` and `a < b < c` are refused.
//!
//! Page: CWL_QuerySyntax-operations-functions, CWL_QuerySyntax-Filter.

use logmark_diagnostics::{Kind, Spanned};

use super::cursor::{Cursor, Failed, Parsed};
use super::{MAX_DEPTH, names, operand};
use crate::ast::{BinaryOperator, Expression, MatchOperator, MatchPattern, Regex, Set, SetOperator, UnaryOperator};
use crate::token::TokenKind;

/// An expression and the depth of its tree.
pub(super) struct Node {
    pub(super) expression: Spanned<Expression>,
    pub(super) depth: usize,
}

/// An expression.
pub(crate) fn expression(cursor: &mut Cursor<'_>) -> Parsed<Spanned<Expression>> {
    disjunction(cursor, 0).map(|node| node.expression)
}

/// `a or b`
pub(super) fn disjunction(cursor: &mut Cursor<'_>, level: usize) -> Parsed<Node> {
    chain(cursor, level, "or", conjunction, Expression::any)
}

/// `a and b`
fn conjunction(cursor: &mut Cursor<'_>, level: usize) -> Parsed<Node> {
    chain(cursor, level, "and", negation, Expression::all)
}

/// Operands with a word between them.
fn chain(
    cursor: &mut Cursor<'_>,
    level: usize,
    word: &str,
    part: fn(&mut Cursor<'_>, usize) -> Parsed<Node>,
    join: fn(Vec<Spanned<Expression>>) -> Option<Expression>,
) -> Parsed<Node> {
    let first = part(cursor, level)?;
    if !cursor.at_word(word) {
        return Ok(first);
    }
    let start = first.expression.span;
    let mut depth = first.depth;
    let mut parts = vec![first.expression];
    while cursor.take_word(word) {
        let next = part(cursor, level)?;
        depth = depth.max(next.depth);
        parts.push(next.expression);
    }
    let span = start.to(cursor.previous().span);
    match join(parts) {
        Some(expression) => deeper(cursor, Spanned::new(expression, span), depth),
        None => Err(Failed),
    }
}

/// `not a`
fn negation(cursor: &mut Cursor<'_>, level: usize) -> Parsed<Node> {
    let start = cursor.peek().span;
    if !cursor.at_word("not") {
        return comparison(cursor, level);
    }
    check_level(cursor, level)?;
    cursor.advance();
    let operand = negation(cursor, level + 1)?;
    let span = start.to(operand.expression.span);
    let expression = Expression::Unary(UnaryOperator::Not, Box::new(operand.expression));
    deeper(cursor, Spanned::new(expression, span), operand.depth)
}

/// `a = b`, `a like /re/`, `a in [1, 2]`
fn comparison(cursor: &mut Cursor<'_>, level: usize) -> Parsed<Node> {
    let bang = cursor.at(TokenKind::Bang);
    let left = sum(cursor, level)?;
    if bang && at_comparison(cursor) {
        let hint = "write `not (a = b)` or `(!a) = b`: whether `!` or the comparison comes first is not documented";
        return Err(cursor.fail(Kind::Syntax, "parentheses around the operand of `!`", Some(hint.to_owned())));
    }
    let compared = if let Some(operator) = comparison_operator(cursor.peek().kind) {
        cursor.advance();
        let right = sum(cursor, level)?;
        no_null(cursor, &left.expression)?;
        no_null(cursor, &right.expression)?;
        let depth = left.depth.max(right.depth);
        let span = left.expression.span.to(right.expression.span);
        let expression = Expression::Binary(operator, Box::new(left.expression), Box::new(right.expression));
        deeper(cursor, Spanned::new(expression, span), depth)?
    } else if let Some(operator) = match_operator(cursor) {
        matching(cursor, left, operator)?
    } else if let Some(operator) = set_operator(cursor) {
        membership(cursor, left, operator, level)?
    } else {
        return Ok(left);
    };
    if at_comparison(cursor) {
        let hint = "comparisons do not chain: join them by `and`, or put one in parentheses";
        return Err(cursor.fail(Kind::Syntax, "`and` or `or` between comparisons", Some(hint.to_owned())));
    }
    Ok(compared)
}

/// Refuses `null` as an operand of a comparison: `ispresent` tests whether a field exists.
fn no_null(cursor: &mut Cursor<'_>, operand: &Spanned<Expression>) -> Parsed<()> {
    if operand.node != Expression::Null {
        return Ok(());
    }
    let hint = "write ispresent(field) or not ispresent(field)";
    Err(cursor.fail_at(Kind::Syntax, operand.span, "a value to compare with", "`null`", Some(hint.to_owned())))
}

/// Whether the current token is a comparison operator.
fn at_comparison(cursor: &Cursor<'_>) -> bool {
    let negated = cursor.at_word("not") && cursor.ahead(1).kind == TokenKind::Word;
    comparison_operator(cursor.peek().kind).is_some()
        || cursor.at(TokenKind::Matches)
        || cursor.at_word("like")
        || cursor.at_word("in")
        || negated
}

const fn comparison_operator(kind: TokenKind) -> Option<BinaryOperator> {
    Some(match kind {
        // `==` is not documented, but CloudWatch runs queries that use it.
        TokenKind::Equal | TokenKind::DoubleEqual => BinaryOperator::Equal,
        TokenKind::NotEqual => BinaryOperator::NotEqual,
        TokenKind::Less => BinaryOperator::Less,
        TokenKind::LessOrEqual => BinaryOperator::LessOrEqual,
        TokenKind::Greater => BinaryOperator::Greater,
        TokenKind::GreaterOrEqual => BinaryOperator::GreaterOrEqual,
        _ => return None,
    })
}

/// Reads `like`, `not like` or `=~`.
fn match_operator(cursor: &mut Cursor<'_>) -> Option<MatchOperator> {
    if cursor.at(TokenKind::Matches) {
        cursor.advance();
        return Some(MatchOperator::Matches);
    }
    negatable(cursor, "like").map(|negated| if negated { MatchOperator::NotLike } else { MatchOperator::Like })
}

/// Reads `in` or `not in`.
fn set_operator(cursor: &mut Cursor<'_>) -> Option<SetOperator> {
    negatable(cursor, "in").map(|negated| if negated { SetOperator::NotIn } else { SetOperator::In })
}

/// Reads a word, or `not` and the word. Returns whether `not` was there.
fn negatable(cursor: &mut Cursor<'_>, word: &str) -> Option<bool> {
    let next = cursor.ahead(1);
    let negated = cursor.at_word("not") && next.kind == TokenKind::Word && cursor.text(next).eq_ignore_ascii_case(word);
    if negated {
        cursor.advance();
    }
    (negated || cursor.at_word(word)).then(|| {
        cursor.advance();
        negated
    })
}

/// The pattern after `like` and `=~`.
fn matching(cursor: &mut Cursor<'_>, left: Node, operator: MatchOperator) -> Parsed<Node> {
    let token = cursor.peek();
    let regex = |source: &str| Regex::new(source.get(1..source.len() - 1).unwrap_or_default()).ok();
    let pattern = match token.kind {
        TokenKind::Text if operator == MatchOperator::Matches => {
            let hint = "`=~` takes a regular expression; `like` takes a text too, as a part of the value";
            return Err(cursor.fail(Kind::Syntax, "a regular expression such as /error/", Some(hint.to_owned())));
        }
        TokenKind::Text => MatchPattern::Text(names::text(cursor, "a text")?.node),
        TokenKind::Regex if let Some(regex) = regex(cursor.text(token)) => {
            cursor.advance();
            MatchPattern::Regex(regex)
        }
        kind => {
            let hint = matches!(kind, TokenKind::Word | TokenKind::QuotedName)
                .then(|| "write a text in quotes, a regular expression between `/`".to_owned());
            return Err(cursor.fail(Kind::Syntax, "a text or a regular expression", hint));
        }
    };
    let after = cursor.peek();
    if token.kind == TokenKind::Regex && names::is_flags(cursor, token, after) {
        let hint = "write flags inside, at the beginning: /(?i)error/";
        return Err(cursor.fail(Kind::Syntax, "nothing after the last `/`", Some(hint.to_owned())));
    }
    let span = left.expression.span.to(token.span);
    let expression = Expression::Match(operator, Box::new(left.expression), Spanned::new(pattern, token.span));
    deeper(cursor, Spanned::new(expression, span), left.depth)
}

/// The set after `in`.
fn membership(cursor: &mut Cursor<'_>, left: Node, operator: SetOperator, level: usize) -> Parsed<Node> {
    let start = cursor.peek().span;
    let next = cursor.ahead(1);
    let (set, depth) = match cursor.peek().kind {
        TokenKind::OpenBracket => list(cursor, level, TokenKind::CloseBracket)?,
        TokenKind::OpenParenthesis
            if next.kind == TokenKind::Word && crate::ast::CommandName::find(cursor.text(next)).is_some() =>
        {
            cursor.advance();
            let query = super::query(cursor)?;
            cursor.expect(TokenKind::CloseParenthesis)?;
            (Set::Query(query.node), 0)
        }
        TokenKind::OpenParenthesis => in_parentheses(cursor, level)?,
        TokenKind::Word | TokenKind::QuotedName => {
            let value = operand::operand(cursor, level)?;
            (Set::Value(Box::new(value.expression.node)), value.depth)
        }
        _ => {
            let hint = "write a list in square brackets: [\"a\", \"b\"]";
            return Err(cursor.fail(Kind::Syntax, "a list or a query", Some(hint.to_owned())));
        }
    };
    let set = Spanned::new(set, start.to(cursor.previous().span));
    let span = left.expression.span.to(set.span);
    let depth = depth.max(left.depth);
    deeper(cursor, Spanned::new(Expression::In(operator, Box::new(left.expression), set), span), depth)
}

/// `(1, 2)`, a list as in SQL, or `(a + b)`, an expression whose value is the list. One constant in parentheses is a list,
/// because a constant has no elements.
fn in_parentheses(cursor: &mut Cursor<'_>, level: usize) -> Parsed<(Set, usize)> {
    let (set, depth) = list(cursor, level, TokenKind::CloseParenthesis)?;
    let Set::List(mut parts) = set else { return Ok((set, depth)) };
    let only = if parts.len() == 1 { parts.pop() } else { None };
    Ok(match only {
        None => (Set::List(parts), depth),
        Some(constant) if is_constant(&constant.node) => (Set::List(vec![constant]), depth),
        Some(value) => (Set::Value(Box::new(value.node)), depth),
    })
}

/// A text, a number with its sign, or a truth value.
fn is_constant(expression: &Expression) -> bool {
    match expression {
        Expression::Text(_) | Expression::Number(_) | Expression::Boolean(_) => true,
        Expression::Unary(UnaryOperator::Negate, operand) => matches!(operand.node, Expression::Number(_)),
        _ => false,
    }
}

/// `[1, 2]`, or the same in parentheses.
fn list(cursor: &mut Cursor<'_>, level: usize, close: TokenKind) -> Parsed<(Set, usize)> {
    check_level(cursor, level)?;
    cursor.advance();
    let mut depth = 0;
    let list = names::comma_list(cursor, |cursor| {
        let node = disjunction(cursor, level + 1)?;
        depth = depth.max(node.depth);
        Ok(node.expression)
    })?;
    cursor.expect(close)?;
    Ok((Set::List(list), depth))
}

/// `a + b - c`
fn sum(cursor: &mut Cursor<'_>, level: usize) -> Parsed<Node> {
    from_left(cursor, level, product, |kind| match kind {
        TokenKind::Plus => Some(BinaryOperator::Add),
        TokenKind::Minus => Some(BinaryOperator::Subtract),
        _ => None,
    })
}

/// `a * b / c`
fn product(cursor: &mut Cursor<'_>, level: usize) -> Parsed<Node> {
    from_left(cursor, level, power, |kind| match kind {
        TokenKind::Star => Some(BinaryOperator::Multiply),
        TokenKind::Slash => Some(BinaryOperator::Divide),
        TokenKind::Percent => Some(BinaryOperator::Remainder),
        _ => None,
    })
}

/// Operands with operators of the same precedence, left-associative.
fn from_left(
    cursor: &mut Cursor<'_>,
    level: usize,
    operand: fn(&mut Cursor<'_>, usize) -> Parsed<Node>,
    operator_of: fn(TokenKind) -> Option<BinaryOperator>,
) -> Parsed<Node> {
    let mut left = operand(cursor, level)?;
    while let Some(operator) = operator_of(cursor.peek().kind) {
        cursor.advance();
        let right = operand(cursor, level)?;
        left = binary(cursor, operator, left, right)?;
    }
    Ok(left)
}

/// `a ^ b ^ c`, right-associative.
fn power(cursor: &mut Cursor<'_>, level: usize) -> Parsed<Node> {
    let negative = cursor.at(TokenKind::Minus);
    let base = unary(cursor, level)?;
    if !cursor.at(TokenKind::Caret) {
        return Ok(base);
    }
    if negative {
        let hint = "write `(-a) ^ b` or `-(a ^ b)`: which comes first is not documented";
        return Err(cursor.fail(Kind::Syntax, "parentheses around the operand of `-`", Some(hint.to_owned())));
    }
    check_level(cursor, level)?;
    cursor.advance();
    let exponent = power(cursor, level + 1)?;
    binary(cursor, BinaryOperator::Power, base, exponent)
}

/// `-a`, `!a`
fn unary(cursor: &mut Cursor<'_>, level: usize) -> Parsed<Node> {
    let operator = match cursor.peek().kind {
        TokenKind::Minus => UnaryOperator::Negate,
        TokenKind::Bang => UnaryOperator::Not,
        _ => return operand::operand(cursor, level),
    };
    check_level(cursor, level)?;
    let start = cursor.advance().span;
    let operand = unary(cursor, level + 1)?;
    let span = start.to(operand.expression.span);
    deeper(cursor, Spanned::new(Expression::Unary(operator, Box::new(operand.expression)), span), operand.depth)
}

/// A binary operator and its operands.
fn binary(cursor: &mut Cursor<'_>, operator: BinaryOperator, left: Node, right: Node) -> Parsed<Node> {
    let depth = left.depth.max(right.depth);
    let span = left.expression.span.to(right.expression.span);
    let expression = Expression::Binary(operator, Box::new(left.expression), Box::new(right.expression));
    deeper(cursor, Spanned::new(expression, span), depth)
}

/// A node whose deepest child has that depth.
pub(super) fn deeper(cursor: &mut Cursor<'_>, expression: Spanned<Expression>, depth: usize) -> Parsed<Node> {
    if depth < MAX_DEPTH {
        return Ok(Node { expression, depth: depth + 1 });
    }
    let expected = format!("an expression of at most {MAX_DEPTH} levels");
    Err(cursor.fail_at(Kind::Limit, expression.span, expected, "more", None))
}

/// Fails when the recursion would exceed the depth of a tree.
pub(super) fn check_level(cursor: &mut Cursor<'_>, level: usize) -> Parsed<()> {
    if level < MAX_DEPTH {
        return Ok(());
    }
    let span = cursor.peek().span;
    Err(cursor.fail_at(Kind::Limit, span, format!("an expression of at most {MAX_DEPTH} levels"), "more", None))
}
