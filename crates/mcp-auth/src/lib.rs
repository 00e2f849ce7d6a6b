//! Decides who is calling and what they may reach, and holds the credentials we use towards servers.
//!
//! ```
//! use http::HeaderMap;
//! use mcp_auth::{Denied, Gate, Keys};
//! use mcp_transport::{Principal, Secret};
//!
//! let gate = Gate::new(Keys::new([("alice".into(), Secret::new("correct-horse-battery"))])?);
//!
//! let mut headers = HeaderMap::new();
//! assert_eq!(gate.admit(&headers, None), Err(Denied::Missing));
//! assert_eq!(gate.admit(&headers, Some("auth_key=guess")), Err(Denied::Wrong));
//!
//! headers.insert("authorization", "Bearer correct-horse-battery".parse()?);
//! assert_eq!(gate.admit(&headers, None), Ok(Principal::Named("alice".into())));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is not here: the status that a refusal becomes, where keys and rules are read from, and TLS.

mod gate;
mod keys;
mod presented;
mod query;
mod request_env;

pub use gate::{Denied, Gate};
pub use keys::{Keys, KeysError};
pub use presented::{Presented, Repeated};
pub use request_env::{RefusedVariable, RequestEnv, RuleError, Source};
