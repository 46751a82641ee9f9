//! Runs the router as an AWS Lambda function, behind API Gateway (REST and HTTP), an ALB or a function URL.
//!
//! Owns the conversion from events to requests, and from responses to results. Never takes an identity from an event, such as the
//! claims of an authorizer: only the token in `Authorization` identifies the caller. See also `event` for the front ends,
//! `function` for one event, `buffered` and `streamed` for the two forms of a response, `runtime` for the Lambda runtime, and
//! docs/decisions/004 for the reason not to use the conversion of `lambda_http`.

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

/// Limit of waiting for the keys of the issuers at the start, while no caller waits. Lambda allows 10 s for the start.
const WARM_UP: Duration = Duration::from_secs(8);
/// The variable that shows whether Lambda starts the environment before a caller waits for it.
const INITIALIZATION_TYPE: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";
const IN_ADVANCE: [&str; 2] = ["provisioned-concurrency", "snap-start"];

/// Runs the function until the Runtime API at `address` (`AWS_LAMBDA_RUNTIME_API`) can no longer be reached.
///
/// # Errors
/// If the environment of Lambda is incomplete, or the Runtime API cannot be reached.
pub async fn run(service: Service, settings: &Lambda, address: &str) -> Result<(), RuntimeError> {
    let _counted = Metrics::install();
    let keys = service.warm_up();
    if std::env::var(INITIALIZATION_TYPE).is_ok_and(|kind| IN_ADVANCE.contains(&kind.as_str())) {
        let _late = tokio::time::timeout(WARM_UP, keys).await;
    }
    runtime::run(Function::new(service.router(), settings), address).await
}
