//! Decisions on the way of a call, each a connection that holds a connection.

mod limit;
mod timeout;

pub(crate) use limit::{Limit, Places};
pub(crate) use timeout::Timeout;
