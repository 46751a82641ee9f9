//! Cases from the field: what other tools' users reported, against this service.

mod import;
