//! Parses the columns of a request: names and JSON paths, separated by commas.
//!
//! Grammar of a path: `$`, then one or more of `.name`, `['any name']` or `["any name"]` (where `\` escapes a quote or a
//! backslash) and `[0]`. Commas inside brackets belong to the path.

use super::{Column, ColumnError, Columns, MAX_COLUMNS, MAX_INDEX, MAX_LENGTH, MAX_NESTED, MAX_STEPS, NAMES, Node, Source};

/// One step of a JSON path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Member(String),
    Index(usize),
}

impl Columns {
    /// Parses a list of columns.
    ///
    /// # Errors
    /// All errors in the list.
    pub fn parse(text: &str) -> Result<Self, Vec<ColumnError>> {
        if text.chars().count() > MAX_LENGTH {
            return Err(vec![ColumnError::TooLong]);
        }
        let spellings = split(text);
        if spellings.len() > MAX_COLUMNS {
            return Err(vec![ColumnError::TooMany(spellings.len())]);
        }
        let mut read = Self { columns: Vec::new(), paths: Node::default(), slots: 0 };
        let mut faults: Vec<_> = spellings.into_iter().filter_map(|spelling| read.push(spelling.trim()).err()).collect();
        if read.paths.nesting() > MAX_NESTED {
            faults.push(ColumnError::Nested);
        }
        if faults.is_empty() { Ok(read) } else { Err(faults) }
    }

    fn push(&mut self, spelling: &str) -> Result<(), ColumnError> {
        if spelling.is_empty() {
            return Err(ColumnError::Empty);
        }
        let source = match NAMES.iter().find(|(name, _)| *name == spelling) {
            Some((_, source)) => *source,
            None if spelling.starts_with('$') => {
                let steps = steps(spelling).map_err(|detail| ColumnError::Path(spelling.to_owned(), detail))?;
                if !self.paths.insert(&steps, self.slots) {
                    return Err(ColumnError::Twice(spelling.to_owned()));
                }
                self.slots += 1;
                Source::Path(self.slots - 1)
            }
            None => return Err(ColumnError::Unknown(spelling.to_owned())),
        };
        if self.columns.iter().any(|column| column.source == source) {
            return Err(ColumnError::Twice(spelling.to_owned()));
        }
        self.columns.push(Column::new(spelling, source));
        Ok(())
    }
}

impl Columns {
    /// The JSON paths, each as written, and as the names and indices of its steps joined by points.
    pub fn json_paths(&self) -> impl Iterator<Item = (&str, String)> {
        let of_path = self.columns.iter().filter(|column| matches!(column.source, Source::Path(_)));
        of_path.map(|column| {
            let names = steps(&column.spelling).unwrap_or_default().into_iter().map(|step| match step {
                Step::Member(name) => name,
                Step::Index(index) => index.to_string(),
            });
            (column.spelling.as_str(), names.collect::<Vec<_>>().join("."))
        })
    }
}

/// Splits at the commas outside brackets and quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut begin) = (Vec::new(), 0);
    let (mut in_brackets, mut quote, mut escaped) = (false, None, false);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if in_brackets => quote = Some(character),
            (None, '[') => in_brackets = true,
            (None, ']') => in_brackets = false,
            (None, ',') if !in_brackets => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            (None, _) => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

/// The steps of a path after its `$`.
fn steps(path: &str) -> Result<Vec<Step>, &'static str> {
    let mut rest = path.strip_prefix('$').ok_or("does not begin with `$`")?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, behind) = match rest.strip_prefix('[') {
            Some(inside) => bracket(inside)?,
            None => member(rest.strip_prefix('.').ok_or("needs `.name` or `[…]` after each step")?)?,
        };
        steps.push(step);
        rest = behind;
    }
    match steps.len() {
        0 => Err("names the whole message: use `message`"),
        1..=MAX_STEPS => Ok(steps),
        _ => Err("has more than 20 steps"),
    }
}

fn member(rest: &str) -> Result<(Step, &str), &'static str> {
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (name, behind) = rest.split_at(end);
    match name {
        "" => Err("has a `.` without a name: a name with special characters is written `['a.b']`"),
        "*" => Err("has a wildcard: a column is one value"),
        name if name.contains(|c: char| c.is_control() || c.is_whitespace() || "'\"]*?()@,".contains(c)) => {
            Err("has a special character in a name: write the name as `['a b']`")
        }
        name => Ok((Step::Member(name.to_owned()), behind)),
    }
}

fn bracket(inside: &str) -> Result<(Step, &str), &'static str> {
    const OPEN: &str = "has a `[` without a `]`";
    if let Some(quote) = inside.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        return quoted(&inside[1..], quote);
    }
    let (index, behind) = inside.split_once(']').ok_or(OPEN)?;
    if index == "*" {
        return Err("has a wildcard: a column is one value");
    }
    let number = Some(index).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit())).and_then(|text| text.parse().ok());
    match number.filter(|number| *number <= MAX_INDEX) {
        Some(number) => Ok((Step::Index(number), behind)),
        None => Err("has brackets without an index (`[0]`, at most 99999) or a quoted name (`['a.b']`)"),
    }
}

