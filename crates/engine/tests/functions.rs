//! The results of every function, as tables.
//!
//! `functions/*.txt` has a call and its result on each line, both in the query language:
//!
//! - `call => expression`: the value is equal and of the same kind (`2` is whole, `2.0` is not);
//! - `call => shown text`: a result shows that text;
//! - `call => refused: text`: the call is refused before it runs, with a message that contains the text.
//!
//! `missing` is a field that the event does not have; [`field`] lists its fields. Lines that begin with `#` are comments.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use logmark_diagnostics::Spanned;
use logmark_engine::evaluate::evaluate;
use logmark_engine::values::call::{CallError, Context, Prepared, QueryTimes, call};
use logmark_engine::values::value::Value;
use logmark_engine::values::{call, json, json_path};
use logmark_insights::ast::{Argument, Command, Expression, FieldPath, Query, Segment};
use logmark_insights::functions::{Function, FunctionKind, Parameter};
use logmark_insights::period::Period;
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

/// One hour is searched; the query starts a little later.
const QUERY: QueryTimes = QueryTimes { start: 1_700_000_000_000, end: 1_700_003_600_000, now: 1_700_003_605_999 };
const EVENT: Context<'static> = Context { query: QUERY, timestamp: Some(1_700_000_012_345), message: Some("grün 🛒") };

fn event(path: &FieldPath) -> Value {
    let steps: Vec<String> = path
        .rest
        .iter()
        .map(|segment| match segment {
            Segment::Name(name) => name.as_str().to_owned(),
            Segment::Index(index) => index.to_string(),
        })
        .collect();
    json_path::lookup(&field(path.head.as_str()), steps.iter().map(String::as_str)).cloned().unwrap_or_default()
}

fn field(name: &str) -> Value {
    match name {
        "@timestamp" => Value::Timestamp(1_700_000_012_345),
        "@message" => Value::from("grün 🛒"),
        "missing" => Value::Missing,
        "map" => json::parse(r#"{"a": 1, "b": [true, null]}"#),
        "list" => json::parse(r#"["eu", 2, "3", true, null, {"a": 1}]"#),
        "text" => Value::from("cart is full"),
        "number" => Value::from("12.5"),
        "pattern" => Value::from("yyyy-MM-dd"),
        "format" => Value::from("%d.%m."),
        "zone" => Value::from("Europe/Berlin"),
        "subnet" => Value::from("10.0.0.0/8"),
        "broken" => Value::from("%Q/(((["),
        "long" => Value::from("ä".repeat(40_000)),
        other => panic!("the event has no field {other}"),
    }
}

/// The expression, or its error.
fn parsed(written: &str) -> Result<Spanned<Expression>, String> {
    let query = Query::parse(&format!("fields {written}"))
        .map_err(|faults| faults.iter().map(|fault| format!("{} {:?}", fault.message(), fault.hint)).collect::<String>())?;
    match query.commands.into_iter().map(|command| command.node).collect::<Vec<_>>().as_slice() {
        [Command::Fields(fields)] => match fields.columns.as_slice() {
            [column] => Ok(column.expression.clone()),
            _ => panic!("one expression: {written}"),
        },
        _ => panic!("one command: {written}"),
    }
}

fn computed(written: &str) -> Result<Value, String> {
    let expression = parsed(written)?;
    evaluate(&expression, &event, &EVENT).map_err(|fault| format!("{} {:?}", fault.message(), fault.hint))
}

/// The position of a row, its call and its result.
struct Row {
    place: String,
    left: String,
    right: String,
}

fn rows() -> Vec<Row> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/functions");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut rows = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let place = format!("{}:{}", file.file_name().unwrap().display(), number + 1);
            let (left, right) = line.split_once(" => ").unwrap_or_else(|| panic!("{place}: no ` => `"));
            rows.push(Row { place, left: left.to_owned(), right: right.trim().to_owned() });
        }
    }
    rows
}

