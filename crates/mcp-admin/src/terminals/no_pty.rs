//! Systems without pseudo-terminals.

use std::{future::Ready, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::{Exit, Shell, Size, Terminal, TerminalError, TerminalLimits};

/// There is none.
pub(super) fn start(
    _id: &str,
    _shell: &Shell,
    _size: Size,
    _limits: TerminalLimits,
    _stop: CancellationToken,
) -> Result<(Arc<Terminal>, Ready<Exit>), TerminalError> {
    Err(TerminalError::Unsupported)
}
