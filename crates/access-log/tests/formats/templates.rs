//! Templates of all kinds, and all variables.

use logmark_access_log::{ALL_REPORTS_TEMPLATE, Field, Known, Values};

use crate::support::{format, known, samples, text, values};

#[test]
fn every_variable_of_api_gateway_is_a_field() {
    for field in Field::ALL {
        for variable in field.variables() {
            let format = format(&format!("$context.requestId $context.{variable}"));
            assert!(format.has(*field), "{variable}");
        }
        assert_eq!(Field::named(field.name()), Some(*field));
    }
}

#[test]
fn claims_and_headers_have_names_of_their_own() {
    let format = format("$context.requestId \"$context.authorizer.claims.email\" $context.requestOverride.header.x-tenant");
    let line = "a \"ann@example.com\" acme";
    let values = values(&format, line);
    assert_eq!(values.variables["authorizer.claims.email"], "ann@example.com");
    assert_eq!(values.variables["requestOverride.header.x-tenant"], "acme");
    assert_eq!(format.write(&values), line);
}

#[test]
fn a_hyphen_behind_a_complete_variable_is_a_separator() {
    let format = format("$context.status-$context.stage $context.requestId");
    assert_eq!(text(&format, "200-prod a", Field::Stage).as_deref(), Some("prod"));
}

#[test]
fn the_template_for_all_reports_has_the_dashboards_fields_and_more() {
    let format = known(Known::AllReports);
    assert!(format.missing(&Field::ALL[..Field::DASHBOARD]).is_empty());
    assert!(ALL_REPORTS_TEMPLATE.trim_end().len() <= 3_072);
    assert!(format.fields().all(|field| ALL_REPORTS_TEMPLATE.contains(&format!("\"{field}\":"))));
}

#[test]
fn the_dashboards_template_is_the_published_one() {
    let Some(published) = samples("apigw/usage_dashboard_log_format.txt") else { return };
    assert_eq!(Known::UsageDashboard.template().as_deref(), Some(published.trim_end()));
}

#[test]
fn nested_objects_and_composed_strings_are_read() {
    let template = r#"{"id":"$context.requestId","http":{"request":"$context.httpMethod $context.path","status":"$context.status"},"tags":["$context.stage"]}"#;
    let format = format(template);
    for line in [
        r#"{"id":"a","http":{"request":"GET /x","status":"200"},"tags":["prod"]}"#,
        r#"{ "tags" : ["prod"], "http" : {"status":200, "request":"GET /x"}, "id":"a", "more": {"x": [1]} }"#,
    ] {
        let expected = Values::default()
            .with(Field::RequestId, "a")
            .with(Field::HttpMethod, "GET")
            .with(Field::Path, "/x")
            .with(Field::Status, "200")
            .with(Field::Stage, "prod");
        assert_eq!(values(&format, line), expected, "{line}");
    }
}

#[test]
fn of_two_variables_for_a_field_the_preferred_one_counts() {
    let format = format("$context.requestId $context.integrationLatency $context.integration.latency");
    assert_eq!(text(&format, "a 1 2", Field::IntegrationLatency).as_deref(), Some("2"));
}

#[test]
fn json_without_its_marker_is_not_an_access_line() {
    let format = known(Known::RestJson2018);
    assert_eq!(crate::support::kind(format, r#"{"level":"info","message":"x"}"#), "unparsed");
    assert_eq!(crate::support::kind(format, r#"{"requestId":"a","status":"started"}"#), "unparsed");
}
