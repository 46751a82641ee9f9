//! Reads structs that derive `serde::Deserialize` from the configuration tree, and reports every error, not only the first.
//!
//! serde stops at the first error. [`read`] reports that error at its value, marks the value as skipped, and deserializes the
//! tree again, until no error is left. A skipped value counts as absent, so structs with `#[serde(default)]` still
//! deserialize; the configuration is then refused as a whole. Unknown keys are reported and skipped in the same way.
//!
//! A table that is read as an enum is tagged by its key `kind`.

use std::collections::btree_map;
use std::slice;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};

use super::spelling::{expected, quoted};
use super::tree::{Entries, Entry, Node, Value};
use super::unsupported;
use super::validation::{Validator, join};

/// The key that chooses the variant where a table is read as an enum.
const TAG: &str = "kind";
/// The variant of a table whose tag is missing or wrong. It accepts unknown keys.
pub(super) const UNKNOWN_KIND: &str = "unknown";

/// Deserializes the tree and reports all errors. `None` if the root itself does not deserialize.
pub(super) fn read<T: DeserializeOwned>(root: &Node, validator: &Validator<'_>) -> Option<T> {
    read_at(root, "", validator)
}

/// The same, if the root is the key at `path`.
pub(super) fn read_at<T: DeserializeOwned>(root: &Node, path: &str, validator: &Validator<'_>) -> Option<T> {
    loop {
        match T::deserialize(Reader { node: root, path: path.to_owned(), variant: None, validator }) {
            Ok(value) => return Some(value),
            // Ends: each reported error has marked one more value as skipped.
            Err(Error::Reported) => {}
            Err(Error::New(text)) => {
                validator.error(&root.location, path, text);
                return None;
            }
        }
    }
}

/// Why a value does not deserialize.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Not reported yet: the caller knows the location.
    #[error("{0}")]
    New(String),
    /// Reported, and its value is marked as skipped.
    #[error("reported before")]
    Reported,
}

impl Error {
    /// Reports the error at the value that it is about.
    fn report(self, node: &Node, path: &str, validator: &Validator<'_>) -> Self {
        if let Self::New(text) = self {
            skip(node, path, &text, validator);
        }
        Self::Reported
    }
}

fn skip(node: &Node, path: &str, text: &str, validator: &Validator<'_>) {
    validator.error(&node.location, path, text);
    node.skipped.set(true);
}

impl serde::de::Error for Error {
    fn custom<T: std::fmt::Display>(text: T) -> Self {
        Self::New(text.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let kind = match found {
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
            Unexpected::Float(_) => "a float",
            Unexpected::Str(_) => "a string",
            Unexpected::Seq => "an array",
            Unexpected::Map => "a table",
            _ => "another type",
        };
        Self::New(format!("must be {expected}, not {kind}"))
    }
}

/// Deserializes one value.
struct Reader<'a> {
    node: &'a Node,
    path: String,
    /// The variant, inside an enum.
    variant: Option<&'static str>,
    validator: &'a Validator<'a>,
}

