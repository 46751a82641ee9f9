//! The same router as an AWS Lambda function, behind API Gateway (REST and HTTP), an ALB or a function URL.
//!
//! Owns the translation from an event to a request of the router and back. Never takes an identity from an event: not an
//! authorizer's claims, not a context header; only the token in `Authorization` says who calls. Next: `event` for what each
//! front end does to a request, `function` for one event's answer, `buffered` and `streamed` for the two forms of it, `runtime`
//! for the Lambda runtime. Why the translation is not that of `lambda_http`: docs/decisions/004.

mod event;
mod buffered;
mod streamed;
mod function;
mod runtime;

use std::time::Duration;

use crate::config::lambda::Lambda;
use crate::service::Service;
use crate::telemetry::metrics::Metrics;
pub use buffered::BufferedResponse;
pub use event::{Event, EventError};
pub use function::Function;
pub use runtime::RuntimeError;

/// How long the start may wait for the issuers' keys when no caller waits for the function yet: Lambda allows 10 s.
const WARM_UP: Duration = Duration::from_secs(8);
/// Its values say that Lambda starts the environment before a caller waits for it.
const INITIALIZATION_TYPE: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";
const IN_ADVANCE: [&str; 2] = ["provisioned-concurrency", "snap-start"];

/// Runs the function until the Runtime API at `address` (`AWS_LAMBDA_RUNTIME_API`) can't be reached any more.
///
/// # Errors
/// When Lambda's environment is incomplete, or the Runtime API can't be reached.
pub async fn run(service: Service, settings: &Lambda, address: &str) -> Result<(), RuntimeError> {
    let _counted = Metrics::install();
    let keys = service.warm_up();
    if std::env::var(INITIALIZATION_TYPE).is_ok_and(|kind| IN_ADVANCE.contains(&kind.as_str())) {
        let _late = tokio::time::timeout(WARM_UP, keys).await;
    }
    runtime::run(Function::new(service.router(), settings), address).await
}
