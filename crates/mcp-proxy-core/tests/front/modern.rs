//! modern
