//! The file as a text that several people edit.

use super::*;
use crate::{Severity, live::document::etag};

fn by(etag: &str) -> By<'_> {
    By::of("anna").at(Some(etag))
}

#[tokio::test]
async fn a_text_is_shown_without_secrets_and_what_comes_back_is_the_same_file() {
    let scene = scene(FILE);
    let document = scene.live.document().await.unwrap();
    assert_eq!(document.text, FILE.replace("s3cret", "***"));
    assert_eq!((document.etag.len(), document.etag == scene.live.etag()), (16, true));
    let edited = document.text.replace("\"mark\": 1", "\"mark\": 2");
    let applied = scene.live.replace_text(&scene.proxy, &edited, by(&document.etag)).await.unwrap();
    assert_eq!((applied.changed, applied.unchanged), (names(&["one"]), names(&["two"])));
    assert_eq!(scene.text(), FILE.replace("\"mark\": 1", "\"mark\": 2"));
    assert_eq!((applied.etag == document.etag, applied.etag), (false, etag(&scene.text())));
}

#[tokio::test]
async fn a_change_for_another_text_is_refused_and_told_what_has_become_of_it() {
    let scene = scene(FILE);
    let seen = scene.live.etag();
    scene.live.set_server(&scene.proxy, "three", r#"{"type":"lab"}"#, by(&seen)).await.unwrap();
    let text = scene.text();
    for _ in 0..2 {
        let refused = scene.live.remove_server(&scene.proxy, "one", by(&seen)).await.unwrap_err();
        let ChangeError::Stale { etag: now, diff } = refused else { panic!("{refused}") };
        assert_eq!(now, etag(&text));
        assert!(diff.contains("\n+        \"three\"") && !diff.contains("s3cret"), "{diff}");
    }
    assert_eq!(scene.text(), text);
    let unknown = scene.live.replace_text(&scene.proxy, FILE, by("0123456789abcdef")).await.unwrap_err();
    let ChangeError::Stale { diff, .. } = unknown else { panic!("{unknown}") };
    assert!(diff.starts_with("@@ -0,0 +1"), "{diff}");
}

#[tokio::test]
async fn what_was_changed_on_disk_is_not_written_over() {
    let scene = scene(FILE);
    let seen = scene.live.etag();
    let on_disk = FILE.replace("\"mark\": 1", "\"mark\": 7");
    fs::write(scene.live.path(), &on_disk).unwrap();
    let refused = scene.live.set_server(&scene.proxy, "three", r#"{"type":"lab"}"#, by(&seen)).await;
    assert!(matches!(refused, Err(ChangeError::Stale { .. })));
    assert_eq!(scene.text(), on_disk);
    scene.live.set_server(&scene.proxy, "three", r#"{"type":"lab"}"#, By::of("anna")).await.unwrap();
    assert!(
        scene.text().contains("\"mark\": 7") && scene.text().contains("three"),
        "who says nothing changes what is there"
    );
}

#[tokio::test]
async fn a_check_tells_places_and_differences_and_changes_nothing() {
    let scene = scene(FILE);
    let document = scene.live.document().await.unwrap();
    let checked = scene.live.check(&document.text).await.unwrap();
    assert_eq!((checked.diagnostics.len(), &*checked.diff), (1, ""), "`ours` is nobody's key");

    let edited = document.text.replace("\"lab\", \"env\"", "\"lab\", \"dialect\": 5, \"env\"").replace("***", "new");
    let checked = scene.live.check(&edited).await.unwrap();
    let error = checked.diagnostics.iter().find(|it| it.severity == Severity::Error).unwrap();
    let line = edited.lines().nth(error.line - 1).unwrap();
    assert_eq!((&*error.path, &line[error.column - 1..error.column]), ("mcpServers.two.dialect", "5"));
    assert!(checked.diff.contains("*** (changed)") && !checked.diff.contains("new"), "{}", checked.diff);

    for (from, to, path) in [("\"TOKEN\"", "\"OTHER\"", "mcpServers.two.env.OTHER"), ("\"lab\"", "\"lob\"", "")] {
        let checked = scene.live.check(&document.text.replace(from, to)).await.unwrap();
        let error = checked.diagnostics.iter().find(|it| it.severity == Severity::Error).unwrap();
        assert_eq!(error.path, path);
    }
    assert_eq!(scene.text(), FILE);
}

#[tokio::test]
async fn a_broken_file_is_shown_and_repaired() {
    let scene = scene(FILE);
    fs::write(scene.live.path(), FILE.replace("\"mark\": 1 }", "\"mark\": 1")).unwrap();
    let document = scene.live.document().await.unwrap();
    assert!(document.text.contains("// what this is for") && !document.text.contains("s3cret"), "{}", document.text);
    let wrong = scene.live.replace_text(&scene.proxy, &document.text, by(&document.etag)).await.unwrap_err();
    assert!(matches!(wrong, ChangeError::Wrong(_)));
    let mended = document.text.replace("\"mark\": 1", "\"mark\": 1 }");
    scene.live.replace_text(&scene.proxy, &mended, by(&document.etag)).await.unwrap();
    assert_eq!(scene.text(), FILE);
}
