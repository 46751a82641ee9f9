//! Open connections and requests, counted in all and by address, within their limits.
//!
//! Owns the counters. See also [`super::server`] (sockets and requests).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::client_address::block_of;
use super::server::ConnectionLimits;
use crate::telemetry::metrics;

/// Open connections and requests of a listener, in all and by address.
#[derive(Debug)]
pub(super) struct ListenerLoad {
    /// The listener's name in metrics.
    pub(super) listener: &'static str,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    connections: usize,
    requests: usize,
    by_address: HashMap<IpAddr, Count>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    connections: usize,
    requests: usize,
}

/// One open connection. It counts until this is dropped.
#[derive(Debug)]
pub(super) struct ConnectionGuard {
    /// The counters.
    pub(super) load: Arc<ListenerLoad>,
    address: IpAddr,
}

/// One request. It counts until its answer is sent or aborted.
#[derive(Debug)]
pub(super) struct RequestGuard {
    load: Arc<ListenerLoad>,
    address: IpAddr,
}

/// Marks an answer that has a limit of its own, such as a live tail. It does not count as a request of its listener after its head is
/// sent, so that long answers leave room for short ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct LongLived;

impl ListenerLoad {
    pub(super) fn new(listener: &'static str) -> Arc<Self> {
        Arc::new(Self { listener, counts: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn admit_connection(
        self: &Arc<Self>,
        address: IpAddr,
        limits: ConnectionLimits,
    ) -> Result<ConnectionGuard, &'static str> {
        let address = block_of(address);
        let mut counts = self.lock();
        if counts.connections >= limits.total {
            return Err("total");
        }
        let from_here = counts.by_address.get(&address).copied().unwrap_or_default();
        if limits.per_address.is_some_and(|most| from_here.connections >= most) {
            return Err("address");
        }
        counts.connections += 1;
        counts.by_address.entry(address).or_default().connections += 1;
        metrics::connections(self.listener, counts.connections);
        Ok(ConnectionGuard { load: Arc::clone(self), address })
    }

    /// Counts a request from the address; `address` is a connection's.
    pub(super) fn admit_request(
        self: &Arc<Self>,
        address: IpAddr,
        limits: ConnectionLimits,
    ) -> Result<RequestGuard, &'static str> {
        let mut counts = self.lock();
        if counts.requests >= limits.requests {
            return Err("total");
        }
        let from_here = counts.by_address.entry(address).or_default();
        if limits.requests_per_address.is_some_and(|most| from_here.requests >= most) {
            return Err("address");
        }
        from_here.requests += 1;
        counts.requests += 1;
        Ok(RequestGuard { load: Arc::clone(self), address })
    }
}

impl Counts {
    fn release(&mut self, address: IpAddr, release: impl Fn(&mut Count)) {
        if let Some(count) = self.by_address.get_mut(&address) {
            release(count);
            if count.connections == 0 && count.requests == 0 {
                self.by_address.remove(&address);
            }
        }
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        let mut counts = self.load.lock();
        counts.connections = counts.connections.saturating_sub(1);
        counts.release(self.address, |count| count.connections = count.connections.saturating_sub(1));
        metrics::connections(self.load.listener, counts.connections);
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        let mut counts = self.load.lock();
        counts.requests = counts.requests.saturating_sub(1);
        counts.release(self.address, |count| count.requests = count.requests.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn connections_and_requests_are_counted_by_address_and_in_all() {
        let second = Duration::from_secs(1);
        let limits = ConnectionLimits {
            total: 3,
            per_address: Some(2),
            requests: 4,
            requests_per_address: Some(3),
            handshake_time: second,
            header_time: second,
            write_stall: second,
            idle: second,
            age: second,
            header_bytes: 8192,
            drain: second,
        };
        let load = ListenerLoad::new("test");
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse::<IpAddr>().unwrap());
        let places = [load.admit_connection(one, limits).unwrap(), load.admit_connection(one, limits).unwrap()];
        assert_eq!(load.admit_connection(one, limits).unwrap_err(), "address");
        let third = load.admit_connection(other, limits).unwrap();
        assert_eq!(load.admit_connection("192.0.2.3".parse().unwrap(), limits).unwrap_err(), "total");
        let requests: Vec<_> = (0..3).map(|_| load.admit_request(one, limits).unwrap()).collect();
        assert_eq!(load.admit_request(one, limits).unwrap_err(), "address");
        let last = load.admit_request(other, limits).unwrap();
        assert_eq!(load.admit_request(other, limits).unwrap_err(), "total");
        drop((places, third));
        assert_eq!(load.lock().by_address.len(), 2, "requests outlive their connections while their answers are dropped");
        drop((requests, last));
        let counts = load.lock();
        assert_eq!((counts.connections, counts.requests, counts.by_address.len()), (0, 0, 0));
    }

    #[test]
    fn an_address_is_what_one_subscriber_has() {
        for (one, other, expected) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
            ("::1", "::2", true),
        ] {
            let block = |text: &str| block_of(text.parse().unwrap());
            assert_eq!(block(one) == block(other), expected, "{one} {other}");
        }
    }
}
