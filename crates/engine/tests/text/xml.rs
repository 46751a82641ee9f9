//! `parse … xml`: undocumented, so these rows define it; paths mean what they mean in `XPath` 1.0.

use logmark_engine::values::parse_xml::XmlPath;
use proptest::prelude::{prop_assert, proptest};

const EVENT: &str = r#"<?xml version="1.0"?>
<event id="7" kind="order">
  <service name="cart" region="eu"/>
  <level>WARN</level>
  <items><item sku="a">one</item><item sku="b">two <b>left</b></item><item>three</item></items>
  <soap:Body xmlns:soap="urn:s"><soap:code>5&amp;6</soap:code><note><![CDATA[a < b]]></note></soap:Body>
  <empty/>
</event>
"#;

#[test]
fn a_path_finds_the_first_text_in_the_order_of_the_document() {
    let rows = [
        ("/event/level", Some("WARN")),
        ("event/level", Some("WARN")),
        (" /event/level ", Some("WARN")),
        ("/event/service/@name", Some("cart")),
        ("/event/@kind", Some("order")),
        ("/event/@*", Some("7")),
        ("//item", Some("one")),
        ("//item[2]", Some("two left")),
        ("//item[last()]", Some("three")),
        ("//item[@sku]", Some("one")),
        ("//item[@sku='b']", Some("two left")),
        ("//item[@sku = \"b\"]/b", Some("left")),
        ("//item[b='left']/@sku", Some("b")),
        ("//item[text()='three']", Some("three")),
        ("//item[@sku][2]/text()", Some("two ")),
        ("/event/*/item[1]", Some("one")),
        ("/*/*[2]", Some("WARN")),
        ("//@sku", Some("a")),
        ("/event//b", Some("left")),
        ("//items//b/.", Some("left")),
        ("//soap:code", Some("5&6")),
        ("//code", Some("5&6")),
        ("//Body/note", Some("a < b")),
        ("/event/empty", Some("")),
        ("/level", None),
        ("//item[4]", None),
        ("//item[@sku='c']", None),
        ("//other:code", None),
        ("/event/service/text()", None),
        ("/event/@missing", None),
    ];
    for (path, expected) in rows {
        let path = XmlPath::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(path.find(EVENT).as_deref(), expected, "{path:?}");
    }
}

#[test]
fn what_is_no_document_has_no_result() {
    let path = XmlPath::parse("//a").unwrap();
    let deep = format!("{}{}", "<a>".repeat(200_000), "</a>".repeat(200_000));
    let bomb = r#"<!DOCTYPE a [<!ENTITY b "xxxx"><!ENTITY c "&b;&b;">]><a>&c;</a>"#;
    for text in ["", "a", "<a>", "<a></b>", "<a/><a/>", "{\"a\":1}", "log: <a>1</a>", "<a>&unknown;</a>", &deep, bomb] {
        assert_eq!(path.find(text), None, "{}", &text[..text.len().min(40)]);
    }
    let level = 128;
    let nested = format!("{}x{}", "<a>".repeat(level), "</a>".repeat(level));
    assert_eq!(path.find(&nested).as_deref(), Some("x"));
}

#[test]
fn a_large_document_takes_time_linear_in_it() {
    let wide = format!("<r>{}</r>", "<a k='v'><b>x</b></a>".repeat(40_000));
    for path in ["//*//*//*//b[.='y']", "//a[b='y']", "//*[@k='w']", "/r/a[40001]"] {
        assert_eq!(XmlPath::parse(path).unwrap().find(&wide), None, "{path}");
    }
}

#[test]
fn other_forms_of_xpath_are_refused_at_their_place() {
    for (path, place) in [
        ("", 0),
        ("/", 1),
        ("/a/", 3),
        ("/a//", 4),
        ("/a[", 3),
        ("/a[0]", 3),
        ("/a[b=1]", 5),
        ("/a[b='x]", 5),
        ("/a[b='x' and c]", 9),
        ("/a[contains(b,'x')]", 11),
        ("count(/a)", 5),
        ("/a/../b", 3),
        ("/a/parent::b", 9),
        ("/a | /b", 2),
        ("/@a/b", 3),
        ("/a/text()/b", 9),
        ("/a/comment()", 10),
        ("/ä b", 3),
    ] {
        let error = XmlPath::parse(path).expect_err(path);
        assert_eq!(error.place.start, place, "{path}: {error}");
    }
}

proptest! {
    #[test]
    fn no_path_and_no_text_is_too_strange(path in r"[/@*\[\]a-c.='1()]{0,12}", text in "(<a>|</a>|<b k='v'/>|<|>|&amp;|&|x|<!--|-->|]]>){0,12}") {
        match XmlPath::parse(&path) {
            Ok(path) => prop_assert!(path.find(&text).is_none_or(|found| found.len() <= text.len())),
            Err(error) => prop_assert!(error.place.end <= path.len() && path.is_char_boundary(error.place.end)),
        }
    }
}
