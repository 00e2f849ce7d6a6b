//! A proxy inside a program: starts the MCP server that the command line names and serves it until Ctrl-C.

use std::{env, error::Error};

use mcp_proxy_core::{Proxy, stdio::StdioServer};
use tokio::{net::TcpListener, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut command = env::args_os().skip(1);
    let program = command.next().ok_or("name the server to start, for instance: target/debug/mcp-stdio demo-server")?;

    // Building does no I/O. One process will serve all clients; it is started when it is first needed.
    let server = StdioServer::new(program).args(command);
    let proxy = Proxy::builder().name("embed").server("lab", server).build()?;

    // Optional: a server that cannot be had is known now, and not with the first request.
    proxy.start().await?;

    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    say(&format!("http://{}", listener.local_addr()?));

    // Ends in good order: calls in flight may finish, streams end, the server's process is gone.
    proxy.run(listener, async { drop(signal::ctrl_c().await) }).await;
    Ok(())
}

#[expect(clippy::print_stderr, reason = "an example talks to whoever runs it")]
fn say(url: &str) {
    eprintln!("streamable HTTP at {url}/mcp, HTTP+SSE at {url}/sse; try:");
    eprintln!(r#"  curl {url}/mcp --json '{{"jsonrpc":"2.0","id":1,"method":"tools/list"}}'"#);
}
