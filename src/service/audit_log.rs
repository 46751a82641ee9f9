//! The audit log of the configuration, and the log group that it can be written to.
//!
//! Owns the caller that writes to this group: the service itself, which may only write, in this one source.

use std::sync::Arc;

use super::BuildError;
use crate::auth::operator;
use crate::auth::policy;
use crate::auth::tenant::Caller;
use crate::config::Config;
use crate::config::audit::{Audit, AuditSink};
use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::time::Clock;
use crate::domain::write_operations::{CreateStream, NewEvent, PutEvents, PutRules};
use crate::sources::Sources;
use crate::telemetry::audit::group::{LineGroup, Lines, Put};
use crate::telemetry::audit::{AuditLog, Destination};

/// The subject of the service's own writes.
const WRITER: &str = "audit";

/// Opens the audit log. Call it in the runtime of the service.
///
/// # Errors
/// If its destination cannot be used.
pub(super) fn open(config: &Config, sources: &Sources, clock: &Arc<dyn Clock>) -> Result<AuditLog, BuildError> {
    if !config.telemetry.audit {
        return Ok(AuditLog::off());
    }
    let Audit { sink, .. } = &config.audit;
    let (destination, name) = match sink {
        AuditSink::Stdout => (Destination::Stdout, "standard output".to_owned()),
        AuditSink::File(settings) => (Destination::File(settings.clone()), settings.path.display().to_string()),
        AuditSink::LogGroup { source, group } => {
            if crate::on_lambda() {
                let why = "on Lambda audit lines go to standard output, which is in the function's log group: remove `sink`";
                return Err(BuildError::Audit(why.to_owned()));
            }
            let caller = operator::caller(WRITER, source).map_err(|error| BuildError::Audit(error.to_string()))?;
            let (sources, clock) = (sources.clone(), Arc::clone(clock));
            let target = Target { sources, caller, source: source.clone(), group: group.clone(), clock };
            (Destination::LogGroup(Arc::new(target)), group.to_string())
        }
    };
    AuditLog::start(destination, config.audit.mac_key(), crate::on_lambda())
        .map_err(|error| BuildError::Audit(format!("{name}: {error}")))
}

/// The log group.
#[derive(Debug)]
struct Target {
    sources: Sources,
    caller: Caller,
    source: SourceName,
    group: LogGroupName,
    clock: Arc<dyn Clock>,
}

impl LineGroup for Target {
    fn put<'a>(&'a self, stream: &'a str, lines: Lines) -> Put<'a> {
        Box::pin(async move {
            let now = self.clock.now();
            let stream = LogStreamName::try_from(stream).map_err(|error| error.to_string())?;
            let (source, group) = (self.source.clone(), self.group.clone());
            let events = lines.into_iter().map(|(timestamp, message)| NewEvent { timestamp, message }).collect();
            let create = CreateStream { source: source.clone(), group: group.clone(), stream: stream.clone() };
            let create = policy::authorize(&self.caller, create, now).map_err(|denied| denied.to_string())?;
            let put = PutEvents { source, group, stream, events, rules: PutRules::Import };
            let put = policy::authorize(&self.caller, put, now).map_err(|denied| denied.to_string())?;
            let sink =
                self.sources.event_sink(&put).ok_or_else(|| format!("the source `{}` cannot be written to", self.source))?;
            sink.add_events(&create, put, now).await.map_err(|error| error.to_string())
        })
    }
}
