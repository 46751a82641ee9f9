//! Permissions to write audit lines: `PutLogEvents` and `CreateLogStream`. Nothing is written.

use aws_sdk_cloudwatchlogs::types::InputLogEvent;

use super::{CloudWatch, NO_STREAM, Permissions, on};
use crate::auth::permit::Share;
use crate::sources::cloudwatch::errors::{CallError, Failure, MissingResource};
use crate::sources::cloudwatch::wire::{DescribeLogGroups, DescribeLogStreams};

impl CloudWatch {
    /// Checks the group that audit lines are written to.
    pub(super) async fn audit_group(&self, share: &Share, group: &str) -> Result<String, String> {
        let listed = self.client.call(share, &DescribeLogGroups::one(group)).await.map_err(|error| error.plain().to_string())?;
        if !listed.log_groups.iter().any(|found| found.log_group_name == group) {
            return Err("the log group does not exist: create it, with the retention that audit lines need".to_owned());
        }
        let mut permissions = Permissions::default();
        permissions.record("PutLogEvents", &on(group), self.put_nothing(group).await);
        self.create_existing(share, group, &mut permissions).await;
        permissions.outcome()
    }

    /// Puts an event into a stream that does not exist, so that nothing is written.
    async fn put_nothing(&self, group: &str) -> Result<(), CallError> {
        let event = InputLogEvent::builder().timestamp(self.client.now().0).message("a check of permissions").build();
        let event = event.map_err(|error| CallError::Upstream(error.to_string()))?;
        let call = self.client.upstream().sdk().put_log_events().log_group_name(group).log_stream_name(NO_STREAM);
        let answer = tokio::time::timeout(self.client.deadline(), call.log_events(event).send()).await;
        answer.map_err(|_elapsed| CallError::Timeout)?.map_err(|error| Failure::of_sdk(&error).into_call_error()).map(drop)
    }

    /// Creates a stream that exists already. Without one, the permission cannot be checked without a change.
    async fn create_existing(&self, share: &Share, group: &str, permissions: &mut Permissions) {
        let call = DescribeLogStreams { log_stream_name_prefix: None, ..DescribeLogStreams::one(group, "") };
        let stream = match self.client.call(share, &call).await {
            Ok(answer) => answer.log_streams.into_iter().next().map(|stream| stream.log_stream_name),
            Err(_) => None,
        };
        let Some(stream) = stream else {
            let why = "`logs:CreateLogStream` is needed too, and cannot be checked, because no stream of the group is known";
            permissions.notes.push(why.to_owned());
            return;
        };
        let call = self.client.upstream().sdk().create_log_stream().log_group_name(group).log_stream_name(stream).send();
        let answer = match tokio::time::timeout(self.client.deadline(), call).await {
            Err(_elapsed) => Err(CallError::Timeout),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.as_service_error().is_some_and(|error| error.is_resource_already_exists_exception()) => {
                Err(CallError::NotFound(MissingResource::Stream))
            }
            Ok(Err(error)) => Err(Failure::of_sdk(&error).into_call_error()),
        };
        permissions.record("CreateLogStream", &on(group), answer);
    }
}
