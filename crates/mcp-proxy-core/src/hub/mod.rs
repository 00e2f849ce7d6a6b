//! The servers of a proxy as one.

mod options;

pub use self::options::HubOptions;