impl<'a> Reader<'a> {
    fn value(&self) -> &'a Value {
        self.node.value.resolved()
    }

    fn text(&self) -> Option<&'a str> {
        self.node.value.text()
    }

    fn mismatch(&self, expected: &dyn Expected) -> Error {
        Error::New(format!("must be {expected}, not {}", self.node.value.kind()))
    }

    fn table(&self) -> Result<&'a Entries, Error> {
        match self.value() {
            Value::Table(entries) => Ok(entries),
            _ => Err(self.mismatch(&"a table")),
        }
    }

    fn entries(&self, entries: &'a Entries, fields: &'static [&'static str]) -> Fields<'a> {
        Fields { entries: entries.iter(), fields, value: None, path: self.path.clone(), validator: self.validator }
    }

    /// Reports and skips the keys that a struct does not have.
    fn check_keys(&self, entries: &'a Entries, name: &str, fields: &'static [&'static str]) {
        let known: Vec<&str> = self.variant.map(|_| TAG).into_iter().chain(fields.iter().copied()).collect();
        for (key, entry) in entries.iter().filter(|(_, entry)| !entry.node.skipped.get()) {
            let path = join(&self.path, key);
            let Some(field) = field(&known, key) else {
                let text = match unsupported::reason(name, key) {
                    Some(reason) => reason.to_owned(),
                    None => format!("unknown key: {}", expected(key, &known)),
                };
                for location in entry.locations() {
                    self.validator.error(location, &path, &text);
                }
                entry.node.skipped.set(true);
                continue;
            };
            if entries.keys().take_while(|other| *other != key).any(|other| self::field(&[field], other).is_some()) {
                skip(&entry.node, &path, &format!("sets `{field}` a second time"), self.validator);
            }
        }
    }

    /// The variant that the tag names; a missing or wrong tag is reported.
    fn variant(&self, variants: &'static [&'static str]) -> Result<&'static str, Error> {
        let entries = self.table()?;
        let known: Vec<&str> = variants.iter().copied().filter(|variant| *variant != UNKNOWN_KIND).collect();
        let path = join(&self.path, TAG);
        let Some(entry) = entries.get(TAG) else {
            if !self.validator.has(&self.node.location, &path) {
                self.validator.error(&self.node.location, &path, format_args!("is missing: {}", expected("", &known)));
            }
            return Ok(UNKNOWN_KIND);
        };
        if entry.node.skipped.get() {
            return Ok(UNKNOWN_KIND);
        }
        let tag = Reader { node: &entry.node, path: path.clone(), variant: None, validator: self.validator };
        let found = match tag.text() {
            None => Err(tag.mismatch(&"a string")),
            Some(text) => {
                let variant = variants.iter().copied().find(|variant| *variant == text && text != UNKNOWN_KIND);
                variant.ok_or_else(|| unknown_word(text, &known))
            }
        };
        Ok(found.unwrap_or_else(|error| {
            error.report(&entry.node, &path, self.validator);
            UNKNOWN_KIND
        }))
    }
}

/// The field that a key names. Names of AWS operations match in any case, because variables have no case.
fn field<'f>(fields: &[&'f str], key: &str) -> Option<&'f str> {
    let matches = |field: &str| field == key || (field.starts_with(char::is_uppercase) && field.eq_ignore_ascii_case(key));
    fields.iter().copied().find(|field| matches(field))
}

fn unknown_word(word: &str, known: &[&str]) -> Error {
    Error::New(format!("{} is unknown: {}", quoted(word), expected(word, known)))
}

impl<'a> Deserializer<'a> for Reader<'a> {
    type Error = Error;

    /// A variable is a string here, unless it holds an array or a table.
    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match (self.text(), self.value()) {
            (_, Value::Array(_)) => self.deserialize_seq(visitor),
            (_, Value::Table(_)) => self.deserialize_map(visitor),
            (Some(text), _) => visitor.visit_borrowed_str(text),
            (None, Value::Boolean(value)) => visitor.visit_bool(*value),
            (None, Value::Integer(value)) => match i64::try_from(*value) {
                Ok(value) => visitor.visit_i64(value),
                Err(_) => visitor.visit_i128(*value),
            },
            (None, Value::Float(value)) => visitor.visit_f64(*value),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value() {
            Value::Boolean(value) => visitor.visit_bool(*value),
            _ => Err(self.mismatch(&"`true` or `false`")),
        }
    }

    fn deserialize_i128<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value() {
            Value::Integer(value) => visitor.visit_i128(*value),
            _ => Err(self.mismatch(&"an integer")),
        }
    }

    fn deserialize_f64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value() {
            Value::Float(value) => visitor.visit_f64(*value),
            // Exact up to 2^53, far above every limit.
            Value::Integer(value) => visitor.visit_f64(value.to_string().parse().unwrap_or(f64::NAN)),
            _ => Err(self.mismatch(&"a number")),
        }
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.text() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value() {
            Value::Array(items) => {
                let items = items.iter();
                visitor.visit_seq(Items { total: items.len(), index: 0, items, path: self.path, validator: self.validator })
            }
            Value::Table(_) => Err(Error::New(format!("must be an array, not a table: write `[[{}]]` for tables", self.path))),
            _ => Err(self.mismatch(&"an array")),
        }
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let entries = self.table()?;
        visitor.visit_map(self.entries(entries, &[]))
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let entries = self.table()?;
        if self.variant != Some(UNKNOWN_KIND) {
            self.check_keys(entries, name, fields);
        }
        visitor.visit_map(self.entries(entries, fields))
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if let Some(text) = self.text() {
            let known = variants.contains(&text).then_some(text).ok_or_else(|| unknown_word(text, variants))?;
            return visitor.visit_enum(BorrowedStrDeserializer::new(known));
        }
        if !matches!(self.value(), Value::Table(_)) && !variants.contains(&UNKNOWN_KIND) {
            return Err(self.mismatch(&"a string"));
        }
        let variant = self.variant(variants)?;
        visitor.visit_enum(Tagged { variant, reader: Self { variant: Some(variant), ..self } })
    }

    /// A key that no field reads. Its value may be of any type.
    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'a>>
        i8 i16 i32 i64 u8 u16 u32 u64 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

