//! `logmark check --online`: one harmless call, and in words why it fails.
//!
//! Owns the call. It lists one group, whose name is dropped: the check shows no data.

use super::CloudWatch;
use super::wire::DescribeLogGroups;
use crate::auth::permit::Share;
use crate::domain::name::TenantId;

/// A difference of clocks beyond which tokens would be refused, in milliseconds: the default `leeway` of an issuer.
const MAX_SKEW_MS: i64 = 60_000;

impl CloudWatch {
    /// Checks credentials, region, endpoint and the permission for `DescribeLogGroups`.
    ///
    /// # Errors
    /// Why it fails, and what to do.
    pub async fn probe(&self) -> Result<String, String> {
        let tenant = TenantId::try_from("check").map_err(|error| error.to_string())?;
        let call = DescribeLogGroups { log_group_name_prefix: None, next_token: None, limit: 1 };
        let answer = self.client.call(&Share { tenant, weight: 1 }, &call).await;
        if let Err(error) = answer {
            let known = self.client.reported();
            return Err(if known.is_empty() { error.plain().to_string() } else { known.join("; ") });
        }
        let skew = self.client.clock_skew_ms();
        if skew.abs() > MAX_SKEW_MS {
            let (seconds, direction) = (skew.unsigned_abs() / 1000, if skew > 0 { "behind" } else { "ahead of" });
            return Err(format!(
                "CloudWatch Logs answers, but this machine's clock is {seconds} seconds {direction} that of AWS: synchronise it (NTP), \
                 or tokens are refused as expired or not yet valid"
            ));
        }
        Ok(format!("{} answers, with permission for `logs:DescribeLogGroups`", self.client.endpoint()))
    }
}
