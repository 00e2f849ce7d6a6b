//! A call is carried out once, whatever its answer says and however it ends.

use std::fs;

use serde_json::json;

use super::{hub, session};
use crate::client::{Json, Session, error, text};
use crate::folder::Folder;

/// A server in a few lines of shell that writes down each call it reads. `die` ends it without an answer, `once` does so the
/// first time; the tools with `safe` in their names say that they only read.
const SERVER: &str = r#"
while IFS= read -r line; do
  id=${line#*'"id":'}; id=${id%%[,\}]*}
  case $line in
    *'"method":"initialize"'*) result='{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"counting","version":"1"}}' ;;
    *'"method":"tools/list"'*) result='{"tools":[{"name":"fail","inputSchema":{"type":"object"}},{"name":"die","inputSchema":{"type":"object"}},{"name":"safe_once","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}]}' ;;
    *'"method":"tools/call"'*)
      name=${line#*'"name":"'}; name=${name%%'"'*}
      echo "$name" >> "$CALLS"
      case $name in
        die) exit 3 ;;
        safe_once) [ "$(grep -c safe_once "$CALLS")" -gt 1 ] || exit 3 ;;
      esac
      case $name in
        fail) result='{"content":[{"type":"text","text":"timeout: 404 not found, connection closed"}],"isError":true}' ;;
        *) result='{"content":[{"type":"text","text":"done"}]}' ;;
      esac ;;
    *'"id":'*) result='{}' ;;
    *) continue ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
done
"#;

/// A hub of the counting server, and its book.
struct Scene {
    folder: Folder,
    proxy: crate::proxy::Proxy,
    session: Session,
}

impl Scene {
    async fn new() -> Self {
        let book = Folder::new();
        let env = json!({"CALLS": book.path().join("calls").to_str().unwrap()});
        // In a file, because `${` means something in the configuration.
        let script = book.write("server.sh", SERVER);
        let (_folder, proxy) = hub(&json!({"c": {"command": "sh", "args": [script], "env": env}}));
        let session = session(&proxy).await;
        Self { folder: book, proxy, session }
    }

    /// How often the server was called so far.
    fn count(&self) -> usize {
        fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default().lines().count()
    }

    async fn call(&self, name: &str) -> Json {
        self.session.call(1, &format!("c__{name}"), json!({})).await
    }
}

#[tokio::test]
async fn a_failure_that_speaks_of_timeouts_is_an_answer() {
    let scene = Scene::new().await;
    let answer = scene.call("fail").await;
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    assert_eq!((text(&answer), scene.count()), ("timeout: 404 not found, connection closed", 1));
    scene.proxy.stop();
}

#[tokio::test]
async fn a_call_that_its_server_did_not_survive_is_not_sent_again() {
    let scene = Scene::new().await;
    let answer = scene.call("die").await;
    assert!(!error(&answer).is_empty());
    assert_eq!(scene.count(), 1);
    // It is up again for the next one, and nothing comes late.
    assert_eq!(text(&scene.call("safe_once").await), "done");
    let calls = fs::read_to_string(scene.folder.path().join("calls")).unwrap();
    assert_eq!(calls.lines().collect::<Vec<_>>(), ["die", "safe_once", "safe_once"]);
    scene.proxy.stop();
}

#[tokio::test]
async fn a_call_that_only_reads_is_sent_again() {
    let scene = Scene::new().await;
    assert_eq!(text(&scene.call("safe_once").await), "done");
    assert_eq!(scene.count(), 2);
    scene.proxy.stop();
}
