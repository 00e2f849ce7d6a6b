//! dedicated
