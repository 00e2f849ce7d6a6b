//! Why a request goes no further.

/// Why a request is refused before anybody looked at what it says.
///
/// What is quoted was read as a host or an origin before, so it is short and has nothing in it but letters, digits and the
/// signs that such names have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The request is for a host that this server is not.
    #[error("this server does not answer to the host `{host}`; if it should, start it with `--allow-host {host}`")]
    Host {
        /// The name, and the port if there was one.
        host: String,
    },
    /// The request does not say, or not clearly, which host it is for.
    #[error("the request must say exactly once which host it is for, as NAME or NAME:PORT")]
    UnclearHost,
    /// A page of another origin sent the request.
    #[error("this server does not answer pages of `{origin}`; if it should, start it with `--allow-origin {origin}`")]
    Origin {
        /// The origin.
        origin: String,
    },
    /// A page sent the request, and it does not say, or not clearly, of which origin it is.
    #[error("the request comes from a page without an origin of its own; open the page from a web server")]
    UnclearOrigin,
    /// A header stands more than once with different values.
    #[error("the header `{name}` stands more than once; send it once")]
    Repeated {
        /// Its name in lower case.
        name: &'static str,
    },
    /// The value of a header is no text of visible ASCII.
    #[error("the header `{name}` has a value that is no visible ASCII text")]
    Malformed {
        /// Its name in lower case.
        name: &'static str,
    },
    /// The body is longer than the limit.
    #[error("the body is longer than the limit of {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body came too slowly.
    #[error("the body came too slowly; send it in one go")]
    Slow,
    /// The body ended before it was complete.
    #[error("the body ended before it was complete")]
    Broken,
}