/// The error of the row, if any.
fn judge(row: &Row) -> Option<String> {
    let got = computed(&row.left);
    if let Some(said) = row.right.strip_prefix("refused: ") {
        return match got {
            Err(fault) if fault.contains(said) => None,
            other => Some(format!("{other:?}")),
        };
    }
    let got = match got {
        Ok(value) => value,
        Err(fault) => return Some(fault),
    };
    if let Some(shown) = row.right.strip_prefix("shown ") {
        return (got.to_string() != shown).then(|| format!("shown {got}"));
    }
    let wanted = computed(&row.right).unwrap_or_else(|fault| panic!("{}: {fault}", row.place));
    (got != wanted).then(|| format!("{got:?}, not {wanted:?}"))
}

#[test]
fn every_row_of_the_tables_holds() {
    let wrong: Vec<String> = rows()
        .iter()
        .filter_map(|row| judge(row).map(|got| format!("{}: {} => {}\n    {got}", row.place, row.left, row.right)))
        .collect();
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

/// The functions that an expression calls.
fn functions(expression: &Expression, into: &mut Vec<Function>) {
    match expression {
        Expression::Call(call) => {
            into.push(call.function.node);
            for argument in &call.arguments {
                if let Argument::Expression(expression) = &argument.node {
                    functions(expression, into);
                }
            }
        }
        Expression::Unary(_, operand) => functions(&operand.node, into),
        Expression::Binary(_, left, right) => {
            functions(&left.node, into);
            functions(&right.node, into);
        }
        _ => {}
    }
}

#[test]
fn every_function_of_an_event_has_at_least_four_rows() {
    let mut counts: BTreeMap<Function, usize> = BTreeMap::new();
    for row in rows() {
        let mut called = Vec::new();
        match parsed(&row.left) {
            Ok(expression) => functions(&expression.node, &mut called),
            // A row that does not parse belongs to the function that it begins with.
            Err(_) => called.extend(row.left.split_once('(').and_then(|(name, _)| Function::find(name))),
        }
        called.dedup();
        called.into_iter().for_each(|function| *counts.entry(function).or_default() += 1);
    }
    let scalar = Function::ALL.iter().filter(|function| function.signature().kind == FunctionKind::Scalar);
    let few: Vec<_> = scalar.filter(|function| counts.get(function).is_none_or(|count| *count < 4)).collect();
    assert!(few.is_empty(), "fewer than four rows: {few:?}");
}

/// As many arguments of each kind as the signature requires.
fn arguments(function: Function) -> Vec<Option<call::Argument>> {
    let signature = function.signature();
    let of = |place| match signature.parameter(place) {
        Some(Parameter::Period) => Some(call::Argument::Period(Period::parse("5m").unwrap())),
        _ => Some(call::Argument::Value(Value::from("1"))),
    };
    (0..signature.least()).map(of).collect()
}

#[test]
fn a_function_is_of_an_event_or_says_of_what() {
    for &function in Function::ALL {
        let got = Prepared::new(function, &arguments(function)).map(|prepared| prepared.function());
        match function.signature().kind {
            // The text `1` is not a date pattern.
            FunctionKind::Scalar if function == Function::ParseDate => assert!(matches!(got, Err(CallError::Argument { .. }))),
            FunctionKind::Scalar => assert_eq!(got, Ok(function)),
            FunctionKind::Aggregate | FunctionKind::Either => assert_eq!(got, Err(CallError::OfGroup(function))),
        }
    }
}

#[test]
fn arguments_that_do_not_fit_the_signature_are_refused() {
    let value = || call::Argument::Value(Value::from("1"));
    let period = || call::Argument::Period(Period::parse("5m").unwrap());
    for (function, arguments) in [
        (Function::StrLen, vec![]),
        (Function::StrLen, vec![value(), value()]),
        (Function::StrLen, vec![period()]),
        (Function::Bin, vec![value()]),
        (Function::DateFloor, vec![value(), value()]),
        (Function::DateFloor, vec![period(), value()]),
        (Function::Now, vec![value()]),
        (Function::Concat, vec![]),
    ] {
        assert_eq!(call(function, &arguments, &EVENT), Err(CallError::Arguments(function)), "{arguments:?}");
    }
}

#[test]
fn without_an_event_its_functions_are_missing_and_the_querys_are_not() {
    let context = Context::of_query(QUERY);
    for (function, value) in [
        (Function::Bin, Value::Missing),
        (Function::MessageSize, Value::Missing),
        (Function::QueryStartTime, Value::from(1_700_000_000_000)),
    ] {
        let prepared = Prepared::new(function, &arguments(function)).unwrap();
        assert_eq!(prepared.apply(&[], &context), value);
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Missing),
        any::<bool>().prop_map(Value::Boolean),
        (-3..20_i64).prop_map(Value::Integer),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::double),
        any::<i64>().prop_map(Value::Timestamp),
        "\\PC{0,8}".prop_map(Value::Text),
        "[-0-9.e]{1,6}".prop_map(Value::Text),
        "[a-c(|)\\[\\]?*{}1-3$^\\\\]{1,8}".prop_map(Value::Text),
        prop::sample::select(vec![
            "yyyy-MM-dd",
            "%Y-%m-%d",
            "UTC",
            "10.0.0.0/8",
            "10.1.2.3",
            "::1",
            "[1, 2]",
            "{\"a\": 1}",
            "2024-02-29"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..3).prop_map(Value::List);
        prop_oneof![list, prop::collection::vec(("[a-c]", inner), 0..3).prop_map(Value::Map)]
    })
}

