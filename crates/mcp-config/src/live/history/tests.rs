use std::collections::BTreeMap;

use mcp_proxy_core::{Builder, Limits, transport::Kinds};
use mcp_testkit::Script;
use tempfile::TempDir;

use super::*;
use crate::{Composer, FileStore, Overrides, Variables, parse};

fn text(mark: usize) -> String {
    format!(r#"{{"mcpServers": {{"one": {{"type": "lab", "mark": {mark}, "env": {{"A": "s3cret"}}}}}}}}"#)
}

/// A hub with the file of this folder, which keeps its versions there too.
fn live(directory: &TempDir, is_kept: bool) -> (Live, Proxy) {
    let path = directory.path().join("mcp.json");
    if !path.exists() {
        std::fs::write(&path, text(0)).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let file = parse(&path, &text, &|_| None).file.unwrap();
    let kinds = Kinds::default().with("lab", |_| Ok::<_, std::fmt::Error>(Script::new().transport()));
    let composer = Composer::new(Limits::default(), kinds);
    let variables = Variables::new(BTreeMap::new(), BTreeMap::new());
    let mut live = Live::new(path, text, file, Overrides::default(), variables, composer);
    if is_kept {
        live = live.with_store(Arc::new(FileStore::new(directory.path().join("state"))));
    }
    let proxy = live.servers().unwrap().into_iter().fold(Proxy::builder(), Builder::server_with).build().unwrap();
    (live, proxy)
}

async fn change(live: &Live, proxy: &Proxy, mark: usize) {
    live.replace_text(proxy, &text(mark), By::of("anna")).await.unwrap();
}

#[tokio::test]
async fn versions_are_told_newest_first_and_any_of_them_comes_back() {
    let directory = TempDir::new().unwrap();
    let (live, proxy) = live(&directory, false);
    change(&live, &proxy, 1).await;
    change(&live, &proxy, 2).await;
    let told = live.history().await;
    let told: Vec<_> = told.iter().map(|it| (it.version, &*it.who, &*it.what)).collect();
    assert_eq!(told, [(3, "anna", "the whole text"), (2, "anna", "the whole text"), (1, "file", "as it was found")]);

    let first = live.version(1).await.unwrap().unwrap();
    assert_eq!(first.text, text(0).replace("s3cret", "***"));
    assert!(first.diff.contains("\n-") && first.diff.contains("\"mark\": 0") && !first.diff.contains("s3cret"));
    live.restore(&proxy, 1, By::of("bob")).await.unwrap();
    assert_eq!(std::fs::read_to_string(live.path()).unwrap(), text(0));
    assert_eq!(live.history().await[0].what, "version 1 again");
    assert!(matches!(live.restore(&proxy, 9, By::of("bob")).await, Err(ChangeError::NoVersion(9))));
    let stale = live.restore(&proxy, 2, By::of("bob").at(Some("0"))).await;
    assert!(matches!(stale, Err(ChangeError::Stale { .. })));
}

#[tokio::test]
async fn versions_outlive_the_process_and_only_the_last_ones_are_kept() {
    let directory = TempDir::new().unwrap();
    {
        let (live, proxy) = live(&directory, true);
        for mark in 1..=MOST {
            change(&live, &proxy, mark).await;
        }
    }
    let (live, proxy) = live(&directory, true);
    let told = live.history().await;
    assert_eq!((told.len(), told[0].version, told[MOST - 1].version), (MOST, 21, 2));
    change(&live, &proxy, 99).await;
    assert_eq!(live.history().await[0].version, 22);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_reads_them() {
    use std::os::unix::fs::PermissionsExt;

    let directory = TempDir::new().unwrap();
    let (live, proxy) = live(&directory, true);
    change(&live, &proxy, 1).await;
    let path = directory.path().join("state/config-history.json");
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn large_texts_leave_room_for_fewer_versions() {
    let mut versions = Vec::new();
    for n in 0..4 {
        add(&mut versions, &n.to_string().repeat(LARGEST / 2), "a", "b");
    }
    assert_eq!(versions.iter().map(|it| it.version).collect::<Vec<_>>(), [3, 4]);
    add(&mut versions, &"x".repeat(LARGEST + 1), "a", "b");
    assert_eq!(versions.len(), 1);
}
