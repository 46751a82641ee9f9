//! Finds the values of JSON paths in a message: one pass over its bytes, and one more over each object that a path enters.
//!
//! A message has values if it is one JSON object; of a name that occurs twice, the last value counts. Filter patterns have the
//! same rules (docs/language-decisions.md). Owns the tree of paths. Does not build JSON values.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::parse::Step;

/// A node of the tree: a step of one or more paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Node {
    /// The number of the path that ends here.
    slot: Option<usize>,
    members: Vec<(String, Node)>,
    items: Vec<(usize, Node)>,
}

/// A value as written in the message: a JSON token, or a whole object or array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'m>(pub(crate) &'m str);

impl Node {
    /// Adds a path; false if it is a duplicate.
    pub(super) fn insert(&mut self, path: &[Step], slot: usize) -> bool {
        let Some((first, rest)) = path.split_first() else {
            let is_new = self.slot.is_none();
            self.slot = self.slot.or(Some(slot));
            return is_new;
        };
        match first {
            Step::Member(name) => child(&mut self.members, name).insert(rest, slot),
            Step::Index(index) => child(&mut self.items, index).insert(rest, slot),
        }
    }

    /// The largest number of paths that end on the way to one leaf.
    pub(super) fn nesting(&self) -> usize {
        usize::from(self.slot.is_some()) + self.below().map(Self::nesting).max().unwrap_or(0)
    }

    fn below(&self) -> impl Iterator<Item = &Self> {
        self.members.iter().map(|(_, node)| node).chain(self.items.iter().map(|(_, node)| node))
    }

    /// The values in the message, by path number.
    pub(crate) fn pick<'m>(&self, message: &'m str, slots: usize) -> Vec<Option<Token<'m>>> {
        let mut values = vec![None; slots];
        if !message.trim_ascii_start().starts_with('{') || self.read(message, &mut values).is_err() {
            values.fill(None);
        }
        values
    }

    /// Reads an object or array to its end.
    fn read<'m>(&self, json: &'m str, values: &mut [Option<Token<'m>>]) -> serde_json::Result<()> {
        let mut reader = serde_json::Deserializer::from_str(json);
        if json.trim_ascii_start().starts_with('[') {
            reader.deserialize_seq(Inside { node: self, values })?;
        } else {
            reader.deserialize_map(Inside { node: self, values })?;
        }
        reader.end()
    }

    /// Records a value at this node.
    fn take<'m>(&self, value: &'m str, values: &mut [Option<Token<'m>>]) -> serde_json::Result<()> {
        self.forget(values);
        if let Some(place) = self.slot.and_then(|slot| values.get_mut(slot)) {
            *place = Some(Token(value));
        }
        let is_entered =
            (value.starts_with('{') && !self.members.is_empty()) || (value.starts_with('[') && !self.items.is_empty());
        if is_entered { self.read(value, values) } else { Ok(()) }
    }

    /// Clears the values found here and below, because a later member has the same name.
    fn forget(&self, values: &mut [Option<Token<'_>>]) {
        if let Some(place) = self.slot.and_then(|slot| values.get_mut(slot)) {
            *place = None;
        }
        self.below().for_each(|node| node.forget(values));
    }
}

fn child<'n, K: Clone + PartialEq>(children: &'n mut Vec<(K, Node)>, key: &K) -> &'n mut Node {
    let index = children.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
        children.push((key.clone(), Node::default()));
        children.len() - 1
    });
    &mut children[index].1
}

/// Reads the members of an object, or the items of an array, that are on a path.
struct Inside<'n, 'v, 'm> {
    node: &'n Node,
    values: &'v mut [Option<Token<'m>>],
}

