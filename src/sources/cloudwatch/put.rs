//! Adds the service's own audit lines to a log group: PutLogEvents and CreateLogStream, by the client of the SDK.
//!
//! Owns the two calls. The group must exist: its retention and its access are the operator's decision.

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::error::SdkError;
use aws_sdk_cloudwatchlogs::operation::create_log_stream::CreateLogStreamError;
use aws_sdk_cloudwatchlogs::operation::put_log_events::PutLogEventsError;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;

use super::CloudWatch;
use super::errors::Failure;
use crate::auth::permit::Permit;
use crate::domain::time::Millis;
use crate::domain::write_operations::{CreateStream, NewEvent, PutEvents};
use crate::sources::SourceError;
use crate::sources::write::{EventSink, WriteError};

#[async_trait]
impl EventSink for CloudWatch {
    async fn add_events(&self, create: &Permit<CreateStream>, put: Permit<PutEvents>, _now: Millis) -> Result<(), WriteError> {
        let PutEvents { group, stream, events, .. } = put.into_op();
        let event = |event: NewEvent| InputLogEvent::builder().timestamp(event.timestamp).message(event.message).build();
        let events: Result<Vec<InputLogEvent>, _> = events.into_iter().map(event).collect();
        let events = events.map_err(|error| WriteError::Invalid(error.to_string()))?;
        let sdk = self.client.upstream().sdk();
        let call = || {
            let call = sdk.put_log_events().log_group_name(group.as_str()).log_stream_name(stream.as_str());
            call.set_log_events(Some(events.clone())).send()
        };
        let output = match call().await {
            Err(error) if error.as_service_error().is_some_and(PutLogEventsError::is_resource_not_found_exception) => {
                self.create_stream(create.op()).await?;
                call().await
            }
            other => other,
        };
        match output.map_err(|error| failed(Failure::of_sdk(&error)))?.rejected_log_events_info {
            None => Ok(()),
            Some(_) => Err(WriteError::Invalid("events were rejected, because they are too old or too new".to_owned())),
        }
    }
}

impl CloudWatch {
    async fn create_stream(&self, op: &CreateStream) -> Result<(), WriteError> {
        let call = self.client.upstream().sdk().create_log_stream();
        let exists = |error: &SdkError<CreateLogStreamError, _>| {
            error.as_service_error().is_some_and(CreateLogStreamError::is_resource_already_exists_exception)
        };
        match call.log_group_name(op.group.as_str()).log_stream_name(op.stream.as_str()).send().await {
            Err(error) if !exists(&error) => Err(failed(Failure::of_sdk(&error))),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

fn failed(failure: Failure) -> WriteError {
    WriteError::Source(SourceError::Upstream(failure.what))
}
