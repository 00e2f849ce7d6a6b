//! The official clients, each in whole sessions with one of many servers, some of which are not well.

use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use super::{NONE, bad, echo, launch, real, session, tools, with};
use crate::folder::{Folder, USUAL};
use crate::peers::installed::{Installed, Server};
use crate::peers::run;
use crate::proxy::{self, Proxy};
use crate::rmcp;

/// A whole session with what the server `name` offers.
fn driver(installed: &Installed, client: &str, behaviours: &str, name: &str) -> Command {
    let mut driver = installed.driver(client);
    driver.args(["--server", behaviours, "--prefix", &format!("{name}__"), "--session", "shared"]);
    driver
}

/// Waits until the hub has tools of each of these servers: how long a cold interpreter takes is the machine's business.
async fn until_listed(proxy: &Proxy, servers: &[&str]) {
    let session = session(proxy).await;
    let mut stream = session.listen().await;
    loop {
        let tools = tools(&session).await;
        let has = |name: &&str| tools.iter().any(|tool| tool.starts_with(&format!("{name}__")));
        if servers.iter().all(has) {
            break;
        }
        while stream.next().await.expect("the stream goes on")["method"] != "notifications/tools/list_changed" {}
    }
    assert!(session.end().await.is_success());
}

/// Over both transports of HTTP, and each time over the other one with another server meanwhile. Beside them are servers that
/// are not well.
async fn check(client: &'static str) {
    let Some(installed) = Installed::find() else { return };
    let folder = Folder::new();
    let list = json!({"every": real(&installed, Server::Everything, &folder), "echo": echo()});
    folder.write(USUAL, json!({"deadline": "300ms", "mcpServers": with(list, &bad())}).to_string());
    let mut proxy = launch(&folder, &NONE).start();
    until_listed(&proxy, &["every", "echo"]).await;
    for [whole, short] in [["http", "sse"], ["sse", "http"]] {
        let sessions = [("everything", "every", whole), ("echo", "echo", short)];
        let drivers = sessions.map(|(behaviours, name, wire)| {
            let mut driver = driver(&installed, client, behaviours, name);
            driver.args(["--transport", wire, "--url", if wire == "http" { &proxy.mcp } else { &proxy.sse }]);
            thread::spawn(|| run(driver))
        });
        for (driver, session) in drivers.into_iter().zip(sessions) {
            let (passed, output) = driver.join().unwrap();
            assert!(passed, "{session:?}: {output}\n--- mcp-hub said:\n{}", proxy.said());
        }
    }
    proxy.stop();
}

/// With the hub as a stdio server.
fn check_stdio(client: &str) {
    let Some(installed) = Installed::find() else { return };
    let folder = Folder::new();
    let list = json!({"every": real(&installed, Server::Everything, &folder), "echo": echo()});
    folder.write(USUAL, json!({"deadline": "20s", "mcpServers": list}).to_string());
    let mut driver = driver(&installed, client, "everything", "every");
    driver.args(["--transport", "stdio", "--"]).arg(proxy::hub());
    driver.args(["stdio", "--state", "off", "--config"]).arg(folder.config());
    let (passed, output) = run(driver);
    assert!(passed, "{output}");
}

macro_rules! clients {
    ($($client:ident)*) => {$(
        mod $client {
            #[tokio::test]
            async fn over_both_transports_of_http_at_once() {
                super::check(stringify!($client)).await;
            }

            #[test]
            fn over_stdio() {
                super::check_stdio(stringify!($client));
            }
        }
    )*};
}

clients! { sdk1 client2 py1 py2 }

#[test]
fn a_client_of_stdio_is_joined_to_a_server_behind_a_url() {
    let Some(installed) = Installed::find() else { return };
    let folder = Folder::new();
    let far = Proxy::start(&NONE, &installed.server(Server::Everything, folder.path()));
    let mut driver = installed.driver("sdk1");
    driver.args(["--server", "everything", "--session", "shared", "--transport", "stdio", "--"]);
    driver.arg(proxy::hub()).args(["stdio", "--url", &far.mcp]);
    let (passed, output) = run(driver);
    assert!(passed, "{output}");
    far.stop();
}

#[tokio::test]
async fn all_clients_at_once_with_different_servers() {
    let Some(installed) = Installed::find() else { return };
    let folder = Folder::new();
    let list = json!({
        "every": real(&installed, Server::Everything, &folder),
        "echo": echo(),
        "files": real(&installed, Server::Filesystem, &folder),
        "time": real(&installed, Server::Time, &folder),
        "modern": real(&installed, Server::ModernTime, &folder),
    });
    folder.write(USUAL, json!({"deadline": "300ms", "mcpServers": list}).to_string());
    let mut proxy = launch(&folder, &NONE).start();
    until_listed(&proxy, &["every", "echo", "files", "time", "modern"]).await;
    let sessions = [
        ("client2", "everything", "every"),
        ("py1", "echo", "echo"),
        ("sdk1", "filesystem", "files"),
        ("py2", "filesystem", "files"),
        ("sdk1", "time", "time"),
        ("py2", "time", "modern"),
    ];
    let root = folder.path().canonicalize().unwrap();
    let drivers = sessions.map(|(client, behaviours, name)| {
        let mut driver = driver(&installed, client, behaviours, name);
        driver.args(["--transport", "http", "--url", &proxy.mcp, "--root"]).arg(&root);
        thread::spawn(|| run(driver))
    });
    for (driver, session) in drivers.into_iter().zip(sessions) {
        let (passed, output) = driver.join().unwrap();
        assert!(passed, "{session:?}: {output}\n--- mcp-hub said:\n{}", proxy.said());
    }
    proxy.stop();
}

#[tokio::test]
async fn the_rust_client() {
    let Some(installed) = Installed::find() else { return };
    let folder = Folder::new();
    let list = json!({"echo": echo(), "every": real(&installed, Server::Everything, &folder)});
    folder.write(USUAL, json!({"deadline": "20s", "mcpServers": list}).to_string());
    let proxy = launch(&folder, &NONE).start();
    let session = async {
        let (client, _inbox) = rmcp::connect(&proxy.mcp).await;
        let tools = client.list_all_tools().await.unwrap();
        assert!(tools.iter().any(|tool| tool.name == "every__get-sum"));
        assert_eq!(rmcp::text(&client, "echo__echo", r#"{"text":"hi"}"#).await, "hi");
        assert_eq!(rmcp::text(&client, "every__get-sum", r#"{"a":2,"b":40}"#).await, "The sum of 2 and 40 is 42.");
        client.cancel().await.unwrap();
    };
    timeout(Duration::from_secs(50), session).await.expect("the session ends in time");
    proxy.stop();
}
