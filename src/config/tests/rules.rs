//! `where`, `mask` and `mask_with`: their meaning and their errors.

use logmark_event_rules::{Masked, Replacement};

use super::{document, parsed, refused, warned};
use crate::auth::tenant::Grant;
use crate::domain::name::TenantId;

const GRANT: &str = "[[tenants.acme.grants]]";
const TEMPLATE: &str = "[tenant_template]";

/// The grants of a tenant under the section with the snippet.
fn grants(header: &str, snippet: &str, tenant: &str) -> Vec<Grant> {
    let config = parsed(&document(header, snippet), &[]).unwrap_or_else(|errors| panic!("{snippet}: {errors}"));
    config.tenants.get(&TenantId::try_from(tenant).unwrap()).grants.clone()
}

#[test]
fn a_grant_has_the_rules_that_it_was_written_with() {
    let snippet = "where = '{ $.tenant = \"acme\" }'\nmask = [\"$.card\", '$.user[\"e-mail\"]']\nmask_with = \"<hidden>\"";
    let grant = grants(GRANT, snippet, "acme").remove(0);
    let rows = grant.rows.unwrap();
    assert_eq!((rows.matches(r#"{"tenant":"acme"}"#), rows.matches(r#"{"tenant":"globex"}"#)), (true, false));
    let mask = grant.mask.unwrap();
    let shown = Masked::Changed(r#"{"card":"<hidden>","user":{"e-mail":"<hidden>"}}"#.to_owned());
    assert_eq!(mask.fields().apply(r#"{"card":1,"user":{"e-mail":"a"}}"#), shown);
    let default = grants(GRANT, "mask = [\"$.card\"]", "acme").remove(0).mask.unwrap();
    assert_eq!(*default.fields().replacement(), Replacement::Text("***".to_owned()));
    let removing = grants(GRANT, "mask = [\"$.card\"]\nmask_with = \"remove\"", "acme").remove(0).mask.unwrap();
    assert_eq!(*removing.fields().replacement(), Replacement::Remove);
    let plain = grants(GRANT, "", "acme").remove(0);
    assert_eq!((plain.rows, plain.mask), (None, None));
}

#[test]
fn the_template_fills_in_the_tenant_as_a_text() {
    let snippet = "groups = [\"/shared/{tenant}\"]\nwhere = '{ $.tenant = \"{tenant}\" }'\nmask = [\"$.card\"]";
    for (tenant, message, is_seen) in [
        ("globex", r#"{"tenant":"globex"}"#, true),
        ("globex", r#"{"tenant":"{tenant}"}"#, false),
        ("globex", r#"{"tenant":"globex2"}"#, false),
        ("42", r#"{"tenant":"42"}"#, true),
        ("4.2", r#"{"tenant":"4x2"}"#, false),
    ] {
        let grant = grants(TEMPLATE, snippet, tenant).remove(0);
        assert_eq!(grant.rows.unwrap().matches(message), is_seen, "{tenant} {message}");
        assert!(grant.mask.is_some());
    }
}

#[test]
fn wrong_rules_of_a_grant_are_refused_where_they_are() {
    let cases = [
        ("where = 1", "logmark.toml:2:9: tenants.acme.grants[0].where: must be a string, not an integer"),
        (
            "where = \"\"",
            "logmark.toml:2:9: tenants.acme.grants[0].where: `` matches every event: remove the key if the grant has no row rule",
        ),
        (
            "where = '{ $.level == 1 }'",
            "logmark.toml:2:9: tenants.acme.grants[0].where: `{ $.level == 1 }` is not a filter pattern: at character 11 expected `=`, `!=`, `<`, `<=`, `>` or `>=`, found `==` (equality is one `=`)",
        ),
        (
            "where = '{ $.tenant = \"{tenant}\" }'",
            "logmark.toml:2:9: tenants.acme.grants[0].where: has `{tenant}`, which is only replaced in [tenant_template]: write the tenant's id",
        ),
        ("mask = []", "logmark.toml:2:8: tenants.acme.grants[0].mask: is empty: the grant would mask nothing; remove the key"),
        ("mask = \"$.card\"", "logmark.toml:2:8: tenants.acme.grants[0].mask: must be an array, not a string"),
        ("mask = [\"$.card\", \"$.card\"]", "logmark.toml:2:19: tenants.acme.grants[0].mask[1]: is listed twice"),
        (
            "mask = [\"card\"]",
            "logmark.toml:2:9: tenants.acme.grants[0].mask[0]: `card` is not a path of a mask: expected `$`, found `c`",
        ),
        (
            "mask_with = \"x\"",
            "logmark.toml:2:13: tenants.acme.grants[0].mask_with: has no effect without `mask`: list the paths to mask, such as `[\"$.card\"]`",
        ),
        (
            "mask = [\"$.card\"]\nmask_with = \"a\\u0007\"",
            "logmark.toml:3:13: tenants.acme.grants[0].mask_with: `a\\u{7}` contains control characters",
        ),
        (
            "actions = [\"read\", \"query\"]\nwhere = '[ip, status = 4*]'",
            "logmark.toml:3:9: tenants.acme.grants[0].where: cannot be applied to queries: `[ip, status = 4*]`: queries cannot split a message into space-delimited fields as filter patterns do; change the rule, or remove `query` from `actions`",
        ),
        (
            "actions = [\"query\"]\nwhere = '{ $.a = 1 && $.path = %^/pay% }'",
            "logmark.toml:3:9: tenants.acme.grants[0].where: cannot be applied to queries: `$.path = %^/pay%`: queries cannot search one member of a message with a regular expression of filter patterns; change the rule, or remove `query` from `actions`",
        ),
    ];
    refused(GRANT, &cases);
    // The same rule is valid without the action `query`.
    assert!(grants(GRANT, "where = '[ip, status = 4*]'", "acme")[0].rows.is_some());
}

#[test]
fn wrong_rules_of_the_template_are_refused() {
    let long = format!("where = '{{ $.a = \"{{tenant}}\" && $.b = \"{}\" }}'", "x".repeat(940));
    let cases = [
        (
            "where = '\"{tenant}\"'",
            "logmark.toml:2:9: tenant_template.where: has `{tenant}` in a term, which also matches inside of another tenant's id: compare a field, such as `{ $.tenant = \"{tenant}\" }`",
        ),
        (
            "where = \"{ $.['{tenant}'] = 1 && $.a = \\\"{tenant}\\\" }\"",
            "logmark.toml:2:9: tenant_template.where: has `{tenant}` in the name of a field: only values are replaced",
        ),
        (
            long.as_str(),
            "logmark.toml:2:9: tenant_template.where: is too long for a tenant id of 128 characters in the place of `{tenant}`",
        ),
    ];
    refused(TEMPLATE, &cases);
}

#[test]
fn rules_of_the_template_that_may_show_other_tenants_rows_are_warned_of() {
    let groups = "groups = [\"/shared/{tenant}\"]\n";
    let with_star = format!("{groups}where = '{{ $.tenant = \"{{tenant}}*\" }}'");
    let without = format!("{groups}where = '{{ $.level = \"error\" }}'");
    let right = format!("{groups}where = '{{ $.path = \"/c/{{tenant}}/*\" }}'");
    let cases = [
        (
            with_star.as_str(),
            "logmark.toml:3:9: tenant_template.where: has `*` next to `{tenant}` in `{tenant}*`: a tenant whose id begins or ends like another tenant's id may see that tenant's rows; put a `/` between them",
        ),
        (
            without.as_str(),
            "logmark.toml:3:9: tenant_template.where: has no `{tenant}`: every tenant without its own section may see the same rows",
        ),
        (right.as_str(), ""),
    ];
    warned(TEMPLATE, &cases);
}
