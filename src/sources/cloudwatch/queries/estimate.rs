//! The data that a query would scan, by the stored bytes of its groups, which CloudWatch lists.
//!
//! Owns the bounds of that. INVARIANT: stored bytes are used neither for an estimate nor for a reservation of a caller that may see only
//! some events of a group, since CloudWatch tells sizes of whole groups only. A failure of CloudWatch is an unknown size, not an error.

use std::time::Duration;

use super::earlier::{EarlierScans, ScanKey};
use crate::auth::permit::{Permit, Share};
use crate::domain::name::LogGroupName;
use crate::domain::query::operations::{CheckQuery, ScanEstimate, StartQuery};
use crate::domain::rules::Visibility;
use crate::domain::time::Millis;
use crate::sources::SourceError;
use crate::sources::budget::ScanBound;
use crate::sources::cloudwatch::client::Client;
use crate::sources::cloudwatch::wire::DescribeLogGroups;

/// Groups whose sizes are read: one call each, which the response cache keeps. With more groups the size is unknown.
const MAX_GROUPS: usize = 10;
/// How long a check waits for the sizes.
const MAX_WAIT: Duration = Duration::from_secs(2);
const DAY_MILLIS: i64 = 24 * 3600 * 1000;

/// What CloudWatch tells of a group's size.
struct StoredGroup {
    bytes: u64,
    /// The oldest events are not older: by the creation of the group, or by its retention.
    since: Millis,
}

/// The estimate for a check.
///
/// # Errors
/// [`SourceError::NotFound`] for a group that does not exist, as when the query is started.
pub(super) async fn of(client: &Client, permit: &Permit<CheckQuery>) -> Result<ScanEstimate, SourceError> {
    let sees_all = permit.visibility().iter().all(Visibility::is_whole);
    let stored = stored_groups(client, permit.share(), &permit.op().groups).await?;
    let bytes = stored.map(|groups| groups.iter().fold(0u64, |sum, group| sum.saturating_add(group.bytes)));
    Ok(bytes.filter(|_| sees_all).map_or(ScanEstimate::Unknown, ScanEstimate::Stored))
}

/// The bounds of a query that starts: at most all stored bytes, and probably the part that its range is of the time since the oldest
/// events. Without a known size, what a similar query scanned.
///
/// # Errors
/// [`SourceError::NotFound`] for a group that does not exist.
pub(super) async fn bound(
    client: &Client,
    earlier: &EarlierScans,
    permit: &Permit<StartQuery>,
) -> Result<ScanBound, SourceError> {
    let (op, now) = (permit.op(), client.now());
    let sees_all = permit.visibility().iter().all(Visibility::is_whole);
    let stored = if sees_all { stored_groups(client, permit.share(), &op.groups).await? } else { None };
    let Some(groups) = stored else {
        return Ok(ScanBound::Unknown { similar: earlier.similar(&ScanKey::of(permit, now)) });
    };
    let most = groups.iter().fold(0u64, |sum, group| sum.saturating_add(group.bytes));
    let likely = groups.iter().fold(0u64, |sum, group| sum.saturating_add(likely_bytes(group, op.start, op.end, now)));
    Ok(ScanBound::Sized { likely, most })
}

/// The group's bytes in the range, if they are spread evenly over its time.
fn likely_bytes(group: &StoredGroup, start: Millis, end: Millis, now: Millis) -> u64 {
    let whole = now.0.saturating_sub(group.since.0);
    let part = end.0.min(now.0).saturating_sub(start.0.max(group.since.0)).max(0);
    if part >= whole {
        return group.bytes;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the bytes")]
    let bytes = (group.bytes as f64 * (part as f64 / whole as f64)) as u64;
    bytes
}

/// The sizes of the groups; `None`: CloudWatch does not tell them now.
async fn stored_groups(client: &Client, share: &Share, groups: &[LogGroupName]) -> Result<Option<Vec<StoredGroup>>, SourceError> {
    if groups.len() > MAX_GROUPS {
        return Ok(None);
    }
    tokio::time::timeout(MAX_WAIT, described(client, share, groups)).await.unwrap_or(Ok(None))
}

async fn described(client: &Client, share: &Share, groups: &[LogGroupName]) -> Result<Option<Vec<StoredGroup>>, SourceError> {
    let (mut stored, now) = (Vec::new(), client.now());
    for group in groups {
        let answer = client.call(share, &DescribeLogGroups::one(group.as_str())).await;
        let Ok(answer) = answer else { return Ok(None) };
        let found = answer.log_groups.into_iter().find(|found| found.log_group_name == group.as_str());
        let found = found.ok_or(SourceError::NotFound)?;
        let Some(bytes) = found.stored_bytes else { return Ok(None) };
        let kept = found.retention_in_days.map(|days| now.0.saturating_sub(i64::from(days) * DAY_MILLIS));
        let since = found.creation_time.into_iter().chain(kept).max().unwrap_or(now.0);
        stored.push(StoredGroup { bytes, since: Millis(since) });
    }
    Ok(Some(stored))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likely_bytes_are_the_part_of_the_range() {
        let (now, day) = (Millis(100 * DAY_MILLIS), DAY_MILLIS);
        let group = StoredGroup { bytes: 1000, since: Millis(90 * DAY_MILLIS) };
        let likely = |start: i64, end: i64| likely_bytes(&group, Millis(start * day), Millis(end * day), now);
        assert_eq!(likely(95, 100), 500);
        assert_eq!(likely(95, 200), 500, "the future has no events");
        assert_eq!(likely(0, 91), 100);
        assert_eq!(likely(0, 100), 1000);
        assert_eq!(likely(0, 50), 0);
        let new = StoredGroup { bytes: 1000, since: now };
        assert_eq!(likely_bytes(&new, Millis(99 * day), now, now), 1000);
    }
}