/// A name in quotes, up to the closing bracket.
fn quoted(text: &str, quote: char) -> Result<(Step, &str), &'static str> {
    let (mut name, mut characters) = (String::new(), text.char_indices());
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some((_, escaped)) if escaped == quote || escaped == '\\' => name.push(escaped),
                _ => return Err("has a `\\` in a quoted name that escapes neither a quote nor a backslash"),
            },
            end if end == quote => {
                let behind = text.get(at + 1..).and_then(|rest| rest.strip_prefix(']'));
                return behind.map(|behind| (Step::Member(name), behind)).ok_or("has no `]` after a quoted name");
            }
            other => name.push(other),
        }
    }
    Err("has a quoted name without a closing quote")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(steps: &[&str]) -> Vec<Step> {
        let step = |text: &&str| match text.strip_prefix('#') {
            Some(index) => Step::Index(index.parse().unwrap_or_default()),
            None => Step::Member((*text).to_owned()),
        };
        steps.iter().map(step).collect()
    }

    #[test]
    fn paths_are_read_in_every_spelling() {
        for (text, expected) in [
            ("$.status", vec!["status"]),
            ("$.user.id", vec!["user", "id"]),
            ("$['a.b']", vec!["a.b"]),
            ("$[\"a,b\"].c", vec!["a,b", "c"]),
            ("$.list[0]", vec!["list", "#0"]),
            ("$.list[12][3]['x']", vec!["list", "#12", "#3", "x"]),
            (r"$['it\'s']", vec!["it's"]),
            (r#"$["a\\b\"c"]"#, vec!["a\\b\"c"]),
            ("$.größe", vec!["größe"]),
            ("$.a-b_c:d/e$", vec!["a-b_c:d/e$"]),
            ("$['']", vec![""]),
            ("$['a]b'][0]", vec!["a]b", "#0"]),
        ] {
            assert_eq!(steps(text), Ok(path(&expected)), "{text}");
        }
    }

    #[test]
    fn a_list_keeps_commas_and_spellings_that_belong_to_a_path() {
        let columns = Columns::parse(" timestamp, $['a,b'] ,$[\"],\"],message").unwrap();
        let spellings: Vec<_> = columns.columns.iter().map(|column| column.spelling.as_str()).collect();
        assert_eq!(spellings, ["timestamp", "$['a,b']", "$[\"],\"]", "message"]);
        assert_eq!(columns.columns[2].member, br#""$[\"],\"]":"#);
    }

    #[test]
    fn every_fault_is_told_with_what_to_write() {
        let many = vec!["timestamp"; 51].join(",");
        let long = format!("$.{}", "a".repeat(MAX_LENGTH));
        let deep = format!("$.a{}", ".a".repeat(MAX_STEPS));
        for (text, expected) in [
            ("", "has an empty column"),
            ("timestamp,", "has an empty column"),
            (",message", "has an empty column"),
            ("statuss", "unknown column `statuss`: use `timestamp`, `ingestionTime`, `logStream`, `eventId`, `message` or a"),
            ("status", "such as `$.status`"),
            ("Timestamp", "unknown column `Timestamp`"),
            ("@message", "unknown column `@message`"),
            ("message,message", "has the column `message` twice"),
            ("$.a,$['a']", "has the column `$['a']` twice"),
            ("$", "names the whole message: use `message`"),
            ("$.", "a `.` without a name"),
            ("$..a", "a `.` without a name"),
            ("$a", "needs `.name` or `[…]`"),
            ("$.a.*", "has a wildcard"),
            ("$.a[*]", "has a wildcard"),
            ("$.a[-1]", "brackets without an index"),
            ("$.a[]", "brackets without an index"),
            ("$.a[100000]", "brackets without an index"),
            ("$.a[99999999999999999999999]", "brackets without an index"),
            ("$.a[0", "has a `[` without a `]`"),
            ("$['a", "has a quoted name without a closing quote"),
            ("$['a'", "has no `]` after a quoted name"),
            ("$['a'x]", "has no `]` after a quoted name"),
            (r"$['a\n']", "escapes neither a quote nor a backslash"),
            ("$.a b", "special character"),
            ("$.a'b", "special character"),
            (&many, "has 51 columns; the maximum is 50"),
            (&long, "more than 1024 characters"),
            ("$.a,$.a.b,$.a.b[0],$.a.b[0].c", "more than 3 JSON paths inside one another"),
            (&deep, "has more than 20 steps"),
        ] {
            let faults = Columns::parse(text).unwrap_err();
            assert!(faults.iter().any(|fault| fault.to_string().contains(expected)), "{text}: {faults:?}");
        }
        assert_eq!(Columns::parse("a,b,message").unwrap_err().len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn no_list_makes_the_parser_fall_over(text in "(\\PC|[$.,\\[\\]'\"\\\\0-9a]){0,40}") {
            let _ = Columns::parse(&text);
        }
    }
}
