//! Harmless calls that show whether the permissions for queries are there; see `cloudwatch::probe`.

use super::calls::{GetLogGroupFields, GetLogRecord, GetQueryResults, ListLogGroupsForQuery, StartQuery, StopQuery};
use super::{GROUPS_PAGE, LANGUAGE};
use crate::auth::permit::Share;
use crate::sources::cloudwatch::CloudWatch;
use crate::sources::cloudwatch::probe::{Permissions, on};
use crate::sources::cloudwatch::wire::Call;

/// An id that no query has, a pointer that no record has, and a text that is not a query.
const NO_QUERY: &str = "00000000-0000-0000-0000-000000000000";
const NO_RECORD: &str = "logmark-check-of-permissions";
const NOT_A_QUERY: &str = "| this text is malformed for AWS: only the permission is checked";

impl CloudWatch {
    /// The permissions to start a query on the group, and to list its fields.
    pub(in crate::sources::cloudwatch) async fn check_query_start(
        &self,
        share: &Share,
        group: &str,
        permissions: &mut Permissions,
    ) {
        let query = StartQuery {
            query_language: LANGUAGE,
            log_group_names: vec![group.to_owned()],
            start_time: 0,
            end_time: 0,
            query_string: NOT_A_QUERY.to_owned(),
            limit: Some(1),
        };
        let answer = self.client.call(share, &query).await;
        if let Ok(started) = &answer {
            // A compatible server that takes any text.
            let _stopped = self.client.call(share, &StopQuery { query_id: &started.query_id }).await;
        }
        permissions.record("StartQuery", &on(group), answer.map(drop));
        let fields = GetLogGroupFields { log_group_name: group, time: Some(0) };
        permissions.record("GetLogGroupFields", &on(group), self.client.call(share, &fields).await.map(drop));
    }

    /// The calls about a query that runs, which name no group.
    pub(in crate::sources::cloudwatch) async fn check_running_queries(&self, share: &Share) -> Result<String, String> {
        let mut permissions = Permissions::default();
        let results = GetQueryResults { query_id: NO_QUERY, next_token: None, max_items: 1 };
        self.about_query(share, "GetQueryResults", &results, &mut permissions).await;
        self.about_query(share, "StopQuery", &StopQuery { query_id: NO_QUERY }, &mut permissions).await;
        let list = ListLogGroupsForQuery { query_id: NO_QUERY, max_results: GROUPS_PAGE, next_token: None };
        self.about_query(share, "ListLogGroupsForQuery", &list, &mut permissions).await;
        self.about_query(share, "GetLogRecord", &GetLogRecord { log_record_pointer: NO_RECORD }, &mut permissions).await;
        permissions.outcome()
    }

    async fn about_query<Op: Call>(&self, share: &Share, name: &'static str, call: &Op, permissions: &mut Permissions) {
        permissions.record(name, "", self.client.call(share, call).await.map(drop));
    }
}
