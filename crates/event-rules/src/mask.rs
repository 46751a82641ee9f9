//! Masks of fields: which values of a message are hidden, and what names of them a caller may use.
//!
//! Owns the meaning of a mask:
//!
//! - A path covers its value and everything below it. Every occurrence of a member that is written twice is masked, and
//!   `"c\u0061rd"` is the member `card`.
//! - Names are compared as Logs Insights flattens them: `$.user.email` also covers a member that is called `user.email`, and
//!   `$["user.email"]` also covers `{"user": {"email": …}}`, because a query can name both `user.email`. In the same way
//!   `[*]` and `[0]` cover members that are called `0`.
//! - As in the lax mode of SQL/JSON, a member of an array is that member of each of its elements (`$.items.card` covers
//!   `{"items": [{"card": …}]}`), and a value that is not an array is its own only element (`$.items[*].card` covers
//!   `{"items": {"card": …}}`). A writer that adds or omits an array does not uncover a value.
//! - A message that is not one valid JSON object is withheld: it cannot be masked. Validity is that of
//!   [`logmark_filter_pattern::json_text`].

mod apply;
mod path;
mod tree;
mod uses;

use std::fmt;

pub use path::{InvalidPath, MaskPath};
pub use uses::Forbidden;

use tree::Tree;

/// The maximum number of steps of all paths of a mask together, and of masks that are intersected: the size of a node set.
const MAX_NODES: usize = tree::MAX_NODES;

/// What a masked value becomes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Replacement {
    /// A JSON string with this text.
    Text(String),
    /// Nothing: the member or the element is removed.
    Remove,
}

/// `"***"`
impl Default for Replacement {
    fn default() -> Self {
        Self::Text("***".to_owned())
    }
}

/// The members of JSON messages that are hidden.
///
/// ```
/// use logmark_event_rules::{FieldMask, MaskPath, Masked, Replacement};
///
/// let mask = FieldMask::new(&[MaskPath::parse("$.items[*].card")?], Replacement::Remove)?;
/// let masked = mask.apply(r#"{"items": [{"id": 1, "card": 5}, {"card": 6}]}"#);
/// assert_eq!(masked, Masked::Changed(r#"{"items": [{"id": 1}, {}]}"#.to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FieldMask {
    paths: Vec<MaskPath>,
    tree: Tree,
    replacement: Replacement,
    /// The replacement as written into messages; empty for removal.
    written: String,
}

/// The result of a mask for one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Masked {
    /// Nothing in the message is masked.
    Unchanged,
    /// The message without its masked values.
    Changed(String),
    /// The message is not a JSON object, so it cannot be masked and must not be shown.
    Withheld,
}

/// A mask that cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidMask;

impl FieldMask {
    /// A mask of these paths. Without paths it hides nothing and withholds nothing.
    ///
    /// # Errors
    ///
    /// [`InvalidMask`] when the paths have more than 255 different steps together.
    pub fn new(paths: &[MaskPath], replacement: Replacement) -> Result<Self, InvalidMask> {
        let mut tree = Tree::default();
        if !paths.is_empty() {
            tree.add(paths).ok_or(InvalidMask)?;
        }
        Ok(Self::of(paths.to_vec(), tree, replacement))
    }

    /// The mask that hides what every one of the masks hides: what remains hidden to a caller that may see an event by several
    /// grants. Its replacement is that of the first mask.
    ///
    /// Hides nothing when one of the masks hides nothing. If the masks are too large together, the last ones are not counted,
    /// so that more is hidden.
    ///
    /// ```
    /// use logmark_event_rules::{FieldMask, MaskPath, Masked, Replacement};
    ///
    /// let mask = |paths: &[&str]| {
    ///     let paths: Vec<_> = paths.iter().map(|path| MaskPath::parse(path).unwrap()).collect();
    ///     FieldMask::new(&paths, Replacement::default()).unwrap()
    /// };
    /// let both = FieldMask::intersect(&[&mask(&["$.user", "$.card"]), &mask(&["$.user.email"])]);
    /// let message = r#"{"card": 1, "user": {"id": 7, "email": "a"}}"#;
    /// assert_eq!(both.apply(message), Masked::Changed(r#"{"card": 1, "user": {"id": 7, "email": "***"}}"#.to_owned()));
    /// ```
    #[must_use]
    pub fn intersect(masks: &[&Self]) -> Self {
        let Some(first) = masks.first() else { return Self::of(Vec::new(), Tree::default(), Replacement::default()) };
        if masks.iter().any(|mask| mask.is_empty()) {
            return Self::of(Vec::new(), Tree::default(), first.replacement.clone());
        }
        let (mut tree, mut paths) = (Tree::default(), Vec::<MaskPath>::new());
        for (index, mask) in masks.iter().enumerate() {
            let is_known = masks.iter().take(index).any(|earlier| earlier.paths == mask.paths);
            if is_known || tree.add(&mask.paths).is_none() {
                continue;
            }
            paths.extend_from_slice(&mask.paths);
        }
        Self::of(paths, tree, first.replacement.clone())
    }

    fn of(paths: Vec<MaskPath>, tree: Tree, replacement: Replacement) -> Self {
        let written = match &replacement {
            Replacement::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
            Replacement::Remove => String::new(),
        };
        Self { paths, tree, replacement, written }
    }

    /// Its paths; of an intersection, the paths of all its masks.
    #[must_use]
    pub fn paths(&self) -> &[MaskPath] {
        &self.paths
    }

    /// What a masked value becomes.
    #[must_use]
    pub const fn replacement(&self) -> &Replacement {
        &self.replacement
    }

    /// Whether it hides nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// The message as the mask shows it.
    ///
    /// Reads the message once, in time linear in its length. Allocates nothing unless a value is masked or a member's name is
    /// written with escapes.
    #[must_use]
    pub fn apply(&self, message: &str) -> Masked {
        if self.is_empty() { Masked::Unchanged } else { apply::apply(&self.tree, &self.replacement, &self.written, message) }
    }
}

impl fmt::Display for InvalidMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the paths of a mask have at most {} different steps together", MAX_NODES - 1)
    }
}

impl std::error::Error for InvalidMask {}

/// Two masks are equal when they hide the same paths, written in the same order, in the same way.
impl PartialEq for FieldMask {
    fn eq(&self, other: &Self) -> bool {
        self.paths == other.paths && self.replacement == other.replacement && self.tree == other.tree
    }
}

impl Eq for FieldMask {}
