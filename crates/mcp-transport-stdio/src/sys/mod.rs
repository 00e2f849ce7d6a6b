//! What differs between systems: starting, signalling and burying a process with everything it has started.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use self::other::{Exits, Process, enlarge, read_now};
#[cfg(unix)]
pub(crate) use self::unix::{Exits, Process, enlarge, read_now};
