//! The data that a query would scan: the stored bytes of its groups, which CloudWatch lists.
//!
//! Owns the bounds of that. INVARIANT: no estimate for a caller that may see only some events of a group, since CloudWatch tells
//! sizes of whole groups only. An estimate is a help for an editor, so a failure of CloudWatch is an unknown size, not an error.

use std::time::Duration;

use crate::auth::permit::Permit;
use crate::domain::query::operations::{CheckQuery, ScanEstimate};
use crate::domain::rules::Visibility;
use crate::sources::SourceError;
use crate::sources::cloudwatch::client::Client;
use crate::sources::cloudwatch::wire::DescribeLogGroups;

/// Groups whose sizes are asked for: a call each, which the response cache keeps. With more groups the size is unknown.
const MAX_GROUPS: usize = 10;
/// How long a check waits for the sizes.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// The estimate.
///
/// # Errors
/// [`SourceError::NotFound`] for a group that does not exist, as when the query is started.
pub(super) async fn of(client: &Client, permit: &Permit<CheckQuery>) -> Result<ScanEstimate, SourceError> {
    if permit.op().groups.len() > MAX_GROUPS {
        return Ok(ScanEstimate::Unknown);
    }
    let stored = tokio::time::timeout(MAX_WAIT, stored_bytes(client, permit)).await.unwrap_or(Ok(None))?;
    let sees_all = permit.visibility().iter().all(Visibility::is_whole);
    Ok(stored.filter(|_| sees_all).map_or(ScanEstimate::Unknown, ScanEstimate::Stored))
}

/// The bytes of the groups; `None`: CloudWatch does not tell them now.
async fn stored_bytes(client: &Client, permit: &Permit<CheckQuery>) -> Result<Option<u64>, SourceError> {
    let mut sum = Some(0u64);
    for group in &permit.op().groups {
        let answer = client.call(permit.share(), &DescribeLogGroups::one(group.as_str())).await;
        let Ok(answer) = answer else { return Ok(None) };
        let found = answer.log_groups.into_iter().find(|found| found.log_group_name == group.as_str());
        let bytes = found.ok_or(SourceError::NotFound)?.stored_bytes;
        sum = sum.zip(bytes).map(|(sum, bytes)| sum.saturating_add(bytes));
    }
    Ok(sum)
}
