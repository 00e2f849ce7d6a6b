//! A proxy inside an axum application, below a path of its choice, beside the application's own routes.

use std::{env, error::Error};

use axum::{Router, routing::get};
use mcp_proxy_core::{Allowed, Proxy, stdio::StdioServer};
use tokio::{net::TcpListener, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut command = env::args_os().skip(1);
    let program = command.next().ok_or("name the server to start, for instance: target/debug/mcp-stdio demo-server")?;
    let server = StdioServer::new(program).args(command);

    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);

    // The proxy sees paths without the part that axum has matched. Clients of HTTP+SSE are told where to post to, so the
    // proxy has to know what stands before its own paths.
    let allowed = Allowed { public_url: Some(format!("{url}/tools")), ..Allowed::default() };
    let proxy = Proxy::builder().server("lab", server).allowed(allowed).build()?;

    let app = Router::new().route("/", get("the application's own page")).nest_service("/tools", proxy.endpoint());
    say(&url);

    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            drop(signal::ctrl_c().await);
            // Ends the streams, which axum would wait for, and the server's process.
            proxy.close().await;
        })
        .await?;
    Ok(())
}

#[expect(clippy::print_stderr, reason = "an example talks to whoever runs it")]
fn say(url: &str) {
    eprintln!("an application at {url}/, with MCP at {url}/tools/mcp and {url}/tools/sse; try:");
    eprintln!(r#"  curl {url}/tools/mcp --json '{{"jsonrpc":"2.0","id":1,"method":"tools/list"}}'"#);
}
