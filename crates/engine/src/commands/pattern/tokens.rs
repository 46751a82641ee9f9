//! A text as the tokens of its pattern.

/// One token of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// White space, punctuation, the unit of a number, a level: the common parts of texts of one pattern.
    Fixed(&'t str),
    /// A word, which may differ within a pattern.
    Word(&'t str),
    /// A token that always varies.
    Varying(Kind),
}

/// The kind of a varying token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// A date, a time, or both.
    Time,
    /// An address.
    Ip,
    /// Letters and digits, or a UUID.
    Id,
    /// A number.
    Number,
    /// A word.
    Token,
}

/// The severity of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    Error,
    Warning,
    Info,
    Debug,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Time => "Time",
            Self::Ip => "IP",
            Self::Id => "ID",
            Self::Number => "Number",
            Self::Token => "Token",
        }
    }
}

impl Severity {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Error => "Error",
            Self::Warning => "Warning",
            Self::Info => "Info",
            Self::Debug => "Debug",
        }
    }

    /// The level of a word.
    fn of(word: &str) -> Option<Self> {
        const NAMES: [(&str, Severity); 13] = [
            ("ERROR", Severity::Error),
            ("ERR", Severity::Error),
            ("FATAL", Severity::Error),
            ("CRITICAL", Severity::Error),
            ("SEVERE", Severity::Error),
            ("PANIC", Severity::Error),
            ("WARN", Severity::Warning),
            ("WARNING", Severity::Warning),
            ("INFO", Severity::Info),
            ("NOTICE", Severity::Info),
            ("DEBUG", Severity::Debug),
            ("TRACE", Severity::Debug),
            ("VERBOSE", Severity::Debug),
        ];
        NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, severity)| *severity)
    }
}

/// The level of a word at its position: in capitals anywhere, in lower case only as the value of a field such as `level`.
pub(super) fn severity(word: &str, before: Option<&str>) -> Option<Severity> {
    const FIELDS: [&str; 5] = ["level", "severity", "lvl", "loglevel", "log_level"];
    let is_capital = word.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_value = || before.is_some_and(|before| FIELDS.iter().any(|field| field.eq_ignore_ascii_case(before)));
    Severity::of(word).filter(|_| is_capital || is_value())
}

