//! The address of the client behind a request.

use std::net::IpAddr;

/// The other end of the connection, in the request's extensions. The listener puts it there; on Lambda the front door's event
/// names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);
