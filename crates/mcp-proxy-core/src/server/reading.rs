//! What is read of a server when somebody collects numbers.

use std::sync::Arc;

use mcp_supervisor::State;

use super::{Server, ServerStatus};
use crate::layers::Meter;

/// What is read of a server when somebody collects numbers.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) status: ServerStatus,
    /// Calls that wait for a place.
    pub(crate) waiting: usize,
    /// Connections to the server that are open, of which each is a process where it has processes.
    pub(crate) connections: usize,
    pub(crate) meter: Arc<Meter>,
}

impl Server {
    /// What there is to read of it now.
    pub(crate) fn read(&self) -> Reading {
        let status = self.status();
        let shared = self.lanes().filter(|lane| lane.status().state == State::Running).count();
        let spare: usize = self.lanes().map(|lane| lane.share().spare_instances()).sum();
        Reading {
            waiting: self.setting.places.waiting(),
            connections: shared + spare + status.instances,
            meter: Arc::clone(&self.setting.meter),
            status,
        }
    }
}
