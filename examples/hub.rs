//! Two servers as one: a hub inside a program, with a rule for what its clients see.

use std::{env, error::Error};

use mcp_proxy_core::{
    HubOptions, Proxy,
    aggregator::{ItemRule, Rules},
    stdio::StdioServer,
};
use tokio::{net::TcpListener, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut command = env::args_os().skip(1);
    let program =
        command.next().ok_or("name the server to start twice, for instance: target/debug/mcp-stdio demo-server")?;
    let server = StdioServer::new(program).args(command);

    // Clients see `add` of the second server under a name of ours, and the first one's as `one__add`.
    let add = ItemRule { name: Some("sum".into()), ..ItemRule::default() };
    let rules = Rules { tools: [("add".into(), add)].into(), ..Rules::default() };
    let options = HubOptions { rules: [("two".into(), rules)].into(), ..HubOptions::default() };

    let proxy = Proxy::builder()
        .name("hub-example")
        .server("one", server.clone())
        .server("two", server)
        .hub(options)
        .build()?;
    proxy.start().await?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    say(&format!("http://{}", listener.local_addr()?));
    proxy.run(listener, async { drop(signal::ctrl_c().await) }).await;
    Ok(())
}

#[expect(clippy::print_stderr, reason = "an example talks to whoever runs it")]
fn say(url: &str) {
    eprintln!("both servers as one at {url}/mcp, each alone at {url}/servers/NAME/mcp; try:");
    eprintln!(r#"  curl {url}/mcp --json '{{"jsonrpc":"2.0","id":1,"method":"tools/list"}}'"#);
}
