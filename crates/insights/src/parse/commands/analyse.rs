//! Commands that look for what is common, unusual or different.
//!
//! - `pattern field`; `anomaly` alone
//! - `diff [previousDay|previousWeek|previousMonth]`
//! - `relevantfields [field, …] where condition`
//! - `logcompare timeshift period`
//! - `outlier [action=remove|transform] [param=number] [uselower=bool] [mark=bool] field …`: fields without commas
//! - `sessionize field, … [maxspan period] [as name]`
//! - `countFrequent field, …`
//!
//! Pages: CWL_QuerySyntax-Pattern, -Anomaly, -Diff, -`RelevantFields`, -Logcompare, -Outlier, -Sessionize, -Countfrequent.

use logmark_diagnostics::{Kind, Spanned};

use super::super::option::{Options, boolean, choice};
use super::super::{expression, names};
use crate::ast::{CountFrequent, Diff, DiffPeriod, LogCompare, Outlier, OutlierAction, Pattern, RelevantFields, Sessionize};
use crate::parse::cursor::{Cursor, Parsed};
use crate::token::TokenKind;

pub(super) fn pattern(cursor: &mut Cursor<'_>) -> Parsed<Pattern> {
    Ok(Pattern { field: names::path(cursor, "a field")? })
}

pub(super) fn diff(cursor: &mut Cursor<'_>) -> Parsed<Diff> {
    if !cursor.at(TokenKind::Word) {
        DiffPeriod::ALL.iter().for_each(|period| cursor.expect_also(format!("`{}`", period.spelling())));
        return Ok(Diff { against: None });
    }
    let words = DiffPeriod::ALL.map(DiffPeriod::spelling);
    let (word, span) = choice(cursor, &words)?;
    let against = DiffPeriod::ALL.into_iter().find(|period| period.spelling() == word);
    Ok(Diff { against: against.map(|period| Spanned::new(period, span)) })
}

pub(super) fn relevant_fields(cursor: &mut Cursor<'_>) -> Parsed<RelevantFields> {
    let fields = if cursor.at_word("where") { Vec::new() } else { names::fields(cursor)? };
    cursor.expect_word("where")?;
    Ok(RelevantFields { fields, condition: expression::expression(cursor)? })
}

pub(super) fn log_compare(cursor: &mut Cursor<'_>) -> Parsed<LogCompare> {
    cursor.expect_word("timeshift")?;
    if cursor.at(TokenKind::Equal) || cursor.at(TokenKind::Minus) {
        return Err(cursor.fail(
            Kind::Syntax,
            "a period of time such as `7d`",
            Some("such as: logcompare timeshift 7d".to_owned()),
        ));
    }
    Ok(LogCompare { timeshift: names::period(cursor)? })
}

pub(super) fn outlier(cursor: &mut Cursor<'_>) -> Parsed<Outlier> {
    let mut outlier =
        Outlier { action: OutlierAction::Transform, param: None, use_lower: false, mark: false, fields: Vec::new() };
    let mut options = Options::new(&["action", "param", "uselower", "mark"]);
    while let Some(option) = options.next(cursor)? {
        match option.node {
            "action" if choice(cursor, &["transform", "remove"])?.0 == "remove" => outlier.action = OutlierAction::Remove,
            "param" => outlier.param = Some(names::number(cursor, "a number")?),
            "uselower" => outlier.use_lower = boolean(cursor)?,
            "mark" => outlier.mark = boolean(cursor)?,
            _ => {}
        }
    }
    outlier.fields.push(names::path(cursor, "a field")?);
    while matches!(cursor.peek().kind, TokenKind::Word | TokenKind::QuotedName) {
        outlier.fields.push(names::path(cursor, "a field")?);
    }
    if cursor.at(TokenKind::Equal) {
        return Err(cursor.fail(Kind::Syntax, "a field", Some("options stand before the fields".to_owned())));
    }
    no_comma(cursor, "outlier")?;
    Ok(outlier)
}

/// Fails at a comma between fields that stand without.
pub(super) fn no_comma(cursor: &mut Cursor<'_>, command: &str) -> Parsed<()> {
    if !cursor.at(TokenKind::Comma) {
        return Ok(());
    }
    let hint = format!("the fields of `{command}` stand without commas");
    Err(cursor.fail(Kind::Syntax, "a field, `|` or the end of the query", Some(hint)))
}

pub(super) fn sessionize(cursor: &mut Cursor<'_>) -> Parsed<Sessionize> {
    if cursor.at_word("maxspan") && cursor.ahead(1).kind == TokenKind::NumberWord {
        return Err(cursor.fail(Kind::Syntax, "a field", Some("such as: sessionize user maxspan 1h".to_owned())));
    }
    let fields = names::fields(cursor)?;
    let max_span = if cursor.take_word("maxspan") { Some(names::period(cursor)?) } else { None };
    let alias = names::alias(cursor)?;
    if alias.is_some() && cursor.at_word("maxspan") {
        return Err(cursor.fail(Kind::Syntax, "`|` or the end of the query", Some("`maxspan` stands before `as`".to_owned())));
    }
    Ok(Sessionize { fields, max_span, alias })
}

pub(super) fn count_frequent(cursor: &mut Cursor<'_>) -> Parsed<CountFrequent> {
    Ok(CountFrequent { fields: names::fields(cursor)? })
}
