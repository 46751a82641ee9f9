//! Compressed answers: a failure is visible to the client in them too.

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::Value;

use super::environment::TestEnvironment;
use super::operations::{Cell, Form, operations};
use crate::world::fake_cloudwatch::Fault;
use crate::world::fake_cloudwatch::plan::Plan;

#[tokio::test]
async fn a_failure_midway_is_seen_through_compression() {
    let environment = TestEnvironment::usual().await;
    let mut number = 0;
    for operation in operations().filter(|operation| matches!(operation.form, Form::Ndjson | Form::Csv | Form::Text)) {
        for encoding in ["gzip", "zstd"] {
            number += 1;
            let cell = Cell::of(operation, number, &environment).await;
            let target = (operation.target)(&cell);
            if target.contains("from=tail") {
                // Its pages are read before the first byte is sent.
                continue;
            }
            environment.fake.state().plans.set(Plan::new(&cell.mark(), Fault::HalfJson).after(1));
            let answer = environment.acme.get_with(&target, &[("accept-encoding", encoding)]).await;
            let what = format!("{} in {encoding}", operation.name);
            assert_eq!((answer.status.as_u16(), answer.header("content-encoding")), (200, encoding.to_owned()), "{what}");
            assert!(answer.trailers.is_empty(), "{what}");
            assert_eq!(answer.broken, !target.contains("ndjson"), "{what}");
            if encoding == "gzip" && !answer.broken {
                let mut text = String::new();
                GzDecoder::new(&answer.body[..]).read_to_string(&mut text).unwrap();
                let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
                assert_eq!(last["error"]["code"], "upstream_error", "{what}");
            }
        }
    }
    assert!(number > 0);
}
