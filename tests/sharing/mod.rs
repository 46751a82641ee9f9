//! Many callers, few calls: the calls to CloudWatch when many callers read the same data.

mod followers;
mod interleaved;
mod response_cache;
mod waiting;
