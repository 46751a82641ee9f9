//! AWS User Guide, *Supported logs and discovered fields*.

use std::fmt::Write;
use std::ops::ControlFlow;

use logmark_engine::values::fields::{self, LONGEST_NAME, MOST_FIELDS};
use logmark_engine::values::json_path::lookup;
use logmark_engine::values::{json, log_fields, value::Value};
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

#[test]
fn fields_are_named_by_their_way() {
    let message = r#"{
        "version": 3, "caller": {"type": "Role", "keys": {"id": "K7"}},
        "request": {"machines": {"items": [{"id": "m-1"}, {"id": "m-2", "ok": false}]}, "none": null, "empty": {}, "list": []},
        "body": "{\"inner\": 1}", "@mark": 2.5, "x": {"@y": 1}, "a b": "", "": {"": 1}
    }"#;
    let mut drawn = String::new();
    for (name, value) in fields::all(message) {
        let _written = writeln!(drawn, "{name} = {value:?}");
    }
    insta::assert_snapshot!(drawn, @r#"
    version = Integer(3)
    caller.type = Text("Role")
    caller.keys.id = Text("K7")
    request.machines.items.0.id = Text("m-1")
    request.machines.items.1.id = Text("m-2")
    request.machines.items.1.ok = Boolean(false)
    body = Text("{\"inner\": 1}")
    @@mark = Double(2.5)
    x.@y = Integer(1)
    a b = Text("")
    . = Integer(1)
    "#);
}

#[test]
fn a_message_that_is_not_one_object_has_no_fields() {
    for message in
        ["", "x", "[1]", "7", "null", "{\"a\":1} x", "x {\"a\":1}", "{\"a\":1", "{\"a\":1}{\"b\":2}", "{\"a\":01}", "{a:1}"]
    {
        assert_eq!(fields::all(message), [], "{message}");
    }
    assert_eq!(fields::all("\n {\"a\":1}\r\n"), [("a".to_owned(), Value::Integer(1))]);
}

#[test]
fn an_event_has_two_hundred_fields_at_most() {
    let list = |count: usize| format!("{{\"null\":null,\"a\":{:?}}}", (0..count).collect::<Vec<_>>());
    assert_eq!(fields::all(&list(MOST_FIELDS - 1)).len(), MOST_FIELDS - 1);
    let found = fields::all(&list(MOST_FIELDS + 50));
    assert_eq!((found.len(), found[MOST_FIELDS - 1].0.as_str()), (MOST_FIELDS, "a.199"));
    assert_eq!(fields::find(&list(MOST_FIELDS + 50), "a.200"), None);
}

