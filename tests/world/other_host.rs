//! A host that must receive no connection; it counts them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;

/// A running host; ends with the tokio runtime.
#[derive(Debug)]
pub struct OtherHost {
    /// Its address.
    pub address: SocketAddr,
    visits: Arc<AtomicUsize>,
}

impl OtherHost {
    /// Starts the host.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let other_host = Self { address: listener.local_addr().unwrap(), visits: Arc::default() };
        let visits = Arc::clone(&other_host.visits);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                visits.fetch_add(1, Ordering::SeqCst);
            }
        });
        other_host
    }

    /// The number of connections so far.
    pub fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}
