//! The values that masks hide in messages, and the names that they forbid.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use logmark_event_rules::{FieldMask, Forbidden, MaskPath, Masked, Replacement};
use logmark_filter_pattern::FilterPattern;

fn mask(paths: &[&str]) -> FieldMask {
    with(paths, Replacement::default())
}

fn with(paths: &[&str], replacement: Replacement) -> FieldMask {
    let paths: Vec<_> = paths.iter().map(|path| MaskPath::parse(path).unwrap()).collect();
    FieldMask::new(&paths, replacement).unwrap()
}

fn shown(mask: &FieldMask, message: &str) -> String {
    match mask.apply(message) {
        Masked::Unchanged => "unchanged".to_owned(),
        Masked::Changed(text) => text,
        Masked::Withheld => "withheld".to_owned(),
    }
}

#[test]
fn a_masked_value_is_replaced_and_all_other_bytes_stay() {
    for (paths, message, masked) in [
        ("$.card", r#"{"card":1}"#, r#"{"card":"***"}"#),
        ("$.card", " {\t\"card\" :\n 1e5 , \"b\": 1.50 }\r\n", " {\t\"card\" :\n \"***\" , \"b\": 1.50 }\r\n"),
        ("$.card", r#"{"card":{"a":[1,{"b":2}]},"x":"\u00e9\/"}"#, r#"{"card":"***","x":"\u00e9\/"}"#),
        ("$.card", r#"{"card":null,"Card":1,"cards":2,"car":3}"#, r#"{"card":"***","Card":1,"cards":2,"car":3}"#),
        ("$.card", r#"{"card":1,"a":{"card":2},"card":[3]}"#, r#"{"card":"***","a":{"card":2},"card":"***"}"#),
        ("$.card", r#"{"c\u0061rd":1,"\u0063ard":"x"}"#, r#"{"c\u0061rd":"***","\u0063ard":"***"}"#),
        ("$.user.email", r#"{"user":{"id":7,"email":"a"},"email":1}"#, r#"{"user":{"id":7,"email":"***"},"email":1}"#),
        ("$.user.email", r#"{"user":{"email":1},"user":{"email":2}}"#, r#"{"user":{"email":"***"},"user":{"email":"***"}}"#),
        ("$.user.email", r#"{"user":"a","x":"user"}"#, "unchanged"),
        (
            "$.items[*].card",
            r#"{"items":[{"card":1},{"id":2},5,[{"card":6}]]}"#,
            r#"{"items":[{"card":"***"},{"id":2},5,[{"card":"***"}]]}"#,
        ),
        ("$.items[1]", r#"{"items":[1,2,3]}"#, r#"{"items":[1,"***",3]}"#),
        ("$.items[*]", r#"{"items":[1,[2]],"b":3}"#, r#"{"items":["***","***"],"b":3}"#),
        ("$.card", "{}", "unchanged"),
        (r#"$["say \"x\""]"#, r#"{"say \"x\"":1}"#, r#"{"say \"x\"":"***"}"#),
        ("$.é", r#"{"é":1,"\u00e9":2}"#, r#"{"é":"***","\u00e9":"***"}"#),
        (r#"$[""]"#, r#"{"":1,"a":2}"#, r#"{"":"***","a":2}"#),
    ] {
        assert_eq!(shown(&mask(&[paths]), message), masked, "{paths} on {message}");
    }
}

#[test]
fn a_member_is_hidden_under_every_name_that_a_query_can_give_it() {
    for (paths, message, masked) in [
        (
            "$.user.email",
            r#"{"user.email":1,"user.email.x":2,"user":{"email.y":3}}"#,
            r#"{"user.email":"***","user.email.x":"***","user":{"email.y":"***"}}"#,
        ),
        ("$.user.email", r#"{"user.id":1,"user.emails":2,"user.":3,".user.email":4}"#, "unchanged"),
        (r#"$["a.b"]"#, r#"{"a":{"b":1,"c":2},"a.b":3}"#, r#"{"a":{"b":"***","c":2},"a.b":"***"}"#),
        ("$.a.b.c", r#"{"a.b":{"c":1},"a":{"b.c":2}}"#, r#"{"a.b":{"c":"***"},"a":{"b.c":"***"}}"#),
        (
            "$.items[*].card",
            r#"{"items.0.card":1,"items":{"1":{"card":2}}}"#,
            r#"{"items.0.card":"***","items":{"1":{"card":"***"}}}"#,
        ),
        ("$.items[0]", r#"{"items":{"0":1,"1":2}}"#, r#"{"items":"***"}"#),
        (r#"$.a["0"]"#, r#"{"a":[1,2]}"#, r#"{"a":["***",2]}"#),
    ] {
        assert_eq!(shown(&mask(&[paths]), message), masked, "{paths} on {message}");
    }
}

#[test]
fn an_array_or_none_where_the_path_expects_the_other_hides_no_less() {
    for (paths, message, masked) in [
        ("$.items.card", r#"{"items":[{"card":1},[{"card":2}]]}"#, r#"{"items":[{"card":"***"},[{"card":"***"}]]}"#),
        ("$.items[*].card", r#"{"items":{"card":1,"id":2}}"#, r#"{"items":{"card":"***","id":2}}"#),
        ("$.items[0].card", r#"{"items":{"card":1,"id":2}}"#, r#"{"items":{"card":"***","id":2}}"#),
        ("$.cards[*]", r#"{"cards":"4111"}"#, r#"{"cards":"***"}"#),
        ("$.cards[*][*].n", r#"{"cards":{"n":1}}"#, r#"{"cards":{"n":"***"}}"#),
        ("$.cards[1]", r#"{"cards":"4111"}"#, "unchanged"),
        ("$.items[*].card", r#"{"items.card":1}"#, r#"{"items.card":"***"}"#),
    ] {
        assert_eq!(shown(&mask(&[paths]), message), masked, "{paths} on {message}");
    }
}

#[test]
fn removal_leaves_valid_json() {
    for (paths, message, masked) in [
        (&["$.b"][..], r#"{"a":1, "b":2, "c":3}"#, r#"{"a":1, "c":3}"#),
        (&["$.a"], r#"{"a":1, "b":2}"#, r#"{"b":2}"#),
        (&["$.b"], r#"{"a":1 , "b":2 }"#, r#"{"a":1  }"#),
        (&["$.a"], r#"{ "a":1 }"#, "{  }"),
        (&["$.a", "$.b"], r#"{"a":1,"b":2}"#, "{}"),
        (&["$.a", "$.b"], r#"{"a":1,"b":2,"c":3}"#, r#"{"c":3}"#),
        (&["$.b", "$.c"], r#"{"a":1,"b":2,"c":3}"#, r#"{"a":1}"#),
        (&["$.a", "$.c"], r#"{"a":1,"b":2,"c":3,"d":4}"#, r#"{"b":2,"d":4}"#),
        (&["$.x[*]"], r#"{"x":[1,2,3]}"#, r#"{"x":[]}"#),
        (&["$.x[1]"], r#"{"x":[1,2,3]}"#, r#"{"x":[1,3]}"#),
        (&["$.x.y", "$.z"], r#"{"x":{"y":1,"w":2},"z":3}"#, r#"{"x":{"w":2}}"#),
        (&["$.x.y", "$.x.w"], r#"{"q":0,"x":{"y":1,"w":{"v":2}},"z":3}"#, r#"{"q":0,"x":{},"z":3}"#),
    ] {
        let masked_text = shown(&with(paths, Replacement::Remove), message);
        assert_eq!(masked_text, masked, "{paths:?} on {message}");
        serde_json::from_str::<serde_json::Value>(&masked_text).unwrap();
    }
}

#[test]
fn a_message_that_is_not_one_json_object_is_withheld() {
    let deep = |depth: usize| format!("{}0{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let too_deep = deep(128);
    for message in [
        "",
        " ",
        "card=4111",
        "[1]",
        "\"a\"",
        "1",
        "null",
        "{",
        r#"{"card":1"#,
        r#"{"card":1}}"#,
        r#"{"card":1} {"card":2}"#,
        r#"{"card":1},"#,
        r#"x{"card":1}"#,
        "{card:1}",
        r#"{"card":01}"#,
        r#"{"card":"\x"}"#,
        r#"{"card":"\ud800"}"#,
        r#"{"x":1e999,"card":1}"#,
        r#"{"card":1,}"#,
        r#"{"a":[1,],"card":1}"#,
        "\u{feff}{}",
        "{\"a\":\"\n\"}",
        r#"{"card":tru}"#,
        &too_deep,
    ] {
        assert_eq!(mask(&["$.card"]).apply(message), Masked::Withheld, "{message:?}");
        assert_eq!(with(&["$.card.number"], Replacement::Remove).apply(message), Masked::Withheld, "{message:?}");
    }
    assert_eq!(mask(&["$.card"]).apply(&deep(127)), Masked::Unchanged);
    assert_eq!(mask(&[&format!("${}", ".a".repeat(127))]).apply(&deep(127)), Masked::Changed(deep(127).replace('0', "\"***\"")));
}

#[test]
fn a_mask_without_paths_hides_and_withholds_nothing() {
    assert_eq!(mask(&[]).apply("plain"), Masked::Unchanged);
    assert_eq!(mask(&[]).forbids(&FilterPattern::parse("plain").unwrap()), None);
    assert_eq!(mask(&[]).touches_field("card"), None);
    assert_eq!(mask(&[]).hides_field("card"), None);
}

#[test]
fn any_text_can_replace_a_value() {
    let quoted = with(&["$.card"], Replacement::Text("say \"x\"\n\\".to_owned()));
    assert_eq!(shown(&quoted, r#"{"card":1}"#), r#"{"card":"say \"x\"\n\\"}"#);
}

#[test]
fn an_intersection_hides_what_every_mask_hides() {
    let message = r#"{"a":{"b":1,"c":[2,{"d":3}]},"e":4}"#;
    for (masks, masked) in [
        (&[&["$.a"][..], &["$.a.b"]][..], r#"{"a":{"b":"***","c":[2,{"d":3}]},"e":4}"#),
        (&[&["$.a", "$.e"], &["$.a.b", "$.e"]], r#"{"a":{"b":"***","c":[2,{"d":3}]},"e":"***"}"#),
        (&[&["$.a"], &["$.e"]], "unchanged"),
        (&[&["$.a"], &[]], "unchanged"),
        (&[&["$.a.c[*]"], &["$.a.c.d"]], r#"{"a":{"b":1,"c":[2,{"d":"***"}]},"e":4}"#),
        (&[&["$.a.c[*].d"], &["$.a.c.d"], &["$.a"]], r#"{"a":{"b":1,"c":[2,{"d":"***"}]},"e":4}"#),
        (&[&["$.a.c[1]"], &["$.a.c[*]"]], r#"{"a":{"b":1,"c":[2,"***"]},"e":4}"#),
        (&[&["$.a.b"]], r#"{"a":{"b":"***","c":[2,{"d":3}]},"e":4}"#),
    ] {
        let masks: Vec<_> = masks.iter().map(|paths| mask(paths)).collect();
        let both = FieldMask::intersect(&masks.iter().collect::<Vec<_>>());
        assert_eq!(shown(&both, message), masked, "{masks:?}");
    }
    assert!(FieldMask::intersect(&[]).is_empty());
}

#[test]
fn an_intersection_of_too_many_masks_hides_more_and_not_less() {
    let many: Vec<FieldMask> = (0..100).map(|number| mask(&["$.card", &format!("$.n{number}.x")])).collect();
    let all = FieldMask::intersect(&many.iter().collect::<Vec<_>>());
    assert_eq!(shown(&all, r#"{"card":1}"#), r#"{"card":"***"}"#);
    let large: Vec<FieldMask> = (0..3)
        .map(|number| {
            let paths: Vec<String> = (0..200).map(|path| format!("$.m{number}_{path}")).chain(["$.card".to_owned()]).collect();
            mask(&paths.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .collect();
    let all = FieldMask::intersect(&large.iter().collect::<Vec<_>>());
    assert_eq!(shown(&all, r#"{"card":1,"m0_7":2}"#), r#"{"card":"***","m0_7":"***"}"#);
}

#[test]
fn a_mask_has_a_bounded_size() {
    let paths: Vec<_> = (0..256).map(|number| MaskPath::parse(&format!("$.n{number}")).unwrap()).collect();
    assert!(FieldMask::new(&paths, Replacement::Remove).is_err());
    assert!(FieldMask::new(&paths[..255], Replacement::Remove).is_ok());
}

#[test]
fn fields_of_queries_are_masked_by_their_flattened_names() {
    let mask = mask(&["$.user.email", "$.items[*].card", "$.@id", r#"$["a.b"]"#, "$.list[2]"]);
    for (name, hides, touches) in [
        ("user.email", Some("$.user.email"), Some("$.user.email")),
        ("user.email.domain", Some("$.user.email"), Some("$.user.email")),
        ("user", None, Some("$.user.email")),
        ("user.id", None, None),
        ("User.email", None, None),
        ("items.0.card", Some("$.items[*].card"), Some("$.items[*].card")),
        ("items.17.card.number", Some("$.items[*].card"), Some("$.items[*].card")),
        ("items.0", None, Some("$.items[*].card")),
        ("items.card", Some("$.items[*].card"), Some("$.items[*].card")),
        ("items.0.id", None, None),
        ("user.0.email", Some("$.user.email"), Some("$.user.email")),
        ("@@id", Some("$.@id"), Some("$.@id")),
        ("@id", Some("$.@id"), Some("$.@id")),
        ("@message", None, None),
        ("a.b.c", Some(r#"$["a.b"]"#), Some(r#"$["a.b"]"#)),
        ("a", None, Some(r#"$["a.b"]"#)),
        ("list.2", Some("$.list[2]"), Some("$.list[2]")),
        ("list.1", None, None),
        ("list", None, Some("$.list[2]")),
    ] {
        assert_eq!(mask.hides_field(name).map(MaskPath::as_str), hides, "{name}");
        assert_eq!(mask.touches_field(name).map(MaskPath::as_str), touches, "{name}");
    }
}

#[test]
fn a_filter_pattern_may_not_reach_a_masked_value() {
    let mask = mask(&["$.user.email", "$.items[*].card", "$.list[2]"]);
    for (pattern, forbidden) in [
        ("", None),
        ("{ $.user.id = 7 && $.items[0].id = 1 }", None),
        ("{ $.user.email = x }", Some("$.user.email")),
        ("{ $.user.email.domain = x }", Some("$.user.email")),
        ("{ $.user NOT EXISTS }", Some("$.user.email")),
        ("{ $.id = 1 || ($.a = 2 && $.user.email IS NULL) }", Some("$.user.email")),
        ("{ $.['user.email'] = x }", Some("$.user.email")),
        ("{ $.user.* = x }", Some("$.user.email")),
        ("{ $.* = x }", Some("$.user.email")),
        ("{ $.items[*].card = x }", Some("$.items[*].card")),
        ("{ $.items[3].card.number = x }", Some("$.items[*].card")),
        ("{ $.items[3] = x }", Some("$.items[*].card")),
        ("{ $.items.card = x }", Some("$.items[*].card")),
        ("{ $.list[*] = x }", Some("$.list[2]")),
        ("{ $.list[*].a = x }", Some("$.list[2]")),
        ("{ $.list[1] = x }", None),
        ("{ $.other.* = x }", None),
        ("{ $.user[*].email = x }", Some("$.user.email")),
    ] {
        let pattern = FilterPattern::parse(pattern).unwrap();
        let found = mask.forbids(&pattern).map(|forbidden| match forbidden {
            Forbidden::Path(path) => path.as_str(),
            Forbidden::Terms | Forbidden::Fields => "other",
        });
        assert_eq!(found, forbidden, "{pattern}");
    }
    assert_eq!(mask.forbids(&FilterPattern::parse("-ERROR").unwrap()), Some(Forbidden::Terms));
    assert_eq!(mask.forbids(&FilterPattern::parse("%a%").unwrap()), Some(Forbidden::Terms));
    assert_eq!(mask.forbids(&FilterPattern::parse("[a, b]").unwrap()), Some(Forbidden::Fields));
}
