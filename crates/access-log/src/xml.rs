//! Text of XML, with or without entities: API Gateway does not say whether it escapes.

use std::borrow::Cow;

/// The entities of XML and their characters; the last one is replaced last.
pub(crate) const ENTITIES: [(&str, char); 5] = [("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&apos;", '\''), ("&amp;", '&')];

/// The text without entities. Other signs stay as they are.
pub(crate) fn unescaped(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'&', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        plain.push_str(before);
        let at_sign = &rest[before.len()..];
        let entity = ENTITIES.iter().find(|(entity, _)| at_sign.starts_with(entity));
        plain.push(entity.map_or('&', |(_, sign)| *sign));
        rest = entity.map_or(behind, |(entity, _)| &at_sign[entity.len()..]);
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The text with entities.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
