//! Sessions of the official clients outlive the process that serves them: it is killed between two calls, and no client has to
//! introduce itself again.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::client::Http;
use crate::folder::{Folder, marked, servers};
use crate::marked::Mark;
use crate::peers::installed::Installed;
use crate::proxy::Proxy;
use crate::rmcp;
use crate::status::Watcher;

/// For what a driver says next; a cold interpreter comes first.
const PATIENCE: Duration = Duration::from_secs(30);

/// A shared server, and a place for one session.
struct Scene {
    mark: Mark,
    proxy: Proxy,
}

impl Scene {
    fn new() -> Self {
        let mark = Mark::new();
        let folder = Folder::with(servers(json!({"a": marked(&mark, "echo-server", &[])})));
        Self { mark, proxy: folder.start(&["--log-level", "debug", "--limit", "sessions=1"]) }
    }

    /// Ends the server's process and waits until another one serves.
    async fn kill(&self) {
        let before = self.mark.ids();
        assert_eq!(before.len(), 1);
        let mut watcher = Watcher::open(&Http::new(), &self.proxy).await;
        kill_process(Pid::from_raw(i32::try_from(before[0]).unwrap()).unwrap(), Signal::KILL).unwrap();
        watcher.until("a", |a| a["restartCount"] == 1).await;
    }

    /// Nobody has begun anew: there was no place for a second session, and none has come free.
    fn is_the_same_session(&mut self) {
        let said = self.proxy.said();
        assert!(!said.contains("the session is over"), "{said}");
    }
}

/// A client in a session, in a process of its own.
struct Driver {
    child: Child,
    stdin: ChildStdin,
    stdout: Receiver<String>,
}

impl Driver {
    fn start(installed: &Installed, client: &str, wire: &str, url: &str) -> Self {
        let mut command = installed.driver(client);
        command.args(["--server", "survivor", "--transport", wire, "--url", url]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, stdout) = channel();
        let pipe = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || pipe.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { stdin: child.stdin.take().unwrap(), child, stdout }
    }

    /// Reads on until it waits to be released; whatever it has checked by then was well.
    fn until_ready(&self) {
        loop {
            let line = self.stdout.recv_timeout(PATIENCE).expect("the driver goes on");
            if line == "ready" {
                return;
            }
            assert!(line.starts_with("ok "), "{line}");
        }
    }

    fn release(&mut self) {
        self.stdin.write_all(b"go on\n").unwrap();
    }

    fn ends_well(mut self) {
        while let Ok(line) = self.stdout.recv_timeout(PATIENCE) {
            assert!(line.starts_with("ok "), "{line}");
        }
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // After its end there is nothing left to kill; in a test that failed there is.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn check(client: &str, wire: &str) {
    let Some(installed) = Installed::find() else { return };
    let mut scene = Scene::new();
    let url = scene.proxy.at(if wire == "http" { "/a/mcp" } else { "/a/sse" });
    let mut driver = Driver::start(&installed, client, wire, &url);
    driver.until_ready();
    scene.kill().await;
    driver.release();
    driver.until_ready();
    scene.is_the_same_session();
    driver.release();
    driver.ends_well();
    scene.proxy.says("the session is over");
    scene.proxy.stop();
}

macro_rules! survivors {
    ($($client:ident)*) => {$(
        mod $client {
            #[tokio::test]
            async fn over_streamable_http() {
                super::check(stringify!($client), "http").await;
            }

            #[tokio::test]
            async fn over_http_and_sse() {
                super::check(stringify!($client), "sse").await;
            }
        }
    )*};
}

survivors! { sdk1 client2 py1 py2 }

#[tokio::test]
async fn of_the_rust_client() {
    let mut scene = Scene::new();
    let (client, _inbox) = rmcp::connect(&scene.proxy.at("/a/mcp")).await;
    assert_eq!(rmcp::text(&client, "echo", r#"{"text":"before"}"#).await, "before");
    scene.kill().await;
    assert_eq!(rmcp::text(&client, "echo", r#"{"text":"after"}"#).await, "after");
    scene.is_the_same_session();
    client.cancel().await.unwrap();
    scene.proxy.says("the session is over");
    scene.proxy.stop();
}
