//! Importing through a running service: its endpoint takes the events, signed with the key of the configuration.
//!
//! Owns the calls. Each batch is one, and the next is made when the one before has been acknowledged, so that the order stays.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use aws_credential_types::Credentials;
use bytes::Bytes;
use http::Uri;
use logmark_store::NewEvent;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::aws::json_call::JsonCall;
use crate::aws::signer::Signer;
use crate::aws_protocol::route::IMPORT_TARGET;
use crate::cli::CliError;
use crate::config::endpoint::Endpoint;
use crate::domain::name::{LogGroupName, LogStreamName};
use crate::domain::time::{Clock as _, SystemClock};
use crate::outbound::{Limits, Outbound};

/// The region of the signature: an endpoint answers for all.
const REGION: &str = "local";
/// One call, and what of its answer is read.
const LIMITS: Limits = Limits { deadline: Duration::from_secs(60), max_body: 64 * 1024 };
/// Calls for one batch, while the service has no memory for it.
const ATTEMPTS: u32 = 5;

/// A running service.
pub(super) struct Service {
    runtime: Runtime,
    outbound: Outbound,
    endpoint: Uri,
    signer: Signer,
    credentials: Credentials,
}

/// What is read of an error.
#[derive(Debug, Default, Deserialize)]
struct Refusal {
    #[serde(rename = "__type", default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Service {
    /// The service with this endpoint, which is on this machine: it holds the store's folder.
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, CliError> {
        let failed = |error: &dyn std::fmt::Display| CliError::failed("the endpoint of the service", error);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| failed(&error))?;
        let address = SocketAddr::new(reachable(endpoint.listen.ip()), endpoint.listen.port());
        Ok(Self {
            runtime,
            outbound: Outbound::new().map_err(|error| failed(&error))?,
            endpoint: format!("http://{address}/").parse().map_err(|error: http::uri::InvalidUri| failed(&error))?,
            signer: Signer::new("logs", REGION),
            credentials: Credentials::new(&endpoint.access_key, endpoint.secret_key.expose(), None, None, "configuration"),
        })
    }

    /// Creates the stream and its group if they are missing.
    pub(super) fn ensure_stream(&self, group: &LogGroupName, stream: &LogStreamName) -> Result<(), CliError> {
        for (operation, body) in [
            ("CreateLogGroup", json!({ "logGroupName": group })),
            ("CreateLogStream", json!({ "logGroupName": group, "logStreamName": stream })),
        ] {
            match self.call(&format!("Logs_20140328.{operation}"), &body)? {
                Err(refusal) if refusal.code != "ResourceAlreadyExistsException" => return Err(refused(operation, &refusal)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Stores a batch.
    pub(super) fn append(&self, group: &LogGroupName, stream: &LogStreamName, events: &[NewEvent]) -> Result<(), CliError> {
        let events: Vec<Value> =
            events.iter().map(|event| json!({ "timestamp": event.timestamp, "message": event.message })).collect();
        let body = json!({ "logGroupName": group, "logStreamName": stream, "logEvents": events });
        for attempt in 1.. {
            match self.call(IMPORT_TARGET, &body)? {
                Ok(()) => break,
                // It has stored nothing then.
                Err(refusal) if refusal.code == "ThrottlingException" && attempt < ATTEMPTS => {
                    std::thread::sleep(Duration::from_secs(1));
                }
                Err(refusal) => return Err(refused("storing the events", &refusal)),
            }
        }
        Ok(())
    }

    fn call(&self, target: &str, body: &Value) -> Result<Result<(), Refusal>, CliError> {
        let failed = |error: &dyn std::fmt::Display| CliError::failed("the endpoint of the service", error);
        let body = Bytes::from(body.to_string());
        let call = JsonCall { endpoint: &self.endpoint, target, body: &body };
        let request = call.signed(&self.signer, &self.credentials, SystemClock.now()).map_err(|error| failed(&error))?;
        let answer = self.runtime.block_on(self.outbound.send(request, LIMITS)).map_err(|error| failed(&error))?;
        if answer.status().is_success() {
            return Ok(Ok(()));
        }
        Ok(Err(serde_json::from_slice(answer.body()).unwrap_or_default()))
    }
}

fn refused(what: &str, refusal: &Refusal) -> CliError {
    CliError::failed(format!("the endpoint of the service refuses {what}"), format!("{}: {}", refusal.code, refusal.message))
}

/// An address that means all of them is also loopback.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}