/// The keys of a table, without those skipped.
struct Fields<'a> {
    entries: btree_map::Iter<'a, String, Entry>,
    /// The fields of the struct; empty for a map.
    fields: &'static [&'static str],
    value: Option<(&'a str, &'a Node)>,
    path: String,
    validator: &'a Validator<'a>,
}

impl<'a> MapAccess<'a> for Fields<'a> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, entry)) = self.entries.find(|(_, entry)| !entry.node.skipped.get()) else {
            return Ok(None);
        };
        self.value = Some((key, &entry.node));
        seed.deserialize(BorrowedStrDeserializer::new(field(self.fields, key).unwrap_or(key))).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (key, node) = self.value.take().ok_or_else(|| Error::custom("bug: a value without its key"))?;
        let path = join(&self.path, key);
        let reader = Reader { node, path: path.clone(), variant: None, validator: self.validator };
        seed.deserialize(reader).map_err(|error| error.report(node, &path, self.validator))
    }
}

/// The items of an array, without those skipped.
struct Items<'a> {
    items: slice::Iter<'a, Node>,
    index: usize,
    /// With those skipped.
    total: usize,
    path: String,
    validator: &'a Validator<'a>,
}

impl<'a> SeqAccess<'a> for Items<'a> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        for node in self.items.by_ref() {
            let path = format!("{}[{}]", self.path, self.index);
            self.index += 1;
            if !node.skipped.get() {
                let reader = Reader { node, path: path.clone(), variant: None, validator: self.validator };
                return seed.deserialize(reader).map(Some).map_err(|error| error.report(node, &path, self.validator));
            }
        }
        Ok(None)
    }

    /// The length of the array as written, so that an array with only wrong items is not taken for an empty one.
    fn size_hint(&self) -> Option<usize> {
        Some(self.total)
    }
}

/// A table whose variant is known.
struct Tagged<'a> {
    variant: &'static str,
    reader: Reader<'a>,
}

impl<'a> EnumAccess<'a> for Tagged<'a> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let variant: StrDeserializer<'_, Error> = self.variant.into_deserializer();
        Ok((seed.deserialize(variant)?, self))
    }
}

impl<'a> VariantAccess<'a> for Tagged<'a> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Err(Error::custom("bug: a variant without a table"))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.reader)
    }

    fn tuple_variant<V: Visitor<'a>>(self, _length: usize, _visitor: V) -> Result<V::Value, Error> {
        self.unit_variant().and(Err(Error::Reported))
    }

    fn struct_variant<V: Visitor<'a>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.reader.deserialize_struct("", fields, visitor)
    }
}
