//! Many callers, few calls: what CloudWatch is asked when everybody wants the same.

mod followers;
mod interleaved;
mod response_cache;
mod waiting;
