//! A host that nobody has any business with: it counts who comes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;

/// The host; ends with the runtime.
#[derive(Debug)]
pub struct OtherHost {
    /// Where it listens.
    pub address: SocketAddr,
    visits: Arc<AtomicUsize>,
}

impl OtherHost {
    /// Starts it.
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

    /// Connections so far.
    pub fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}
