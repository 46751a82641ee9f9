//! The texts of `not_found`, with hints for requests that look like a slip.
//!
//! Owns these texts. INVARIANT: a hint depends on the request alone, never on existing groups or on grants.

use super::input::echo;
use crate::domain::name::to_url_spelling;
use crate::domain::operation::Target;

/// One text for names that do not exist and for names that the caller must not learn of.
pub(super) const NOT_FOUND: &str = "The log group, stream, query or record was not found, or you have no access to it.";
/// One text for a stream that does not exist and for one outside the grant, in a group that the caller can read.
pub(super) const STREAM_NOT_FOUND: &str = "You can read the log group, but the log stream, or one of those in `streams`, was not found in it, \
    or you have no access to it. `GET /groups/{group}/streams` lists the streams you can read.";

/// A hint about the names in an operation.
pub(super) fn of_target(target: Target<'_>) -> Option<String> {
    let (groups, streams) = match target {
        Target::Groups => return None,
        Target::Group(group) => (std::slice::from_ref(group), &[][..]),
        Target::Streams(group, streams) => (std::slice::from_ref(group), streams),
        Target::Each(groups) => (groups, &[][..]),
    };
    let of_group = groups.iter().find_map(|group| of_group(group.as_str()));
    of_group.or_else(|| streams.iter().find_map(|stream| of_stream(stream.as_str())))
}

fn of_group(name: &str) -> Option<String> {
    if !name.starts_with('/') {
        let meant = format!("/{name}");
        return Some(format!(
            "The log group name `{}` does not begin with `/`. If you mean `{}`, write `group={}`, or `/logs/{}` with `:` for every `/`.",
            echo(name),
            echo(&meant),
            echo(&meant),
            echo(&to_url_spelling(&meant))
        ));
    }
    let meant = name.trim_end_matches('/');
    (meant != name && !meant.is_empty()).then(|| {
        format!("The log group name `{}` ends with `/`. If you mean `{}`, leave the last `/` out.", echo(name), echo(meant))
    })
}

fn of_stream(name: &str) -> Option<String> {
    let (first, rest) = name.split_once(',')?;
    let (first, second) = (echo(first.trim()), echo(rest.split(',').next().unwrap_or_default().trim()));
    Some(format!(
        "The log stream name `{}` has a comma. To name several streams, repeat the parameter: `streams={first}&streams={second}`.",
        echo(name)
    ))
}

/// A hint about a path without a route.
pub(super) fn of_path(path: &str) -> Option<&'static str> {
    if path.starts_with("/logs/") || path.starts_with("/groups/") {
        let names = path.trim_end_matches('/').split('/').count();
        if path.ends_with('/') && names <= 4 && !path.contains("//") {
            return Some("Leave out the `/` at the end of the path.");
        }
        return Some("A name is one path segment. Write `:` for every `/` of a name, as in `/logs/:acme:web/prod-1`.");
    }
    (path.len() > 1 && path.ends_with('/')).then_some("Leave out the `/` at the end of the path.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::name::{LogGroupName, LogStreamName};

    #[test]
    fn a_name_that_looks_like_a_slip_has_a_hint() {
        let hint = |group: &str, streams: &[&str]| {
            let group = LogGroupName::try_from(group).unwrap();
            let streams: Vec<_> = streams.iter().map(|name| LogStreamName::try_from(*name).unwrap()).collect();
            of_target(Target::Streams(&group, &streams)).unwrap_or_default()
        };
        assert!(hint("acme/web", &[]).contains("write `group=/acme/web`, or `/logs/:acme:web`"));
        assert!(hint("/acme/web/", &["s"]).contains("If you mean `/acme/web`, leave the last `/` out"));
        assert!(hint("/acme/web", &["a,b,c"]).contains("`streams=a&streams=b`"));
        assert!(hint("/acme/web", &["a", "b, c"]).contains("`streams=b&streams=c`"));
        assert_eq!(hint("/acme/web", &["a", "b"]), "");
        assert_eq!(hint("/", &[]), "");
        assert_eq!(of_target(Target::Groups), None);
    }

    #[test]
    fn a_path_that_leads_to_nothing_has_a_hint_where_it_looks_like_a_slip() {
        for (path, expected) in [
            ("/logs/:acme:web/", "Leave out the `/`"),
            ("/logs/:acme:web/prod-1/", "Leave out the `/`"),
            ("/logs/", "Leave out the `/`"),
            ("/groups/", "Leave out the `/`"),
            ("/me/", "Leave out the `/`"),
            ("/logs//acme/web", "Write `:` for every `/`"),
            ("/logs/acme/web/prod-1", "Write `:` for every `/`"),
            ("/groups//acme/web/streams", "Write `:` for every `/`"),
        ] {
            assert!(of_path(path).is_some_and(|hint| hint.contains(expected)), "{path}: {:?}", of_path(path));
        }
        assert_eq!([of_path("/"), of_path("/nothing")], [None, None]);
    }
}
