//! The official clients, each in a whole session with a real server through `mcp-stdio`.
//!
//! The sessions are in `tests/peers`: what they check there holds without a proxy in between, too.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::proxy::Proxy;

pub(crate) mod installed;

use installed::{Installed, Server};

/// A whole session, with a cold interpreter; each behaviour in it has a limit of its own.
const SESSION: Duration = Duration::from_secs(55);

/// Who shares the server process.
#[derive(Clone, Copy, Debug)]
enum Children {
    Shared,
    Dedicated,
}

#[derive(Clone, Copy, Debug)]
enum Wire {
    Http,
    Sse,
}

/// The era that the client asks for first.
#[derive(Clone, Copy, Debug)]
enum Era {
    Legacy,
    Auto,
}

#[track_caller]
fn check(client: &str, server: Server, children: Children, wire: Wire, era: Era) {
    let Some(installed) = Installed::find() else { return };
    let folder = Folder::new(&format!("{client}-{server:?}-{children:?}-{wire:?}-{era:?}"));
    let children = format!("{children:?}").to_lowercase();

    let mut proxy = Proxy::start(&["--session", &children], &installed.server(server, &folder.0));
    let mut driver = installed.driver(client);
    driver.args(["--server", server.behaviours(), "--session", &children]);
    driver.args(["--era", &format!("{era:?}").to_lowercase(), "--root"]).arg(&folder.0);
    match wire {
        Wire::Http => driver.args(["--transport", "http", "--url", &proxy.mcp]),
        Wire::Sse => driver.args(["--transport", "sse", "--url", &proxy.sse]),
    };
    let (passed, output) = run(driver);
    assert!(passed, "{output}\n--- mcp-stdio said:\n{}", proxy.said());
    proxy.stop();
}

/// Runs a driver to its end; whether it passed, and what it printed.
pub(crate) fn run(mut driver: Command) -> (bool, String) {
    let mut child = driver.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (done, output) = channel();
    for mut pipe in [Box::new(stdout) as Box<dyn std::io::Read + Send>, Box::new(stderr)] {
        let done = done.clone();
        thread::spawn(move || {
            let mut text = Vec::new();
            let _ = pipe.read_to_end(&mut text);
            done.send(String::from_utf8_lossy(&text).into_owned())
        });
    }
    let mut texts = Vec::new();
    for _ in 0..2 {
        let Ok(text) = output.recv_timeout(SESSION) else {
            let _ = child.kill();
            texts.push(format!("the session did not end within {SESSION:?}"));
            texts.extend(output.recv());
            break;
        };
        texts.push(text);
    }
    let status = child.wait().unwrap();
    (status.success(), texts.join("\n"))
}

/// A folder of one test's own, which the filesystem server may use; gone when the test passes.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mcp-peers-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        // The server compares real paths.
        Self(Path::canonicalize(&path).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

macro_rules! sessions {
    ($($client:ident { $($name:ident: $server:ident $children:ident $wire:ident $era:ident;)* })*) => {$(
        mod $client {
            use super::*;
            $(
                #[test]
                fn $name() {
                    check(stringify!($client), Server::$server, Children::$children, Wire::$wire, Era::$era);
                }
            )*
        }
    )*};
}

sessions! {
    sdk1 {
        everything_shared_http: Everything Shared Http Legacy;
        everything_shared_sse: Everything Shared Sse Legacy;
        everything_dedicated_http: Everything Dedicated Http Legacy;
        everything_dedicated_sse: Everything Dedicated Sse Legacy;
        filesystem_shared_http: Filesystem Shared Http Legacy;
        filesystem_shared_sse: Filesystem Shared Sse Legacy;
        filesystem_dedicated_http: Filesystem Dedicated Http Legacy;
        time_http: Time Shared Http Legacy;
        time_sse: Time Shared Sse Legacy;
    }
    client2 {
        everything_shared_http: Everything Shared Http Legacy;
        everything_shared_sse: Everything Shared Sse Legacy;
        everything_dedicated_http: Everything Dedicated Http Legacy;
        everything_dedicated_sse: Everything Dedicated Sse Legacy;
        everything_http_when_the_client_tries_modern_first: Everything Shared Http Auto;
        filesystem_shared_http: Filesystem Shared Http Legacy;
        filesystem_shared_sse: Filesystem Shared Sse Legacy;
        filesystem_dedicated_http: Filesystem Dedicated Http Legacy;
        time_http: Time Shared Http Legacy;
        time_sse: Time Shared Sse Legacy;
        modern_time_http: ModernTime Shared Http Auto;
    }
    py1 {
        everything_shared_http: Everything Shared Http Legacy;
        everything_shared_sse: Everything Shared Sse Legacy;
        everything_dedicated_http: Everything Dedicated Http Legacy;
        everything_dedicated_sse: Everything Dedicated Sse Legacy;
        filesystem_shared_http: Filesystem Shared Http Legacy;
        filesystem_shared_sse: Filesystem Shared Sse Legacy;
        filesystem_dedicated_http: Filesystem Dedicated Http Legacy;
        time_http: Time Shared Http Legacy;
        time_sse: Time Shared Sse Legacy;
    }
    py2 {
        everything_shared_http: Everything Shared Http Legacy;
        everything_shared_sse: Everything Shared Sse Legacy;
        everything_dedicated_http: Everything Dedicated Http Legacy;
        everything_dedicated_sse: Everything Dedicated Sse Legacy;
        everything_http_when_the_client_tries_modern_first: Everything Shared Http Auto;
        filesystem_shared_http: Filesystem Shared Http Legacy;
        filesystem_shared_sse: Filesystem Shared Sse Legacy;
        filesystem_dedicated_http: Filesystem Dedicated Http Legacy;
        time_http: Time Shared Http Legacy;
        time_sse: Time Shared Sse Legacy;
        modern_time_http: ModernTime Shared Http Auto;
    }
}
