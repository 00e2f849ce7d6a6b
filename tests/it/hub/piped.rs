//! The hub as a stdio server, line by line.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::{NONE, bad, launch, with};
use crate::client::{Json, error, text};
use crate::folder::{Folder, entry, marked, servers};
use crate::marked::Mark;
use crate::proxy;

/// For a line that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// `mcp-hub stdio`, and every line of its stdout.
struct Piped {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<String>,
}

impl Piped {
    fn start(folder: &Folder) -> Self {
        let mut command = Command::new(proxy::hub());
        command.args(["stdio", "--state", "off", "--log-level", "debug", "--config"]).arg(folder.config());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (sender, stdout) = channel();
        let pipe = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || pipe.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut piped = Self { stdin: child.stdin.take(), child, stdout };
        let hello =
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}});
        let hello = piped.ask(0, "initialize", &hello);
        assert!(hello["result"]["serverInfo"]["name"].is_string(), "{hello}");
        piped.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        piped
    }

    fn send(&mut self, message: &Json) {
        writeln!(self.stdin.as_mut().unwrap(), "{message}").unwrap();
    }

    /// The next line, which is a message.
    fn next(&self) -> Json {
        let line = self.stdout.recv_timeout(PATIENCE).expect("a line comes");
        let message: Json = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        message
    }

    fn ask(&mut self, id: u64, method: &str, params: &Json) -> Json {
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let message = self.next();
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
        }
    }

    fn call(&mut self, id: u64, tool: &str) -> Json {
        self.ask(id, "tools/call", &json!({"name": tool, "arguments": {"text": "hi"}}))
    }

    /// Hangs up, and reads what is still said.
    fn ends_well(mut self) {
        drop(self.stdin.take());
        while let Ok(line) = self.stdout.recv_timeout(PATIENCE) {
            assert!(serde_json::from_str::<Json>(&line).is_ok(), "{line}");
        }
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        // After its end there is nothing left to kill; in a test that failed there is.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn nothing_but_messages_is_written_whatever_the_servers_do() {
    let list = json!({
        "echo": entry("echo-server", &[]),
        "loud": entry("rude-server", &["garbage", "invalid-utf8", "flood-stderr=100000"]),
        "dying": entry("rude-server", &["half-line"]),
        "crashing": {"command": "sh", "args": ["-c", "echo 'not JSON'; echo 'words' >&2; exit 3"]},
    });
    let config = json!({"deadline": "1s", "mcpServers": with(list, &bad())});
    let folder = Folder::with(config.to_string());
    let mut piped = Piped::start(&folder);
    let listed = piped.ask(1, "tools/list", &json!({}));
    assert!(listed["result"]["tools"].as_array().unwrap().len() >= 5, "{listed}");
    for id in 2..5 {
        assert_eq!(text(&piped.call(id, "echo__echo")), "hi");
        assert_eq!(text(&piped.call(id, "loud__echo")), "hi");
    }
    let dead = piped.call(5, "dying__echo");
    assert!(!error(&dead).is_empty());
    // What is no message is answered in messages, too.
    writeln!(piped.stdin.as_mut().unwrap(), "no JSON at all").unwrap();
    assert_eq!(piped.next()["error"]["code"], -32700);
    // A change of the configuration is told to the client and to nobody else.
    fs::write(folder.config(), json!({"mcpServers": {"echo": entry("echo-server", &[])}}).to_string()).unwrap();
    while piped.next()["method"] != "notifications/tools/list_changed" {}
    assert_eq!(text(&piped.call(6, "echo__echo")), "hi");
    piped.ends_well();
}

#[test]
fn a_client_that_hangs_up_leaves_no_child() {
    let mark = Mark::new();
    let folder = Folder::with(servers(json!({"a": marked(&mark, "echo-server", &[])})));
    let mut piped = Piped::start(&folder);
    assert_eq!(text(&piped.call(1, "a__echo")), "hi");
    assert_eq!(mark.living(), 1);
    piped.ends_well();
    assert_eq!(mark.living(), 0);
}

#[tokio::test]
async fn a_killed_hub_leaves_no_child() {
    let mark = Mark::new();
    let list = json!({
        "a": marked(&mark, "echo-server", &[]),
        "b": marked(&mark, "rude-server", &["grandchild", "stubborn"]),
    });
    let folder = Folder::with(servers(list));
    let mut piped = Piped::start(&folder);
    assert_eq!(text(&piped.call(1, "a__echo")), "hi");
    assert_eq!(text(&piped.call(2, "b__echo")), "hi");
    kill_process(Pid::from_child(&piped.child), Signal::KILL).unwrap();
    mark.until(0).await;

    let proxy = launch(&folder, &NONE).start();
    let session = super::session(&proxy).await;
    assert_eq!(text(&session.call(1, "b__echo", json!({"text": "hi"})).await), "hi");
    proxy.signal(Signal::KILL);
    mark.until(0).await;
}
