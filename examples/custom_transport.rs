//! Two servers reached in ways of one's own, behind one proxy: one over a Unix socket, one inside this process.

use std::{env, error::Error, fs, path::PathBuf, process, sync::Arc};

use async_trait::async_trait;
use futures::StreamExt;
use mcp_proxy_core::{
    Proxy,
    jsonrpc::{Id, Message},
    protocol::{code, method},
    transport::{Caller, ConnectError, Connection, Duplex, DuplexLimits, Memory, MemoryEnd, NoLifeline, Transport},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, UnixListener, UnixStream},
    signal,
};

/// An MCP server that listens on a Unix socket.
#[derive(Debug)]
struct UnixSocket {
    path: PathBuf,
}

#[async_trait]
impl Transport for UnixSocket {
    async fn connect(&self, _: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        let failed = |error| ConnectError::Other(Box::new(error));
        let (read, write) = UnixStream::connect(&self.path).await.map_err(failed)?.into_split();
        Ok(Duplex::over_io(read, write, Arc::new(NoLifeline), DuplexLimits::default()))
    }
}

/// The server inside this process: gets messages, sends messages.
async fn in_process(mut client: MemoryEnd) {
    while let Some(message) = client.next().await {
        if let Some(answer) = answer("memory", &message) {
            client.send(answer).await;
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = env::temp_dir().join(format!("custom-transport-{}.sock", process::id()));
    tokio::spawn(behind_a_socket(UnixListener::bind(&path)?));

    let socket = UnixSocket { path: path.clone() };
    let proxy = Proxy::builder().server("socket", socket).server("memory", Memory::new(in_process)).build()?;

    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    say(&format!("http://{}", listener.local_addr()?));
    proxy.run(listener, async { drop(signal::ctrl_c().await) }).await;
    fs::remove_file(path)?;
    Ok(())
}

/// The server behind the socket. It would be another program; it is here so that there is something to reach.
async fn behind_a_socket(listener: UnixListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let Ok(message) = Message::parse(line.into()) else { continue };
                let Some(answer) = answer("socket", &message) else { continue };
                let line = [&answer.to_bytes()[..], b"\n"].concat();
                if write.write_all(&line).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// The smallest MCP server: one tool, which says where it is.
fn answer(place: &str, message: &Message) -> Option<Message> {
    let id: Id = message.id()?;
    let result = match message.method()? {
        method::INITIALIZE => format!(
            r#"{{"protocolVersion":"2025-11-25","capabilities":{{"tools":{{}}}},"serverInfo":{{"name":"{place}","version":"1"}}}}"#
        ),
        method::TOOLS_LIST => r#"{"tools":[{"name":"where","inputSchema":{"type":"object"}}]}"#.to_owned(),
        method::TOOLS_CALL => format!(r#"{{"content":[{{"type":"text","text":"{place}"}}]}}"#),
        _ => return Some(Message::error_response(Some(&id), code::METHOD_NOT_FOUND, "not here", None)),
    };
    Some(Message::response(&id, &result))
}

#[expect(clippy::print_stderr, reason = "an example talks to whoever runs it")]
fn say(url: &str) {
    eprintln!("two servers, at {url}/socket/mcp and {url}/memory/mcp; try:");
    eprintln!(
        r#"  curl {url}/socket/mcp --json '{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"where"}}}}'"#
    );
}
