//! Signature Version 4 over one of our own requests.
//!
//! Owns which headers are signed: those present when [`sign`] is called, plus `host`, `x-amz-date` and the session token.
//! Never signs anything that a caller wrote: host, region and service are the configuration's, the target is a constant.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use crate::domain::time::Millis;

/// CloudWatch Logs' name in the credential scope.
const LOGS: &str = "logs";

/// A request that can't be signed: a fault of ours, as everything in it is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request could not be signed")]
pub(super) struct NotSigned;

/// Adds the signature for CloudWatch Logs to `request`, whose body is `body`, as of `at`.
pub(super) fn sign(
    request: &mut Request<Full<Bytes>>,
    body: &Bytes,
    credentials: &Credentials,
    region: &str,
    at: Millis,
) -> Result<(), NotSigned> {
    sign_for(LOGS, request, body, credentials, region, at)
}

/// As [`sign`], for another service of AWS.
pub(super) fn sign_for(
    service: &str,
    request: &mut Request<Full<Bytes>>,
    body: &Bytes,
    credentials: &Credentials,
    region: &str,
    at: Millis,
) -> Result<(), NotSigned> {
    let identity = credentials.clone().into();
    let time = UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).map_err(|_| NotSigned)?);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| NotSigned)?
        .into();
    let instructions = {
        let headers = request.headers().iter().map(|(name, value)| value.to_str().map(|value| (name.as_str(), value)));
        let headers: Vec<_> = headers.collect::<Result<_, _>>().map_err(|_| NotSigned)?;
        let signable = SignableRequest::new(
            request.method().as_str(),
            request.uri().to_string(),
            headers.into_iter(),
            SignableBody::Bytes(body),
        );
        aws_sigv4::http_request::sign(signable.map_err(|_| NotSigned)?, &params).map_err(|_| NotSigned)?.into_parts().0
    };
    instructions.apply_to_request_http1x(request);
    Ok(())
}
