//! Keys that are refused with a reason, instead of as unknown keys.

/// The struct that would have the key, the key, and the reason.
const REASONS: &[(&str, &str, &str)] = &[
    ("ServerLimits", "stream_pages", "was removed: use `response_memory`, which limits the bytes that all responses hold"),
    ("RawTemplate", "grants", "is not allowed here: [tenant_template] is one grant, so write `groups` and `actions` into it"),
    ("RawCloudWatch", "path", "applies to sources of the kind `local`, and this source is `cloudwatch`"),
];

/// Why a key is refused; `None` for an unknown key.
pub(super) fn reason(table: &str, key: &str) -> Option<&'static str> {
    if table == "RawLocal" && super::cloudwatch::KEYS.contains(&key) {
        return Some("applies to sources of the kind `cloudwatch`, and this source is `local`");
    }
    REASONS.iter().find(|(of, name, _)| *of == table && *name == key).map(|(_, _, reason)| *reason)
}
