//! A host that nobody has any business with: it counts who comes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;

/// The host; ends with the runtime.
#[derive(Debug)]
pub struct Elsewhere {
    /// Where it listens.
    pub address: SocketAddr,
    visits: Arc<AtomicUsize>,
}

impl Elsewhere {
    /// Starts it.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let elsewhere = Self { address: listener.local_addr().unwrap(), visits: Arc::default() };
        let visits = Arc::clone(&elsewhere.visits);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                visits.fetch_add(1, Ordering::SeqCst);
            }
        });
        elsewhere
    }

    /// Connections so far.
    pub fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}
