//! The client side: transports that reach a server over HTTP.

mod answer;
mod aside;
mod background;
mod body;
mod connector;
mod detect;
mod event_stream;
mod exchange;
mod http_client;
mod http_error;
mod link;
mod listen;
mod poster;
mod proxy;
mod remote;
mod reply;
mod server_url;
mod sse_pair;
mod streamable;
#[cfg(feature = "tls")]
mod tls;

pub use detect::Detect;
pub use http_client::{HttpClient, HttpSettings};
pub use http_error::HttpError;
pub use proxy::ProxySettings;
pub use remote::{HttpLimits, Remote};
pub use server_url::{ServerUrl, UrlError};
pub use sse_pair::Sse;
pub use streamable::StreamableHttp;
