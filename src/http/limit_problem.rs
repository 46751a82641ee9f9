//! The problem of a reached limit of a tenant.
//!
//! Owns the texts. [`super::problem`] has those of all other errors.

use super::problem_code::ProblemCode as C;
use super::problem_document::Problem;
use crate::limits::limit::{Budget, Limit, LimitExceeded, Work};

/// The problem of a reached limit of the tenant.
pub(super) fn limit_problem(exceeded: &LimitExceeded) -> Problem {
    let most = exceeded.most;
    let (code, detail) = match exceeded.limit {
        Limit::RequestsPerSecond => {
            (C::RateLimited, "The tenant's limit of requests per second is reached. Try again after `Retry-After`.".to_owned())
        }
        Limit::Work(work) => {
            let (what, advice) = match work {
                Work::Requests => ("concurrent requests", "Try again when one of them has ended."),
                Work::Queries => {
                    ("concurrent queries", "Stop one with `DELETE /queries/{id}`, or try again when one of them has ended.")
                }
                Work::Exports => ("concurrent exports", "Try again when one of them has ended."),
                Work::Tails => ("open live tails", "Close one, or try again later."),
            };
            (C::RateLimited, format!("The tenant's limit of {most} {what} is reached. {advice}"))
        }
        Limit::Budget(budget) => {
            let gigabytes = crate::limits::limit::gigabytes(most);
            let (what, used) = match budget {
                Budget::Scanned => ("The query can scan more than is left of", "scanned by queries"),
                Budget::Sent => ("The answer is larger than what is left of", "sent"),
            };
            let advice = "Request a shorter range, or try again after `Retry-After`.";
            (C::BudgetExceeded, format!("{what} the tenant's {gigabytes} GB {used} in a day (UTC). {advice}"))
        }
    };
    Problem { retry_after: Some(exceeded.retry_after), ..Problem::new(code, detail) }
}
