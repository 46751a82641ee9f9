//! The check of a source for `logmark check --online`: credentials, endpoint, and the permissions to read.
//!
//! Makes calls that cost nothing: DescribeLogGroups for one group, then DescribeLogStreams and FilterLogEvents for one stream and one
//! millisecond of one group. Says what failed in words, with what to do. See also `health`, which has the texts of the service's log.

use std::num::NonZeroU32;

use logmark_quota::Share;

use super::client::Client;
use super::errors::CallError;
use super::wire::{Call, DescribeLogGroups, DescribeLogStreams, FilterLogEvents};
use crate::domain::pattern::Pattern;

/// The share that the check's calls are counted for.
const CHECK: &str = "check";

/// Checks the source. `granted`: the patterns of groups that grants give for it.
///
/// # Errors
/// What failed, and what to do.
pub(super) async fn check(client: &Client, granted: &[&Pattern]) -> Result<String, String> {
    call(client, &DescribeLogGroups { log_group_name_prefix: None, next_token: None, limit: 1 }).await?;
    let mut found = None;
    let mut absent = Vec::new();
    for pattern in granted {
        let prefix = Some(pattern.prefix()).filter(|prefix| !prefix.is_empty());
        let groups =
            call(client, &DescribeLogGroups { log_group_name_prefix: prefix, next_token: None, limit: 50 }).await?.log_groups;
        match groups.into_iter().find(|group| pattern.matches(&group.log_group_name)) {
            Some(group) => {
                found.get_or_insert(group.log_group_name);
            }
            None => absent.push(format!("`{pattern}`")),
        }
    }
    let mut said = vec!["DescribeLogGroups works".to_owned()];
    if let Some(group) = found {
        read(client, &group).await?;
        said.push(format!("DescribeLogStreams and FilterLogEvents work for `{group}`"));
    }
    if !absent.is_empty() {
        said.push(format!("no log group was found for {}: check the region and the grants", absent.join(", ")));
    }
    Ok(said.join("; "))
}

async fn read(client: &Client, group: &str) -> Result<(), String> {
    let streams = DescribeLogStreams { limit: 1, log_stream_name_prefix: None, ..DescribeLogStreams::one(group, "") };
    call(client, &streams).await?;
    let events = FilterLogEvents {
        log_group_name: group,
        filter_pattern: None,
        log_stream_names: None,
        log_stream_name_prefix: None,
        start_time: Some(0),
        end_time: Some(1),
        next_token: None,
        limit: 1,
        start_from_head: None,
        interleaved: true,
    };
    call(client, &events).await.map(drop)
}

async fn call<Op: Call>(client: &Client, operation: &Op) -> Result<Op::Answer, String> {
    let share = Share::new(CHECK, NonZeroU32::MIN);
    match client.call_for_all(&share, operation, None).await {
        Ok(fetched) => Ok(std::sync::Arc::unwrap_or_clone(fetched.answer)),
        Err(error) => Err(explain(client, Op::API.as_str(), error)),
    }
}

/// The text of the service's log for the failure, or the failure itself.
fn explain(client: &Client, call: &str, error: CallError) -> String {
    let reported = client.upstream().health.reported();
    if reported.is_empty() { format!("`{call}` failed: {}", error.plain()) } else { reported.join("; ") }
}
