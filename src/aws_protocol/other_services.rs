//! The operations of other services that clients of CloudWatch Logs call as well, and the protocols of these services.
//!
//! - STS `GetCallerIdentity`: collectors request the number of the account.
//! - CloudWatch `ListMetrics`: Grafana's health check, in three protocols. The answer is empty.
//! - CloudWatch Observability Access Manager `ListSinks`: Grafana's editor. The answer is empty.

use http::StatusCode;
use serde_json::json;

use super::endpoint::Call;
use super::error::ServiceError;
use super::route::Protocol;

const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const METRICS: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";
/// `{"Metrics": []}` in CBOR.
const NO_METRICS: [u8; 10] = [0xa1, 0x67, b'M', b'e', b't', b'r', b'i', b'c', b's', 0x80];

/// The answer of `ListMetrics`.
#[must_use]
pub fn no_metrics(protocol: Protocol) -> Vec<u8> {
    match protocol {
        Protocol::Cbor => NO_METRICS.to_vec(),
        _ => br#"{"Metrics":[]}"#.to_vec(),
    }
}

/// The answer of `ListSinks`.
#[must_use]
pub fn no_sinks() -> Vec<u8> {
    br#"{"Items":[]}"#.to_vec()
}

/// Answers a form, by its `Action` and the service of its signature.
///
/// # Errors
/// When the service has no such operation.
pub fn form(call: Call<'_>, service: &str, body: &[u8]) -> Result<Vec<u8>, ServiceError> {
    let mut actions = url::form_urlencoded::parse(body).filter(|(name, _)| name == "Action").map(|(_, value)| value);
    let action = actions.next().filter(|_| actions.next().is_none());
    let id = call.context.id();
    match (service, action.as_deref()) {
        ("sts", Some("GetCallerIdentity")) => {
            let (account, key) = (&call.endpoint.account, escaped(&call.caller.claims.subject));
            let result = format!("<Arn>arn:aws:iam::{account}:root</Arn><UserId>{key}</UserId><Account>{account}</Account>");
            Ok(result_of("GetCallerIdentity", STS, &result, id))
        }
        ("monitoring", Some("ListMetrics")) => Ok(result_of("ListMetrics", METRICS, "<Metrics/>", id)),
        _ => Err(ServiceError::unknown_operation()),
    }
}

fn result_of(operation: &str, namespace: &str, result: &str, request_id: &str) -> Vec<u8> {
    format!(
        "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    )
    .into_bytes()
}

/// An error in the protocol: status, code and body.
#[must_use]
pub fn error(protocol: Protocol, fault: &ServiceError, request_id: &str) -> (StatusCode, String, Vec<u8>) {
    match protocol {
        Protocol::Json11 | Protocol::Json10 | Protocol::Rest => {
            let mut body = json!({ "__type": fault.code, "message": fault.message });
            if let (Some(body), Some(serde_json::Value::Object(members))) = (body.as_object_mut(), &fault.members) {
                body.extend(members.clone());
            }
            (fault.status, fault.code.to_owned(), body.to_string().into_bytes())
        }
        Protocol::Cbor => {
            let mut body = vec![0xa2];
            for text in ["__type", fault.code, "message", &fault.message] {
                cbor_text(text, &mut body);
            }
            (fault.status, fault.code.to_owned(), body)
        }
        Protocol::Query => {
            let (status, code) = query_code(fault);
            let side = if status.is_server_error() { "Receiver" } else { "Sender" };
            let body = format!(
                "<ErrorResponse><Error><Type>{side}</Type><Code>{code}</Code><Message>{}</Message></Error>\
                 <RequestId>{request_id}</RequestId></ErrorResponse>",
                escaped(&fault.message)
            );
            (status, code.to_owned(), body.into_bytes())
        }
    }
}

/// Some errors have other names in XML answers.
fn query_code(fault: &ServiceError) -> (StatusCode, &'static str) {
    match fault.code {
        "MissingAuthenticationTokenException" => (StatusCode::FORBIDDEN, "MissingAuthenticationToken"),
        "UnrecognizedClientException" => (StatusCode::FORBIDDEN, "InvalidClientTokenId"),
        "InvalidSignatureException" => (StatusCode::FORBIDDEN, "SignatureDoesNotMatch"),
        "IncompleteSignatureException" => (fault.status, "IncompleteSignature"),
        "UnknownOperationException" => (fault.status, "InvalidAction"),
        "ThrottlingException" => (fault.status, "Throttling"),
        code => (fault.status, code.strip_suffix("Exception").unwrap_or(code)),
    }
}

/// A text of CBOR (RFC 8949 §3.1, major type 3).
fn cbor_text(text: &str, out: &mut Vec<u8>) {
    let length = text.len();
    if let (Ok(short), true) = (u8::try_from(length), length < 24) {
        out.push(0x60 | short);
    } else if let Ok(length) = u8::try_from(length) {
        out.extend([0x78, length]);
    } else {
        out.push(0x7a);
        out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    }
    out.extend(text.as_bytes());
}

fn escaped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).fold(String::new(), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
        out
    })
}
