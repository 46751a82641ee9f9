//! moto, an independent AWS emulator (CloudWatch Logs, SSM, S3), filled through boto3. One server for all tests of a run.
//!
//! Tests are separated by the names of their groups. Scenarios that moto answers wrongly are listed with the reason in
//! `tests/contract/mod.rs`.

use std::net::SocketAddr;
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::python::Helper;

/// A running moto server and a client that fills it.
#[derive(Debug)]
pub struct Moto {
    /// Its address.
    pub address: SocketAddr,
    _server: Helper,
    writer: Helper,
}

impl Moto {
    /// The server of this test run.
    pub async fn shared() -> &'static Self {
        static MOTO: OnceLock<Moto> = OnceLock::new();
        tokio::task::spawn_blocking(|| {
            MOTO.get_or_init(|| {
                let server = Helper::start("moto_server.py", &[]);
                let address = SocketAddr::from(([127, 0, 0, 1], server.line().parse().unwrap()));
                let writer = Helper::start("put_events.py", &[&format!("http://{address}")]);
                Self { address, _server: server, writer }
            })
        })
        .await
        .unwrap()
    }

    /// Creates a group.
    pub async fn create_group(&'static self, group: &str) {
        self.order(json!({ "group": group })).await;
    }

    /// Puts events (milliseconds, message) with boto3; creates missing groups and streams.
    pub async fn put(&'static self, group: &str, stream: &str, events: &[(i64, &str)]) {
        self.order(json!({ "group": group, "stream": stream, "events": events })).await;
    }

    /// Puts an encrypted parameter into Parameter Store.
    pub async fn put_parameter(&'static self, name: &str, value: &str) {
        self.order(json!({ "parameter": name, "value": value })).await;
    }

    /// Puts an object into S3; creates the bucket.
    pub async fn put_object(&'static self, bucket: &str, key: &str, body: &str) {
        self.order(json!({ "bucket": bucket, "key": key, "body": body })).await;
    }

    async fn order(&'static self, order: Value) {
        let answer = tokio::task::spawn_blocking(move || self.writer.ask(&order)).await.unwrap();
        assert_eq!(answer, "ok");
    }
}
