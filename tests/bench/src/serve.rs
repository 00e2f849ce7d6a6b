//! A listener on loopback with a service behind it, on one thread.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Serves what `begin` gives on `port`, 0 for any; the port is said on a line of stdout.
pub(crate) fn serve<S, F>(port: u16, begin: impl AsyncFnOnce() -> Result<S, String>) -> Result<(), String>
where
    S: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let service = begin().await?;
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| error.to_string())?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        println!("{port}");
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(service.clone()));
            tokio::spawn(connection);
        }
    })
}
