//! Times, sizes and addresses, as people write them.

mod address;
mod idle;
mod size;
mod time;

pub use address::{AddressError, parse_address};
pub use idle::IdleTimeout;
pub(crate) use size::{SIZE_PATTERN, write_size};
pub use size::{SizeError, parse_size};
pub(crate) use time::{TIME_PATTERN, write_time};
pub use time::{TimeError, parse_time};
