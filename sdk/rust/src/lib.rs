//! A client for Logmark. It reads the logs that your token and your tenant allow.
//!
//! It has two layers. [`apis`] and [`models`] are generated from the service's OpenAPI document: one function for each operation, one
//! type for each schema. The crate adds helper functions:
//!
//! - [`Client`] has the URL and the token, retries requests, and turns every failure into an [`Error`];
//! - [`Client::events`] returns events one by one, and follows cursors to the end, or polls for new events;
//! - [`Client::stream`] reads a whole range in constant memory, and detects incomplete streams;
//! - [`Client::tail`] returns new events as they arrive, and resumes after cuts and restarts;
//! - [`Client::query`] starts a Logs Insights query, waits for it, reads all its rows, and stops it if you cancel;
//! - [`Client::groups`], [`Client::streams`] and [`Client::me`] list groups, streams, and what the token allows.
//!
//! ```no_run
//! # async fn run() -> Result<(), logmark_client::Error> {
//! use logmark_client::{Client, EventsRequest};
//!
//! let client = Client::new("https://logs.example.com", "eyJ…")?;
//! let mut events = client.events(EventsRequest { start: Some("-15m".into()), ..EventsRequest::group("/acme/api") });
//! while let Some(event) = events.next().await {
//!     println!("{}", event?.message);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Call a generated operation with the client's configuration. `?` converts its error into an [`Error`]:
//!
//! ```no_run
//! # async fn run(client: logmark_client::Client) -> Result<(), logmark_client::Error> {
//! use logmark_client::apis::groups_api::{ListStreamsParams, list_streams};
//!
//! let page = list_streams(
//!     client.configuration(),
//!     ListStreamsParams {
//!         group: "/acme/api".into(),
//!         order_by: Some("lastEvent".into()),
//!         order: None,
//!         prefix: None,
//!         limit: None,
//!         cursor: None,
//!         source: None,
//!     },
//! )
//! .await?;
//! # Ok(())
//! # }
//! ```
//!
//! Write names unencoded: `/acme/api`. The crate runs on Tokio.

#![deny(
    missing_docs,
    missing_debug_implementations,
    unused_qualifications,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod client;
mod error;
mod events;
mod list;
mod query;
mod retry;
mod stream;
mod tail;
mod time;
mod token;
mod transport;

#[rustfmt::skip]
#[path = "../generated/src/apis/mod.rs"]
#[allow(warnings, missing_docs, missing_debug_implementations, unused_qualifications, clippy::all, clippy::allow_attributes_without_reason, reason = "generated")]
pub mod apis;
#[rustfmt::skip]
#[path = "../generated/src/models/mod.rs"]
#[allow(warnings, missing_docs, unused_qualifications, clippy::all, reason = "generated")]
pub mod models;

pub use client::{Client, ClientBuilder};
pub use error::{Error, code};
pub use events::{Events, EventsRequest};
pub use list::{Groups, Streams, StreamsRequest};
pub use query::{QueryRequest, Row, Rows};
pub use retry::Retry;
pub use stream::EventStream;
pub use tail::{Gap, Tail, TailItem, TailRequest};
pub use time::Time;
pub use token::TokenError;