#[test]
fn the_visitor_may_end_the_way() {
    let mut seen = 0;
    fields::discover(r#"{"a":1,"b":2,"c":3}"#, |name, _| {
        seen += 1;
        if name == "b" { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(seen, 2);
}

#[test]
fn names_and_nesting_are_bounded() {
    let key = "k".repeat(LONGEST_NAME);
    let message = format!("{{\"{key}\":1,\"{key}k\":2,\"{key}\":{{\"a\":3}},\"b\":4}}");
    let names: Vec<usize> = fields::all(&message).iter().map(|(name, _)| name.len()).collect();
    assert_eq!(names, [LONGEST_NAME, 1]);
    let nested = |depth: usize| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
    assert_eq!((fields::all(&nested(128)).len(), fields::all(&nested(129)).len()), (1, 0));
    let beside = format!("{{\"deep\":[{}],\"b\":4}}", nested(200));
    assert_eq!(fields::all(&beside), [("b".to_owned(), Value::Integer(4))]);
    let odd = r#"{"cut": "\ud83d", "huge": 1e999, "b": 4}"#;
    assert_eq!(fields::all(odd), [("cut".to_owned(), Value::Text("\u{fffd}".to_owned())), ("b".to_owned(), Value::Integer(4))]);
    assert_eq!(fields::all(&nested(150_000)), []);
}

#[test]
fn the_first_json_of_a_lambda_message_is_found() {
    let rows = [
        ("2026-01-05T08:00:00.000Z\t6f747a61\tINFO\t{\"a\": {\"b\": 1}}\n", Some("{\"a\": {\"b\": 1}}")),
        ("{\"a\":1}", Some("{\"a\":1}")),
        ("x {not} {\"a\":1}", Some("{\"a\":1}")),
        ("x {\"a\":1", None),
        ("none", None),
        ("{{{{{{{{{\"a\":1}", None),
    ];
    for (message, expected) in rows {
        assert_eq!(fields::embedded(message), expected, "{message}");
    }
}

#[test]
fn lambda_lines_give_their_fields() {
    let request = "6f747a61-51d7-4e3a-9f5a-2f6f1f1c0001";
    let lines = [
        format!("START RequestId: {request} Version: $LATEST\n"),
        format!("END RequestId: {request}\n"),
        format!(
            "REPORT RequestId: {request}\tDuration: 3.20 ms\tBilled Duration: 4 ms\tMemory Size: 512 MB\tMax Memory Used: 70 MB\t\
             Init Duration: 151.5 ms\t\nXRAY TraceId: 1-5e\tSegmentId: 07\tSampled: true\t\n"
        ),
        format!("2026-01-05T08:00:00.000Z\t{request}\tINFO\tready\n"),
        "REPORT RequestId: x\tDuration: NaN ms\tMemory Size: 1.5 MB".to_owned(),
        "REPORTED RequestId: x".to_owned(),
        "a\tb\tc".to_owned(),
    ];
    let mut drawn = String::new();
    for line in lines {
        let _written = writeln!(drawn, "{:?}", log_fields::lambda(&line));
    }
    insta::assert_snapshot!(drawn, @r#"
    [("@type", Text("START")), ("@requestId", Text("6f747a61-51d7-4e3a-9f5a-2f6f1f1c0001"))]
    [("@type", Text("END")), ("@requestId", Text("6f747a61-51d7-4e3a-9f5a-2f6f1f1c0001"))]
    [("@type", Text("REPORT")), ("@requestId", Text("6f747a61-51d7-4e3a-9f5a-2f6f1f1c0001")), ("@duration", Double(3.2)), ("@billedDuration", Integer(4)), ("@memorySize", Integer(512000000)), ("@maxMemoryUsed", Integer(70000000)), ("@initDuration", Double(151.5)), ("@xrayTraceId", Text("1-5e")), ("@xraySegmentId", Text("07"))]
    [("@requestId", Text("6f747a61-51d7-4e3a-9f5a-2f6f1f1c0001"))]
    [("@type", Text("REPORT")), ("@requestId", Text("x"))]
    []
    []
    "#);
}

#[test]
fn a_record_is_wholly_of_its_form_or_gives_nothing() {
    let record = "2 111122223333 eni-7 10.0.0.1 10.0.0.2 443 40000 6 1 40 1700000000 1700000060 ACCEPT OK";
    assert_eq!(log_fields::vpc_flow(record).len(), 14);
    let none = "2 111122223333 eni-7 - - - - - - - 1700000000 1700000060 - NODATA\n";
    let names: Vec<&str> = log_fields::vpc_flow(none).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["version", "accountId", "interfaceId", "startTime", "endTime", "logStatus"]);
    for other in [
        "",
        "2 OK",
        &record.replace("443", "https"),
        &record.replacen('2', "3", 1),
        &format!("{record} OK"),
        &record.replace("OK", "NO"),
    ] {
        assert_eq!(log_fields::vpc_flow(other), [], "{other}");
    }
    let query = "1.0 2026-01-05T08:00:00.000Z Z0 shop.example AAAA NXDOMAIN UDP FRA6 192.0.2.53 198.51.100.0/24";
    assert_eq!(log_fields::route53(query).len(), 10);
    assert_eq!((log_fields::route53("1.0 x"), log_fields::route53(&query.replace("1.0", "1.1"))), (vec![], vec![]));
}

proptest! {
    #[test]
    fn a_field_is_where_its_way_leads(
        map in proptest::collection::btree_map("[a-z]{1,2}", proptest::collection::vec(proptest::option::of("[a-z\"]{0,3}"), 0..4), 0..6),
    ) {
        let lists = map.into_iter().map(|(key, list)| (key, Value::List(list.into_iter().map(|item| item.map_or(Value::Missing, Value::Text)).collect())));
        let value = Value::Map(vec![("top".to_owned(), Value::Map(lists.collect()))]);
        let message = json::stringify(&value).unwrap_or_default();
        let fields = fields::all(&message);
        for (name, field) in &fields {
            prop_assert_eq!(lookup(&value, name.split('.')), Some(field));
            prop_assert_eq!(fields::find(&message, name), Some(field.clone()));
        }
        let leaves = |value: &Value| matches!(value, Value::List(items) if items.iter().any(|item| *item != Value::Missing));
        let any = lookup(&value, ["top"]).is_some_and(|top| matches!(top, Value::Map(lists) if lists.iter().any(|(_, list)| leaves(list))));
        prop_assert!(any != fields.is_empty());
    }
}
