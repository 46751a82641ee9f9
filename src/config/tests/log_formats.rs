//! `[[log_formats]]`: the format of a group, what it lacks, and what is said of wrong ones.

use super::{document, parsed, refused, warned};
use crate::config::Config;
use crate::config::changes::{fixed_keys_changed, has_changes};
use crate::domain::name::LogGroupName;

const HEADER: &str = "[[log_formats]]";

fn config(snippets: &[&str]) -> Config {
    let sections: String = snippets.iter().map(|snippet| format!("{HEADER}\n{snippet}\n")).collect();
    parsed(&format!("{sections}{}", document("", "")), &[]).unwrap_or_else(|errors| panic!("{errors}"))
}

fn format_of(config: &Config, group: &str) -> Option<String> {
    config.log_formats.of(&LogGroupName::try_from(group).unwrap()).map(|format| format.name().to_owned())
}

#[test]
fn a_group_has_the_format_of_the_first_pattern_that_matches() {
    let config = config(&[
        "groups = [\"/acme/gateway\"]\ntemplate = '$context.requestId $context.status'",
        "groups = [\"/acme/*\", \"/web\"]\nformat = \"nginx-combined\"",
    ]);
    assert_eq!(format_of(&config, "/acme/gateway").as_deref(), Some("template"));
    assert_eq!(format_of(&config, "/acme/site").as_deref(), Some("apache-combined"));
    assert_eq!(format_of(&config, "/web").as_deref(), Some("apache-combined"));
    assert_eq!(format_of(&config, "/other"), None);
}

#[test]
fn a_check_tells_what_a_template_lacks_for_which_report() {
    let template = "template = '$context.requestId $context.status $context.path $context.identity.sourceIp'";
    let text = config(&[&format!("groups = [\"/acme/gateway\"]\n{template}")]).effective().to_string();
    assert!(text.contains("log format of /acme/gateway: template, 4 fields\n"), "{text}");
    assert!(text.contains("  without domainName, so without the reports domains"), "{text}");
    assert!(text.contains("  without identityUserAgent, so without the reports user-agents\n"), "{text}");
    let complete = config(&["groups = [\"/acme/gateway\"]\nformat = \"all-reports\""]).effective().to_string();
    assert!(complete.contains("log format of /acme/gateway: all-reports, 59 fields\n"), "{complete}");
    assert!(!complete.contains("so without"), "{complete}");
}

#[test]
fn wrong_formats_are_refused_where_they_are() {
    refused(
        HEADER,
        &[
            (
                "groups = [\"/a\"]",
                "logmark.toml:1:1: log_formats[0].template: is missing: write API Gateway's template, or a known `format` such as \
                 `\"apache-combined\"`",
            ),
            (
                "template = '$context.requestId'",
                "logmark.toml:1:1: log_formats[0].groups: is missing: list the log groups, such as `[\"/acme/gateway\"]`",
            ),
            (
                "groups = [\"/a\"]\ntemplate = '$context.requestId $context.sourceIp'",
                "logmark.toml:3:12: log_formats[0].template: is not a template of API Gateway: at character 20 unknown variable \
                 `$context.sourceIp`: did you mean `$context.identity.sourceIp`?",
            ),
            (
                "groups = [\"/a\"]\nformat = \"apache-combine\"",
                "logmark.toml:3:10: log_formats[0].format: `apache-combine` is not a known format: did you mean \
                 `apache-combined`?",
            ),
            (
                "groups = [\"/a\"]\nformat = \"alb\"\ntemplate = '$context.requestId'",
                "logmark.toml:3:1: log_formats[0].format: is set beside `template`: write one of them",
            ),
            (
                "groups = [\"/a\"]\nformat = \"alb\"\n[[log_formats]]\ngroups = [\"/a\"]\nformat = \"cloudfront\"",
                "logmark.toml:5:11: log_formats[1].groups[0]: `/a` already has a format above: remove one of them",
            ),
        ],
    );
}

#[test]
fn probable_mistakes_of_a_template_are_warnings() {
    let snippet = "groups = [\"/a\"]\ntemplate = '$context.requestId $context.identity.apiKey'";
    warned(
        HEADER,
        &[(
            snippet,
            "logmark.toml:3:12: log_formats[0].template: at byte 19: `$context.identity.apiKey` writes the secret key to the log: \
             log `$context.identity.apiKeyId` instead, or mask the field",
        )],
    );
}

#[test]
fn a_reload_applies_other_formats() {
    let (old, new) = (config(&["groups = [\"/a\"]\nformat = \"alb\""]), config(&["groups = [\"/a\"]\nformat = \"cloudfront\""]));
    assert!(has_changes(&old, &new) && fixed_keys_changed(&old, &new).is_empty());
    assert!(!has_changes(&old, &old.clone()));
}