/// Shows each token of a text in order.
pub(super) fn tokens<'t>(text: &'t str, mut visit: impl FnMut(Token<'t>)) {
    let mut rest = text;
    let mut before = None;
    while let Some(first) = rest.chars().next() {
        let (token, length) = if is_word(first) {
            varying(rest).unwrap_or_else(|| {
                let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
                word(&rest[..length], before)
            })
        } else {
            let length = rest.find(is_word).unwrap_or(rest.len());
            (Token::Fixed(&rest[..length]), length)
        };
        if let Token::Word(word) = token {
            before = Some(word);
        }
        visit(token);
        rest = &rest[length..];
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The token of a run of letters and digits, and its length: a number ends before its unit.
fn word<'t>(run: &'t str, before: Option<&str>) -> (Token<'t>, usize) {
    const UNITS: [&str; 14] = ["ms", "s", "us", "ns", "m", "h", "b", "kb", "mb", "gb", "kib", "mib", "gib", "x"];
    let digits = run.bytes().take_while(u8::is_ascii_digit).count();
    let is_number = digits > 0 && (digits == run.len() || UNITS.iter().any(|unit| unit.eq_ignore_ascii_case(&run[digits..])));
    if is_number {
        (Token::Varying(Kind::Number), digits)
    } else if run.bytes().any(|byte| byte.is_ascii_digit()) {
        (Token::Varying(Kind::Id), run.len())
    } else if severity(run, before).is_some() || UNITS.iter().any(|unit| unit.eq_ignore_ascii_case(run)) {
        (Token::Fixed(run), run.len())
    } else {
        (Token::Word(run), run.len())
    }
}

/// A token of more than one run of letters and digits, and its length.
fn varying(rest: &str) -> Option<(Token<'_>, usize)> {
    let found = |kind: Kind| move |length: usize| (Token::Varying(kind), length);
    // None of them is longer; otherwise a text of many digits would be scanned repeatedly.
    let near = &rest[..rest.floor_char_boundary(64)];
    time(near)
        .map(found(Kind::Time))
        .or_else(|| address(near).map(found(Kind::Ip)))
        .or_else(|| decimal(near).map(found(Kind::Number)))
        .or_else(|| identifier(near).map(found(Kind::Id)))
        .filter(|(_, length)| !rest[*length..].starts_with(is_word) || *length == near.len())
        .or_else(|| decimal_before_unit(near))
}

/// `2026-01-05T08:00:00.123Z`, `2026/01/05 08:00:00`, `2026-01-05`, `05/Jan/2026:08:00:00 +0000`, `08:00:00,123`.
fn time(text: &str) -> Option<usize> {
    const DATES: [&str; 3] = ["dddd-dd-dd", "dddd/dd/dd", "dd/aaa/dddd"];
    let date = DATES.iter().find_map(|shape| shaped(text, shape));
    let Some(date) = date else { return clock(text) };
    let rest = &text[date..];
    let between = rest.starts_with(['T', ' ', ':']);
    let clock = between.then(|| clock(&rest[1..])).flatten();
    Some(clock.map_or(date, |clock| date + 1 + clock))
}

/// `08:00:00`, with an optional fraction and zone.
fn clock(text: &str) -> Option<usize> {
    let mut length = shaped(text, "dd:dd:dd")?;
    if text[length..].starts_with(['.', ',']) {
        let digits = digits(&text[length + 1..]);
        length += if digits > 0 { digits + 1 } else { 0 };
    }
    let rest = &text[length..];
    let zone = ["+dd:dd", "-dd:dd", "+dddd", "-dddd", " +dddd", " -dddd", "Z"].iter().find_map(|shape| shaped(rest, shape));
    Some(length + zone.unwrap_or_default())
}

/// The length of a shape at the beginning: `d` matches a digit, `a` a letter, any other character itself.
fn shaped(text: &str, shape: &str) -> Option<usize> {
    let fits = |(shape, byte): (u8, u8)| match shape {
        b'd' => byte.is_ascii_digit(),
        b'a' => byte.is_ascii_alphabetic(),
        other => byte == other,
    };
    (text.len() >= shape.len() && shape.bytes().zip(text.bytes()).all(fits)).then_some(shape.len())
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// `10.1.2.3`
fn address(text: &str) -> Option<usize> {
    let length = text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    let written = text[..length].trim_end_matches('.');
    written.parse::<std::net::Ipv4Addr>().ok().map(|_| written.len())
}

/// `12.5`
fn decimal(text: &str) -> Option<usize> {
    let whole = digits(text);
    let fraction = text.get(whole..)?.strip_prefix('.').map(digits).filter(|fraction| *fraction > 0 && whole > 0)?;
    let length = whole + 1 + fraction;
    // `1.2.3` is a version.
    (!text[length..].starts_with('.') || text[length + 1..].chars().next().is_none_or(|next| !is_word(next))).then_some(length)
}

/// `12.5` of `12.5ms`.
fn decimal_before_unit(text: &str) -> Option<(Token<'_>, usize)> {
    let length = decimal(text)?;
    let end = text[length..].find(|character| !is_word(character)).map_or(text.len(), |end| length + end);
    let (_, number) = word(text.get(length - 1..end)?, None);
    (number == 1 && end > length).then_some((Token::Varying(Kind::Number), length))
}

/// Letters, digits and hyphens with at least one digit and one hyphen: `0f3c-17`, a UUID, `1.2.3` too.
fn identifier(text: &str) -> Option<usize> {
    let joins = |character: char| character == '-' || character == '.';
    let length = text.find(|character| !is_word(character) && !joins(character)).unwrap_or(text.len());
    let written = text[..length].trim_end_matches(joins);
    let has_digit = written.bytes().any(|byte| byte.is_ascii_digit());
    let parts = || written.split(joins);
    let is_one = written.contains(joins) && parts().all(|part| part.bytes().any(|byte| byte.is_ascii_digit()) || is_hex(part));
    (has_digit && is_one).then_some(written.len())
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
