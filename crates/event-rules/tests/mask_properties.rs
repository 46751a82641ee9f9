//! Masks of random messages, compared with `serde_json`.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use logmark_event_rules::{FieldMask, MaskPath, Masked, Replacement};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde_json::Value;

const NAMES: &[&str] = &["a", "b", "c", "a.b", "0", "é", "q\"\\"];

/// One step of a path, as the oracle parses it.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Member(&'static str),
    Index(usize),
    Any,
}

fn path() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![4 => (0..NAMES.len()).prop_map(|name| Step::Member(NAMES[name])), 1 => (0..2_usize).prop_map(Step::Index), 1 => Just(Step::Any)];
    ((0..NAMES.len()).prop_map(|name| Step::Member(NAMES[name])), vec(step, 0..3))
        .prop_map(|(first, rest)| std::iter::once(first).chain(rest).collect())
}

fn written(path: &[Step]) -> String {
    path.iter().fold("$".to_owned(), |text, step| match step {
        Step::Member(name) => format!("{text}[{}]", Value::from(*name)),
        Step::Index(index) => format!("{text}[{index}]"),
        Step::Any => format!("{text}[*]"),
    })
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..9_i64).prop_map(Value::from),
        "[a-c\"\\\\é\n]{0,4}".prop_map(Value::from)
    ];
    let value = leaf.prop_recursive(4, 24, 4, |inner| prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::from), object(inner)]);
    object(value)
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    vec(((0..NAMES.len()).prop_map(|name| NAMES[name]), inner), 0..4)
        .prop_map(|members| Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

/// The path to a value, from the outermost: names between dots, and indexes.
type Reached = Vec<Piece>;

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Name(String),
    Index(usize),
}

/// Whether the whole path is a prefix of the value's place, in lax mode. Tries every way.
fn covers(path: &[Piece2], place: &[Piece], is_array: bool) -> bool {
    let Some((step, rest)) = path.split_first() else { return true };
    let wraps = |index: &Option<usize>| {
        // A value that is not an array counts as an array of itself.
        let array_here = place.is_empty() && is_array || matches!(place.first(), Some(Piece::Index(_)));
        !array_here && index.is_none_or(|index| index == 0)
    };
    let taken = place.split_first().is_some_and(|(piece, after)| match (step, piece) {
        (Piece2::Name(name), Piece::Name(found)) => name == found && covers(rest, after, is_array),
        (Piece2::Name(name), Piece::Index(index)) => {
            (*name == index.to_string() && covers(rest, after, is_array)) || covers(path, after, is_array)
        }
        (Piece2::Index(wanted), Piece::Index(index)) => {
            wanted.is_none_or(|wanted| wanted == *index) && covers(rest, after, is_array)
        }
        (Piece2::Index(wanted), Piece::Name(name)) => {
            name.parse::<usize>().is_ok_and(|index| wanted.is_none_or(|wanted| wanted == index)) && covers(rest, after, is_array)
        }
    });
    // A numeric name can be skipped like an index.
    let passed = matches!((step, place.first()), (Piece2::Name(_), Some(Piece::Name(name))) if name.parse::<usize>().is_ok())
        && covers(path, &place[1..], is_array);
    taken || passed || matches!(step, Piece2::Index(index) if wraps(index) && covers(rest, place, is_array))
}

/// A step of a path whose names are split at dots.
#[derive(Debug, Clone)]
enum Piece2 {
    Name(String),
    Index(Option<usize>),
}

fn pieces(path: &[Step]) -> Vec<Piece2> {
    path.iter()
        .flat_map(|step| match step {
            Step::Member(name) => name.split('.').map(|piece| Piece2::Name(piece.to_owned())).collect(),
            Step::Index(index) => vec![Piece2::Index(Some(*index))],
            Step::Any => vec![Piece2::Index(None)],
        })
        .collect()
}

/// The value with `"***"` in place of the values that the paths cover.
fn masked(value: &Value, paths: &[Vec<Piece2>], place: &Reached) -> Value {
    if !place.is_empty() && paths.iter().any(|path| covers(path, place, value.is_array())) {
        return Value::from("***");
    }
    match value {
        Value::Array(items) => {
            let inner =
                |(index, item): (usize, &Value)| masked(item, paths, &[place.as_slice(), &[Piece::Index(index)]].concat());
            Value::Array(items.iter().enumerate().map(inner).collect())
        }
        Value::Object(members) => {
            let inner = |(name, member): (&String, &Value)| {
                let more: Vec<Piece> = name.split('.').map(|piece| Piece::Name(piece.to_owned())).collect();
                (name.clone(), masked(member, paths, &[place.as_slice(), &more].concat()))
            };
            Value::Object(members.iter().map(inner).collect())
        }
        scalar => scalar.clone(),
    }
}

