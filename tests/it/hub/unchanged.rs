//! What servers offer, field by field: nothing is lost on the way through the hub, and nothing added but names.

use serde_json::json;

use super::{NONE, ask, launch, names, real};
use crate::client::{Http, Json, Session, error};
use crate::folder::Folder;
use crate::peers::installed::{Installed, Server};
use crate::proxy::{Launch, Proxy};

const LISTS: [(&str, &str); 4] = [
    ("tools/list", "tools"),
    ("prompts/list", "prompts"),
    ("resources/list", "resources"),
    ("resources/templates/list", "resourceTemplates"),
];

/// Every server's own lists, as clients without a hub get them.
async fn direct(folder: &Folder, names: &[&str]) -> (Proxy, Vec<Vec<Json>>) {
    let proxy = Launch::any_port(&["--config".as_ref(), folder.config().as_os_str()]).start();
    let mut all = vec![Vec::new(); LISTS.len()];
    for name in names {
        let session = Session::open(&Http::new(), &proxy.at(&format!("/{name}/mcp")), json!({})).await;
        for ((method, list), all) in LISTS.iter().zip(&mut all) {
            // A server without such items knows no such list.
            let mut response = session.request(1, method, json!({})).await.response().await;
            let items = response["result"][list].take();
            for mut item in items.as_array().cloned().unwrap_or_default() {
                if ["tools", "prompts"].contains(list) {
                    item["name"] = format!("{name}__{}", item["name"].as_str().unwrap()).into();
                }
                all.push(item);
            }
        }
    }
    (proxy, all)
}

#[tokio::test]
async fn lists_are_what_the_servers_say_but_for_the_names() {
    let Some(installed) = Installed::find() else { return };
    let folder = Folder::new();
    let all = ["every", "files", "time"];
    let kinds = [Server::Everything, Server::Filesystem, Server::Time];
    let list: Vec<_> = all.iter().zip(kinds).map(|(name, kind)| (*name, real(&installed, kind, &folder))).collect();
    let mut config = json!({});
    for (name, entry) in list {
        config[name] = entry;
    }
    folder.write(crate::folder::USUAL, json!({"deadline": "20s", "mcpServers": config}).to_string());
    let proxy = launch(&folder, &NONE).start();
    let (alone, direct) = direct(&folder, &all).await;
    let session = super::session(&proxy).await;
    for ((method, list), direct) in LISTS.iter().zip(direct) {
        let result = ask(&session, method).await;
        assert_eq!(result[list], Json::from(direct), "{method}");
        assert_eq!(result.as_object().unwrap().keys().collect::<Vec<_>>(), [list], "{method}");
    }
    // So that what was compared is there at all.
    let tools = ask(&session, "tools/list").await["tools"].take();
    let fields = |name: &str| tools.as_array().unwrap().iter().any(|tool| tool.get(name).is_some());
    for field in ["title", "annotations", "outputSchema", "inputSchema", "description"] {
        assert!(fields(field), "no tool has `{field}`");
    }
    let prompts = ask(&session, "prompts/list").await["prompts"].take();
    assert!(prompts.as_array().unwrap().iter().any(|prompt| prompt["arguments"].is_array()), "{prompts}");
    let resources = ask(&session, "resources/list").await["resources"].take();
    assert!(resources.as_array().unwrap().iter().all(|resource| resource["mimeType"].is_string()), "{resources}");

    // A URI that only a template tells of.
    let uri = "demo://resource/dynamic/text/7";
    let read = session.request(1, "resources/read", json!({"uri": uri})).await.response().await;
    assert_eq!(read["result"]["contents"][0]["uri"], uri, "{read}");
    let none = session.request(1, "resources/read", json!({"uri": "nowhere://at/all"})).await.response().await;
    assert!(error(&none).contains("nowhere://at/all"), "{none}");

    // One server alone has its own names.
    let alone_in_the_hub = Session::open(&Http::new(), &proxy.at("/servers/time/mcp"), json!({})).await;
    let own = names(&ask(&alone_in_the_hub, "tools/list").await["tools"]);
    assert_eq!(own, ["get_current_time", "convert_time"]);
    alone.stop();
    proxy.stop();
}

#[tokio::test]
async fn every_page_of_every_server_is_there() {
    let list = json!({"a": super::echo(), "b": super::echo()});
    let folder = Folder::with(json!({"pageSize": 3, "mcpServers": list}).to_string());
    let proxy = launch(&folder, &NONE).start();
    let session = super::session(&proxy).await;
    let (mut cursor, mut seen, mut pages) = (Json::Null, Vec::new(), 0);
    loop {
        let params = if cursor.is_null() { json!({}) } else { json!({"cursor": cursor}) };
        let mut page = session.request(1, "tools/list", params).await.response().await;
        seen.extend(names(&page["result"]["tools"]));
        pages += 1;
        cursor = page["result"]["nextCursor"].take();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!((seen.len(), pages), (10, 4), "{seen:?}");
    let templates = ask(&session, "resources/templates/list").await;
    assert_eq!(templates, json!({"resourceTemplates": []}));
    let wrong = session.request(1, "tools/list", json!({"cursor": "none of ours"})).await.response().await;
    assert_eq!(wrong["error"]["code"], -32602, "{wrong}");
    proxy.stop();
}

#[tokio::test]
async fn what_a_clients_own_instance_offers_is_listed_once_it_says_so() {
    let Some(installed) = Installed::find() else { return };
    let folder = Folder::new();
    let entry = crate::folder::and(real(&installed, Server::Everything, &folder), "session", "dedicated");
    folder.write(crate::folder::USUAL, json!({"deadline": "20s", "mcpServers": {"own": entry}}).to_string());
    let proxy = launch(&folder, &NONE).start();
    let able = json!({"sampling": {}, "elicitation": {}});
    let able = Session::open(&Http::new(), &proxy.mcp, able).await;
    let plain = super::session(&proxy).await;
    let mut stream = able.listen().await;
    let asks = "own__trigger-sampling-request".to_owned();
    for session in [&able, &plain] {
        let said = session.call(1, "own__echo", json!({"message": "hi"})).await;
        assert_eq!(crate::client::text(&said), "Echo: hi");
    }
    while stream.next().await.unwrap()["method"] != "notifications/tools/list_changed" {}
    assert!(super::tools(&able).await.contains(&asks));
    assert!(!super::tools(&plain).await.contains(&asks));
    proxy.stop();
}
