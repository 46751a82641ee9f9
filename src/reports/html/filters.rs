//! The parameters of a request that a reader of its page has to know.

use crate::reports::filters::{Filters, StatusRange};
use crate::reports::request::{Dimension, ErrorClass, ReportRequest};

/// The parameters with their names for readers.
pub(super) fn named(request: &ReportRequest) -> Vec<(&'static str, String)> {
    let word = |words: &[(&str, Dimension)], dimension: Dimension| {
        words.iter().find(|(_, known)| *known == dimension).map(|(word, _)| (*word).to_owned())
    };
    let class =
        |class: ErrorClass| ErrorClass::WORDS.into_iter().find(|(_, known)| *known == class).map(|(word, _)| word.to_owned());
    let own = [
        ("Compared report", request.compared.clone()),
        ("Split by", request.dimension.and_then(|dimension| word(&Dimension::WORDS, dimension))),
        ("Errors", request.class.and_then(class)),
    ];
    let Filters {
        domain,
        status,
        path,
        plan,
        customer,
        ip,
        exclude_ip,
        iam_user,
        sub,
        request_id,
        method,
        stage,
        user_agent,
        ignore_bots,
    } = &request.filters;
    let filters = [
        ("Domain", domain.clone()),
        ("Status", status.map(status_text)),
        ("Path", path.clone()),
        ("Plan", plan.clone()),
        ("Customer", customer.clone()),
        ("Address", ip.as_ref().map(ToString::to_string)),
        ("Without addresses", exclude_ip.as_ref().map(ToString::to_string)),
        ("IAM user", iam_user.clone()),
        ("Subject", sub.clone()),
        ("Request id", request_id.clone()),
        ("Method", method.clone()),
        ("Stage", stage.clone()),
        ("User agent contains", user_agent.clone()),
        ("Bots", ignore_bots.then(|| "left out".to_owned())),
    ];
    own.into_iter().chain(filters).filter_map(|(name, value)| Some((name, value?))).collect()
}

fn status_text(range: StatusRange) -> String {
    if range.least == range.most { range.least.to_string() } else { format!("{}xx", range.least / 100) }
}
