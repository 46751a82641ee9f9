//! Runs Logs Insights queries over blocks of log events.
//!
//! A query is parsed by `logmark-insights`, compiled into a [`plan::Plan`], and run over a [`input::Source`] by a
//! [`run::Runner`]. The engine knows neither a store nor tenants nor an async runtime. It uses every event that a source
//! gives and nothing else: which events a caller may see is decided before.
//!
//! ```
//! use std::num::NonZeroU32;
//! use std::sync::Arc;
//! use std::time::Duration;
//! use logmark_engine::input::memory::{MemoryEvent, MemorySource};
//! use logmark_engine::plan::{DEFAULT_ROWS, Plan, PlanOptions};
//! use logmark_engine::run::{Owner, QueryLimits, QueryStatus, Runner};
//! use logmark_engine::values::call::QueryTimes;
//! use logmark_insights::ast::Query;
//!
//! let event = |timestamp, message: &str| MemoryEvent {
//!     timestamp,
//!     ingestion_time: timestamp,
//!     stream: "i-1".into(),
//!     group: "/shop/checkout".into(),
//!     message: message.to_owned(),
//!     pointer: timestamp.to_string(),
//! };
//! let events = vec![event(1, r#"{"status":200}"#), event(2, r#"{"status":503}"#), event(3, r#"{"status":200}"#)];
//! let source = Arc::new(MemorySource::new(events, 1_000));
//!
//! let text = "stats count(*) as n by status | sort n desc";
//! let query = Query::parse(text).unwrap();
//! let times = QueryTimes { start: 0, end: 1_000, now: 1_000 };
//! let plan = Plan::compile(&query, &PlanOptions { text, times, max_rows: DEFAULT_ROWS }).unwrap();
//!
//! let runner = Runner::new(2, 512 << 20)?;
//! let owner = Owner::new("acme", NonZeroU32::MIN);
//! let handle = runner.start(&owner, plan, source, QueryLimits::default(), || {});
//! assert!(matches!(handle.wait(Duration::from_secs(60)), QueryStatus::Complete));
//! let result = handle.rows();
//! assert_eq!(*result.columns, ["status", "n"]);
//! let shown: Vec<String> = result.rows.iter().map(|row| format!("{} {}", row.values[0], row.values[1])).collect();
//! assert_eq!(shown, ["200 2", "503 1"]);
//! assert_eq!(handle.statistics().records_scanned, 3);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Layout
//!
//! - [`values`]: what values are and what functions make of them
//! - [`evaluate`]: the value of an expression for one event; the definition that compiled plans are tested against
//! - [`input`]: the seam to a store
//! - [`row`], [`operator`]: rows, and the shape of every command at run time
//! - [`expression`]: compiled expressions
//! - [`plan`]: from a query to its operators
//! - `collections`: tables and lists that grow in small steps
//! - `commands`: one file for each command
//! - [`run`]: the pool of threads, handles, results
//! - [`budget`], [`control`], [`error`]: limits, and how a query ends

pub mod values;
pub mod evaluate;

pub mod error;
pub mod budget;
pub mod control;
pub mod input;
pub mod row;
pub mod operator;
pub mod expression;
pub mod plan;
mod collections;
mod commands;
pub mod run;
