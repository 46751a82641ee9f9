//! Errors of templates: what is wrong, where, what to do.

use logmark_access_log::{Format, Known};

fn errors(template: &str) -> String {
    Format::from_template(template).unwrap_err().to_string()
}

#[test]
fn a_misspelt_variable_has_a_suggestion() {
    assert_eq!(
        errors("$context.requestId $context.identity.sourceIP"),
        "at byte 19: unknown variable `$context.identity.sourceIP`: did you mean `$context.identity.sourceIp`?"
    );
    assert_eq!(
        errors("$context.requestId $context.sourceIp"),
        "at byte 19: unknown variable `$context.sourceIp`: did you mean `$context.identity.sourceIp`?"
    );
    assert_eq!(
        errors("$context.requestId $context.intergrationLatency"),
        "at byte 19: unknown variable `$context.intergrationLatency`: did you mean `$context.integrationLatency`?"
    );
    assert!(errors("$context.requestId $stageVariables.x").contains("access logs have `$context` variables only"));
    assert!(errors("$context.requestId ${context.stage}").contains("unknown variable `${context.stage}`"));
}

#[test]
fn all_errors_are_reported_at_once() {
    assert_eq!(errors("$context.reqestId $context.statsu").lines().count(), 3);
}

#[test]
fn a_missing_comma_in_json_has_its_place() {
    let template = r#"{"requestId":"$context.requestId" "status":"$context.status"}"#;
    assert_eq!(
        errors(template),
        "at byte 34: expected `,` or `}`, found `\"status\":\"$c`: add the comma, or check the quotes before it"
    );
}

#[test]
fn a_missing_quote_in_json_has_its_place() {
    let missing = r#"{"requestId":"$context.requestId,"status":"$context.status"}"#;
    assert!(errors(missing).starts_with("at byte 34: expected `,` or `}`, found `status"), "{}", errors(missing));
    assert!(errors(r#"{"requestId":"$context.requestId}"#).contains("string without its closing quote"));
    assert!(errors(r#"{requestId:"$context.requestId"}"#).contains("expected a key in double quotes, found `requestId:"));
    assert!(errors(r#"{"requestId":"$context.requestId""#).contains("add the closing bracket"));
    assert!(errors(r#"{"requestId" "$context.requestId"}"#).contains("expected `:` behind the key `requestId`"));
    assert!(errors(r#"{"requestId":"$context.requestId","a":text}"#).contains("put text in double quotes"));
    assert!(errors(r#"{"requestId":"$context.requestId","requestId":"x"}"#).contains("key `requestId` occurs twice"));
    assert!(errors(r#"{"requestId":"$context.requestId"} x"#).contains("text behind the JSON object"));
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("{}\"$context.requestId\"{}", "{\"a\":".repeat(200), "}".repeat(200));
    assert!(errors(&deep).contains("more than 32 nested objects"));
}

#[test]
fn texts_without_a_separator_cannot_be_told_apart() {
    assert!(errors("$context.requestId$context.identity.userAgent").contains("without a separator"));
    assert!(Format::from_template("$context.domainName$context.path $context.requestId").is_ok());
}

#[test]
fn probable_mistakes_are_warnings() {
    let template = "$context.requestId $context.authorizer.principalID $context.identity.apiKey";
    let format = Format::from_template(template).unwrap();
    assert_eq!(format.warnings().len(), 2, "{:?}", format.warnings());
}

#[test]
fn all_known_templates_are_accepted_by_api_gateway() {
    for known in Known::ALL {
        assert!(known.format().is_some(), "{known}");
        assert_eq!(Known::named(known.name()), Some(*known));
        if let Some(template) = known.template() {
            let format = Format::from_template(&template).unwrap();
            assert!(format.warnings().is_empty(), "{known}");
        }
    }
}