impl<'m> Visitor<'m> for Inside<'_, '_, 'm> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'m>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(found) = map.next_key_seed(Named(&self.node.members))? {
            match found {
                Some(node) => {
                    node.take(map.next_value::<&'m RawValue>()?.get(), self.values).map_err(serde::de::Error::custom)?
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'m>>(self, mut items: A) -> Result<(), A::Error> {
        for index in 0.. {
            match self.node.items.iter().find(|(place, _)| *place == index) {
                Some((_, node)) => match items.next_element::<&'m RawValue>()? {
                    Some(value) => node.take(value.get(), self.values).map_err(serde::de::Error::custom)?,
                    None => break,
                },
                None if items.next_element::<IgnoredAny>()?.is_none() => break,
                None => {}
            }
        }
        Ok(())
    }
}

/// Finds a member by its name.
struct Named<'n>(&'n [(String, Node)]);

impl<'m, 'n> DeserializeSeed<'m> for Named<'n> {
    type Value = Option<&'n Node>;

    fn deserialize<D: Deserializer<'m>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for Named<'n> {
    type Value = Option<&'n Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|(known, _)| known == name).map(|(_, node)| node))
    }
}

#[cfg(test)]
mod tests {
    use crate::columns::Columns;

    fn picked(columns: &str, message: &str) -> Vec<Option<String>> {
        let columns = Columns::parse(columns).unwrap();
        columns.paths.pick(message, columns.slots).into_iter().map(|token| token.map(|token| token.0.to_owned())).collect()
    }

    #[test]
    fn values_are_found_where_their_paths_lead() {
        let message = r#" {"status":200,"user":{"id":"7","tags":["a",{"k":null}]},"a.b":true,"list":[[1,2.50],3],"e":1e999} "#;
        for (path, expected) in [
            ("$.status", Some("200")),
            ("$.user.id", Some("\"7\"")),
            ("$.user", Some(r#"{"id":"7","tags":["a",{"k":null}]}"#)),
            ("$['a.b']", Some("true")),
            ("$.a.b", None),
            ("$.list[0][1]", Some("2.50")),
            ("$.list[1]", Some("3")),
            ("$.list[2]", None),
            ("$.list.x", None),
            ("$.status.x", None),
            ("$.status[0]", None),
            ("$.user.tags[1].k", Some("null")),
            ("$.e", Some("1e999")),
            ("$.Status", None),
            ("$.user[0]", None),
        ] {
            assert_eq!(picked(path, message), [expected.map(str::to_owned)], "{path}");
        }
        assert_eq!(picked("$.user.id,$.user,$.status", message)[2].as_deref(), Some("200"));
    }

    #[test]
    fn the_last_of_two_members_counts_with_all_that_is_in_it() {
        assert_eq!(picked("$.a,$.a.b", r#"{"a":{"b":1},"a":2}"#), [Some("2".to_owned()), None]);
        assert_eq!(picked("$.a.b", r#"{"a":{"b":1},"\u0061":{"b":2}}"#), [Some("2".to_owned())]);
    }

    #[test]
    fn what_is_not_one_json_object_has_no_values() {
        let deep = format!("{{\"a\":1,\"d\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        for message in
            ["", "a", "[{\"a\":1}]", "{\"a\":1", "{\"a\":1}x", "{\"a\":1} {\"a\":1}", "{\"a\":1,}", "INFO {\"a\":1}", "{'a':1}"]
        {
            assert_eq!(picked("$.a", message), [None], "{message}");
        }
        assert_eq!(picked("$.a", &deep), [Some("1".to_owned())]);
        assert_eq!(picked("$.a", "{\"a\":1}\r\n"), [Some("1".to_owned())]);
    }

    proptest::proptest! {
        #[test]
        fn a_value_is_the_one_that_serde_json_finds(json in "\\{(\"[ab]\":(1|-2\\.5|\"x\"|null|\\{\"a\":[12]\\}|\\[1,\\[2\\]\\])(,|)){0,4}\\}") {
            let expected = serde_json::from_str::<serde_json::Value>(&json).ok();
            for (path, pointer) in [("$.a", "/a"), ("$.b.a", "/b/a"), ("$.a[1][0]", "/a/1/0")] {
                let expected = expected.as_ref().and_then(|value| value.pointer(pointer)).map(ToString::to_string);
                proptest::prop_assert_eq!(picked(path, &json), [expected]);
            }
        }
    }
}