proptest! {
    /// No function panics, for any arguments.
    #[test]
    fn what_is_known_before_running_changes_no_result(
        function in prop::sample::select(Function::ALL),
        values in prop::collection::vec(value(), 0..6),
        period in "[1-9][0-9]{0,3}(ms|s|m|h|d|w|mo|q|y)",
    ) {
        let signature = function.signature();
        let mut values = values.into_iter();
        let mut known = Vec::new();
        for place in 0..signature.most().min(values.len() + 1) {
            known.push(match signature.parameter(place) {
                Some(Parameter::Period) => Some(call::Argument::Period(Period::parse(&period).unwrap())),
                _ => values.next().map(call::Argument::Value),
            });
        }
        let known: Vec<_> = known.into_iter().map_while(|argument| argument).collect();
        let values: Vec<Value> = known
            .iter()
            .filter_map(|argument| match argument {
                call::Argument::Value(value) => Some(value.clone()),
                call::Argument::Period(_) => None,
            })
            .collect();
        let varying: Vec<_> =
            known.iter().cloned().map(|argument| Some(argument).filter(|argument| matches!(argument, call::Argument::Period(_)))).collect();
        match (call(function, &known, &EVENT), Prepared::new(function, &varying)) {
            (Ok(at_once), Ok(prepared)) => prop_assert_eq!(prepared.apply(&values, &EVENT), at_once),
            // An invalid pattern is an error if it is a literal, and gives a missing value otherwise.
            (Err(CallError::Argument { .. }), Ok(prepared)) => prop_assert!(prepared.apply(&values, &EVENT).is_missing()),
            (_, Err(CallError::Argument { .. })) => prop_assert_eq!(function, Function::RegexReplace),
            (at_once, varying) => prop_assert_eq!(at_once.err(), varying.err()),
        }
    }
}

#[test]
fn what_is_of_no_one_event_is_refused_at_its_place() {
    for (condition, place) in [
        ("a in (SOURCE 'other' | fields a)", "(SOURCE 'other' | fields a)"),
        ("strlen(formatDate(0, '%Q')) > 1", "'%Q'"),
        ("false and parseDate('x', 'HH') = 1", "'HH'"),
    ] {
        let source = format!("filter {condition}");
        let query = Query::parse(&source).unwrap();
        let Command::Filter(filter) = &query.commands[0].node else { panic!("{source}") };
        let fault = evaluate(&filter.condition, &|_| Value::Missing, &EVENT).unwrap_err();
        assert_eq!(fault.span.of(&source), place, "{}", fault.message());
    }
}

#[test]
fn a_tree_deeper_than_any_that_is_parsed_is_refused() {
    let mut deep = Expression::Null;
    for _ in 0..200 {
        deep = Expression::Unary(logmark_insights::ast::UnaryOperator::Not, Box::new(Spanned::made(deep)));
    }
    let fault = evaluate(&Spanned::made(deep), &|_| Value::Missing, &EVENT).unwrap_err();
    assert_eq!(fault.kind, logmark_diagnostics::Kind::Limit);
}
