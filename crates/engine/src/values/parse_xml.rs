//! `parse field xml 'XPath' as name`: the text at an `XPath` in an XML document.
//!
//! Owns the supported part of `XPath` 1.0 and the search. The User Guide does not describe this mode, but deployed queries use
//! it. The rules:
//!
//! - Steps are `name`, `*`, `@name`, `@*`, `text()` and `.`, separated by `/` or `//`. A path without a leading `/` starts at the
//!   root too. A name with a prefix (`soap:Body`) matches the prefix in the document; a name without a prefix matches any prefix.
//! - Conditions are `[2]`, `[last()]`, `[name]`, `[@name]`, `[name='text']`, `[@name='text']`, `[text()='text']`. All conditions
//!   of a step must hold; a position counts the nodes that pass the conditions before it.
//! - The result is the first match in document order: all text within an element, or the value of an attribute.
//! - A text that is not a well-formed document, has a DTD, or is nested deeper than [`DEEPEST`] has no result.
//!
//! Any other `XPath` is an error with its position, before the query runs.

mod path;

use std::fmt;
use std::ops::Range;

use roxmltree::{Document, Node, ParsingOptions};

use path::{Condition, Name, Step, Test};

use super::json::DEEPEST;
use super::strings::LONGEST_TEXT;

/// Most nodes of a document: a text of 1 MiB hardly has more.
const MOST_NODES: u32 = 300_000;

/// A compiled path.
///
/// ```
/// use logmark_engine::values::parse_xml::XmlPath;
///
/// let event = r#"<event id="7"><level>WARN</level><item sku="a"/><item sku="b">two <b>left</b></item></event>"#;
/// let find = |path: &str| XmlPath::parse(path).unwrap().find(event);
/// assert_eq!(find("/event/level").as_deref(), Some("WARN"));
/// assert_eq!(find("//item[@sku='b']").as_deref(), Some("two left"));
/// assert_eq!((find("/event/@id").as_deref(), find("/event/item[3]")), (Some("7"), None));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlPath {
    steps: Vec<Step>,
}

/// A path that is malformed or not supported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlPathError {
    /// The position, in bytes.
    pub place: Range<usize>,
    /// What was expected there.
    pub expected: &'static str,
}

/// A node or attribute that a step selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'d> {
    /// An element, a text, or the document.
    Node(Node<'d, 'd>),
    Attribute(&'d str),
}

impl XmlPath {
    /// Reads a path.
    ///
    /// # Errors
    /// When the path is malformed or not supported.
    pub fn parse(written: &str) -> Result<Self, XmlPathError> {
        Ok(Self { steps: path::read(written)? })
    }

    /// The text at the path; `None` if the document has no such part.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<String> {
        let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
        let text = text.trim();
        if !text.starts_with('<') || nests_deeper(text) {
            return None;
        }
        let document = Document::parse_with_options(text, options).ok()?;
        let mut places = vec![Place::Node(document.root())];
        for step in &self.steps {
            places = follow(&places, step);
        }
        match places.first()? {
            Place::Attribute(value) => within_limit((*value).to_owned()),
            Place::Node(node) => within_limit(content(*node)),
        }
    }
}

fn within_limit(text: String) -> Option<String> {
    (text.len() <= LONGEST_TEXT).then_some(text)
}

/// Whether elements are nested too deep, by their tags alone, so that the XML parser never recurses that deep.
fn nests_deeper(text: &str) -> bool {
    let (mut depth, mut deepest) = (0_usize, 0);
    for (place, _) in text.match_indices('<') {
        let tag = &text[place + 1..];
        match tag.as_bytes().first() {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(b'!' | b'?') | None => {}
            Some(_) => {
                let end = tag.find('>').unwrap_or(tag.len());
                depth += usize::from(!tag[..end].ends_with('/'));
            }
        }
        deepest = deepest.max(depth);
    }
    deepest > DEEPEST
}

/// All text within a node, in document order.
fn content(node: Node<'_, '_>) -> String {
    node.descendants().filter(Node::is_text).filter_map(|text| text.text()).collect()
}

/// The nodes that a step selects, in document order, each once.
fn follow<'d>(from: &[Place<'d>], step: &Step) -> Vec<Place<'d>> {
    let nodes = from.iter().filter_map(|place| match place {
        Place::Node(node) => Some(*node),
        Place::Attribute(_) => None,
    });
    if step.descends { reached(below(nodes), step) } else { reached(nodes, step) }
}

/// The nodes and all their descendants, each once: a node inside an earlier node is already included.
fn below<'d>(nodes: impl Iterator<Item = Node<'d, 'd>>) -> impl Iterator<Item = Node<'d, 'd>> {
    let mut end = 0;
    let outermost = nodes.filter(move |node| {
        let is_new = node.range().start >= end;
        end = end.max(node.range().end);
        is_new
    });
    outermost.flat_map(|node| node.descendants())
}

fn reached<'d>(nodes: impl Iterator<Item = Node<'d, 'd>>, step: &Step) -> Vec<Place<'d>> {
    let mut places = Vec::new();
    for node in nodes {
        let mut found: Vec<Place<'d>> = match &step.test {
            Test::Itself => vec![Place::Node(node)],
            Test::Text => node.children().filter(Node::is_text).map(Place::Node).collect(),
            Test::Element(name) => {
                node.children().filter(|child| child.is_element() && is_named(*child, name)).map(Place::Node).collect()
            }
            Test::Attribute(name) => {
                let attributes = node.attributes().filter(|attribute| {
                    let prefix = attribute.namespace().and_then(|namespace| node.lookup_prefix(namespace));
                    name.is(attribute.name(), prefix)
                });
                attributes.map(|attribute| Place::Attribute(attribute.value())).collect()
            }
        };
        for condition in &step.conditions {
            found = restrict(found, condition);
        }
        places.extend(found);
    }
    places
}

fn is_named(node: Node<'_, '_>, name: &Name) -> bool {
    let tag = node.tag_name();
    name.is(tag.name(), tag.namespace().and_then(|namespace| node.lookup_prefix(namespace)))
}

/// The nodes for which a condition holds.
fn restrict<'d>(places: Vec<Place<'d>>, condition: &Condition) -> Vec<Place<'d>> {
    match condition {
        Condition::Position(position) => places.get(position.wrapping_sub(1)).copied().into_iter().collect(),
        Condition::Last => places.last().copied().into_iter().collect(),
        Condition::Has(test, value) => places.into_iter().filter(|place| has(*place, test, value.as_deref())).collect(),
    }
}

/// Whether a node has such a child or attribute, with the value if one is given.
fn has(place: Place<'_>, test: &Test, value: Option<&str>) -> bool {
    let Place::Node(node) = place else { return false };
    let step = Step { descends: false, test: test.clone(), conditions: Vec::new() };
    reached([node].into_iter(), &step).into_iter().any(|place| match (place, value) {
        (_, None) => true,
        (Place::Attribute(found), Some(value)) => found == value,
        (Place::Node(node), Some(value)) => content(node) == value,
    })
}

impl fmt::Display for XmlPathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at byte {}; other forms of XPath are not supported here", self.expected, self.place.start)
    }
}

impl std::error::Error for XmlPathError {}
