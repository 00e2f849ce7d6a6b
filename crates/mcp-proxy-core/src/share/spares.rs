//! The spare instances of a shared server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcp_supervisor::Leases;
use mcp_transport::{Caller, Transport};

/// Spare instances that can be ended without being the last: whoever stops a server by hand means them too.
#[derive(Debug)]
pub(crate) struct Spares {
    transport: Arc<dyn Transport>,
    caller: Arc<Caller>,
    count: usize,
    leases: Mutex<Arc<Leases>>,
}

impl Spares {
    /// Up to `count` instances of what `transport` reaches on behalf of `caller`. Does nothing yet.
    pub(crate) fn new(transport: &Arc<dyn Transport>, caller: &Arc<Caller>, count: usize) -> Self {
        let leases = Mutex::new(Leases::new(Arc::clone(transport), Arc::clone(caller), count));
        Self { transport: Arc::clone(transport), caller: Arc::clone(caller), count, leases }
    }

    /// Those that there are, and may be.
    pub(super) fn leases(&self) -> Arc<Leases> {
        Arc::clone(&self.current())
    }

    /// Ends those that there are, lent or not; there may be others afterwards.
    pub(super) async fn end(&self) {
        let next = Leases::new(Arc::clone(&self.transport), Arc::clone(&self.caller), self.count);
        let old = std::mem::replace(&mut *self.current(), next);
        old.close().await;
    }

    /// Ends those that there are; there are no others.
    pub(super) async fn close(&self) {
        self.leases().close().await;
    }

    fn current(&self) -> MutexGuard<'_, Arc<Leases>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