fn mask(paths: &[Vec<Step>], replacement: Replacement) -> FieldMask {
    let paths: Vec<_> = paths.iter().map(|path| MaskPath::parse(&written(path)).unwrap()).collect();
    FieldMask::new(&paths, replacement).unwrap()
}

fn shown(mask: &FieldMask, message: &str) -> Option<String> {
    match mask.apply(message) {
        Masked::Unchanged => Some(message.to_owned()),
        Masked::Changed(text) => Some(text),
        Masked::Withheld => None,
    }
}

proptest! {
    #[test]
    fn a_masked_message_is_what_the_definition_says(paths in vec(path(), 1..4), value in json(), pretty in any::<bool>()) {
        let message = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
        let found = shown(&mask(&paths, Replacement::default()), &message).unwrap();
        let paths: Vec<_> = paths.iter().map(|path| pieces(path)).collect();
        let wanted = masked(&value, &paths, &Vec::new());
        prop_assert_eq!(serde_json::from_str::<Value>(&found).unwrap(), wanted.clone(), "{}", message);
        // All other bytes stay, so text from `serde_json` is still in its form.
        prop_assert_eq!(found, if pretty { serde_json::to_string_pretty(&wanted).unwrap() } else { wanted.to_string() });
    }

    #[test]
    fn a_removed_value_leaves_valid_json_without_its_canary(paths in vec(path(), 1..4), value in json()) {
        let message = value.to_string();
        let kept = shown(&mask(&paths, Replacement::Remove), &message).unwrap();
        prop_assert!(serde_json::from_str::<Value>(&kept).is_ok(), "{} {}", message, kept);
        let replaced = shown(&mask(&paths, Replacement::default()), &message).unwrap();
        prop_assert_eq!(kept == message, replaced == message);
        prop_assert!(kept.len() <= message.len());
    }

    #[test]
    fn a_mask_of_any_text_withholds_what_serde_json_refuses(text in "[{}\\[\\]\",:a0-9.eE\\\\ u-]{0,24}") {
        let withheld = shown(&mask(&[vec![Step::Member("a")]], Replacement::default()), &text).is_none();
        prop_assert_eq!(withheld, serde_json::from_str::<serde_json::Map<String, Value>>(&text).is_err(), "{}", text);
    }

    #[test]
    fn an_intersection_hides_a_value_when_each_mask_does(first in vec(path(), 1..3), second in vec(path(), 1..3), value in json()) {
        let masks = [mask(&first, Replacement::default()), mask(&second, Replacement::default())];
        let both = FieldMask::intersect(&[&masks[0], &masks[1]]);
        let message = value.to_string();
        let found: Value = serde_json::from_str(&shown(&both, &message).unwrap()).unwrap();
        let each: Vec<Value> = masks.iter().map(|mask| serde_json::from_str(&shown(mask, &message).unwrap()).unwrap()).collect();
        prop_assert!(agrees(&value, &found, &each[0], &each[1]), "{} {} {} {}", message, found, each[0], each[1]);
    }

    #[test]
    fn a_field_of_a_masked_message_is_known_by_its_name(paths in vec(path(), 1..4), value in json()) {
        let mask = mask(&paths, Replacement::default());
        let message = value.to_string();
        let before = logmark_engine::input::discover::all(&message);
        let after = logmark_engine::input::discover::all(&shown(&mask, &message).unwrap());
        for (name, value) in before {
            // A field that keeps its value may have a masked namesake; a changed or missing field must be hidden by name.
            if !after.iter().any(|(kept, same)| *kept == name && *same == value) {
                prop_assert!(mask.hides_field(&name).is_some(), "{} in {}", name, message);
                prop_assert!(mask.touches_field(&name).is_some(), "{} in {}", name, message);
            }
        }
    }
}

/// Whether `both` is masked exactly where both masked values are.
fn agrees(value: &Value, both: &Value, first: &Value, second: &Value) -> bool {
    let is_masked = |shown: &Value| shown == "***" && value != "***";
    if is_masked(first) || is_masked(second) {
        // Where one mask hides a whole value, the other decides.
        return if is_masked(first) && is_masked(second) {
            is_masked(both)
        } else {
            both == if is_masked(first) { second } else { first }
        };
    }
    match (value, both, first, second) {
        (Value::Array(value), Value::Array(both), Value::Array(first), Value::Array(second)) => {
            let all = value.iter().zip(both).zip(first.iter().zip(second));
            all.into_iter().all(|((value, both), (first, second))| agrees(value, both, first, second))
        }
        (Value::Object(value), Value::Object(both), Value::Object(first), Value::Object(second)) => {
            value.iter().all(|(name, value)| agrees(value, &both[name], &first[name], &second[name]))
        }
        _ => both == value,
    }
}
