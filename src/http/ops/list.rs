//! What the lists share: their parameters, their audit line, and the fault of a cursor beside other parameters.

use crate::auth::permit::Permit;
use crate::domain::operation::Operation;
use crate::http::App;
use crate::http::authorized::Setting;
use crate::http::encode::Format;
use crate::http::input::Input;
use crate::http::layers::RequestContext;
use crate::http::problem::ApiError;
use crate::telemetry::audit::Line;

/// Items in a page when the request does not say: a page of DescribeLogGroups and DescribeLogStreams.
const DEFAULT_LIMIT: usize = 50;
/// Items in a page at most.
const MAX_LIMIT: usize = 1000;

/// `limit` and `cursor`, read last: whatever else is left is refused.
pub(super) struct ListParameters {
    /// Items in the page.
    pub(super) limit: usize,
    /// Where to go on.
    pub(super) cursor: Option<String>,
}

impl ListParameters {
    /// Reads them, and ends the reading.
    pub(super) fn read(input: &mut Input, setting: Setting<'_>) -> Result<Self, ApiError> {
        let limit = input.number("limit", 1, MAX_LIMIT).unwrap_or(DEFAULT_LIMIT);
        let cursor = input.take("cursor");
        json_only(input, setting)?;
        Ok(Self { limit, cursor })
    }
}

/// Ends the reading of a request whose answer is JSON whatever is asked.
pub(super) fn json_only(input: &mut Input, setting: Setting<'_>) -> Result<(), ApiError> {
    let chosen = input.choice("format", &[("json", Format::Json)]);
    input.finish()?;
    if chosen.is_none() {
        Format::negotiate(setting.headers, &[Format::Json])?;
    }
    Ok(())
}

/// A parameter that is not what the cursor's request had.
pub(super) fn differs(parameter: &str) -> ApiError {
    ApiError::InvalidCursor(format!("`{parameter}` differs from the request that the cursor carries").into())
}

/// The audit line of a list.
pub(super) fn audit<Op: Operation>(app: &App, context: &RequestContext, permit: &Permit<Op>, group: Option<&str>, items: usize) {
    if app.audit {
        Line::new::<Op>(context.id(), permit, group, None).write(items as u64, 0, "end");
    }
}
