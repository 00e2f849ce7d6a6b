//! Decisions on the way of a call, each a connection that holds a connection.

mod breaker;
mod circuit;
mod limit;
mod measure;
mod meter;
mod mirror;
mod recent;
mod tap;
mod timeout;

pub use breaker::Health;
pub(crate) use breaker::{Breaker, Guarded};
pub use circuit::BreakerOptions;
pub(crate) use limit::{Limit, Places};
pub(crate) use measure::Measure;
pub(crate) use meter::{Meter, Outcome};
pub(crate) use mirror::Mirror;
pub(crate) use tap::Tap;
pub(crate) use timeout::Timeout;
