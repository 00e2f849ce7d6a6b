//! How a server is reached.

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;

use crate::{Caller, ConnectError, Connection};

/// A way to reach one MCP server: configuration only, it holds no socket and no child.
///
/// What must happen on *every* connect (a handshake, finding the era) is a `Transport` that holds a `Transport`.
#[async_trait]
pub trait Transport: Debug + Send + Sync + 'static {
    /// Opens a conversation on behalf of `caller` ([`Caller::proxy`] for a shared one).
    ///
    /// # Errors
    ///
    /// Says why the server could not be had and, where that is known, the last lines it wrote to its error output.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up; whatever it had started is stopped in the background.
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError>;
}
