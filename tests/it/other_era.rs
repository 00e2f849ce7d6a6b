//! Servers of one era alone.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::client::{Http, Session};
use crate::folder::{Folder, servers};
use crate::proxy::{Launch, built};

/// It is asked whether it speaks the older era as well, for then it could be spoken to in every client's own.
#[tokio::test]
async fn a_server_that_refuses_the_older_era_has_not_failed() {
    let record = Folder::new();
    let mut server = Command::new(built("grid"));
    server.args(["server", "2026-07-28", "HTTP"]).arg(record.path().join("record"));
    let mut server = server.stdout(Stdio::piped()).spawn().unwrap();
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();

    let url = format!("http://127.0.0.1:{}/mcp", port.trim());
    let folder = Folder::with(servers(json!({"new": {"url": url}})));
    let mut proxy = Launch::any_port(&["--config"]).args(&[folder.config()]).start();
    let session = Session::open(&Http::new(), &proxy.at("/mcp"), json!({})).await;
    let listed = session.request(1, "tools/list", json!({})).await.response().await;
    assert_eq!(listed["result"]["tools"][0]["name"], "echo", "{listed}");

    proxy.signal(Signal::INT);
    proxy.ended(Duration::from_secs(15));
    let said = proxy.said();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(!said.contains("WARN") && !said.contains("ERROR"), "{said}");
}
