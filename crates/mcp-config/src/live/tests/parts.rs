//! Changes of rules, groups, keys and names.

use super::{
    hub::{TOOLS, hub, options},
    *,
};
use crate::{ItemKind, KeySource, Stored};

const HUB: &str = r#"{
    "groups": { "dev": { "servers": ["one"] } }, // ours
    "keys": { "alice": "s3cret-s3cret-s3cret", "bob": { "key": "${BOB:-x}", "ours": 1 } },
    "mcpServers": { "one": { "type": "lab", "tools": { "a": { "title": "A" } } }, "two": { "type": "lab" } },
}"#;

fn me() -> By<'static> {
    By::of("anna")
}

#[tokio::test]
async fn a_rule_counts_at_once_and_restarts_nothing() {
    let scene = hub(HUB, None);
    let item = ("one", ItemKind::Tool, "echo");
    let rule = r#"{"exposedName": "say", "parameters": {"token": {"fixed": "s3cret"}}, "title": null}"#;
    let applied = scene.live.set_rule(&scene.proxy, item, Some(rule), me()).await.unwrap();
    assert_eq!((applied.hub, applied.unchanged), (true, names(&["one", "two"])));
    assert_eq!(options(&scene).rules["one"].tools["echo"].name.as_deref(), Some("say"));

    let masked = rule.replace("s3cret", "***").replace("say", "tell");
    scene.live.set_rule(&scene.proxy, item, Some(&masked), me()).await.unwrap();
    assert!(scene.text().contains(r#""s3cret""#) && scene.text().contains("tell") && scene.text().contains("// ours"));
    let taken =
        scene.live.set_rule(&scene.proxy, ("two", ItemKind::Tool, "x"), Some(r#"{"exposedName": "tell"}"#), me());
    assert!(matches!(taken.await, Err(ChangeError::Wrong(_))), "two tools cannot have one name");
    scene.live.set_rule(&scene.proxy, item, Some("{}"), me()).await.unwrap();
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(bare(&scene.text()), bare(HUB));
    scene.live.reset_rules(&scene.proxy, None, me()).await.unwrap();
    assert!(options(&scene).rules.is_empty());
}

#[tokio::test]
async fn a_rule_beside_the_file_is_reset_in_the_file() {
    let scene = hub(FILE, Some(TOOLS));
    let item = ("one", ItemKind::Tool, "echo");
    let enabled = || options(&scene).rules.get("one").map(|rules| rules.tools["echo"].enabled);
    assert_eq!(enabled(), Some(Some(false)));
    for _ in 0..2 {
        scene.live.set_rule(&scene.proxy, item, None, me()).await.unwrap();
        assert_eq!(enabled(), Some(None));
        scene.live.set_rule(&scene.proxy, item, Some(r#"{"enabled": true}"#), me()).await.unwrap();
        assert_eq!(enabled(), Some(Some(true)));
    }
    scene.live.reset_rules(&scene.proxy, Some("one"), me()).await.unwrap();
    assert_eq!(enabled(), Some(Some(false)), "it is gone from the file, so the other one counts");
    scene.live.reset_rules(&scene.proxy, None, me()).await.unwrap();
    assert_eq!(enabled(), Some(None));
}

#[tokio::test]
async fn groups_come_change_and_go() {
    let scene = hub(HUB, None);
    scene.live.set_group(&scene.proxy, "ops", r#"{"servers": ["t*"], "deny": null}"#, me()).await.unwrap();
    assert_eq!(options(&scene).groups.len(), 2);
    scene.live.set_key(&scene.proxy, "bob", r#"{"groups": ["ops"]}"#, me()).await.unwrap();
    let refused = scene.live.remove_group(&scene.proxy, "ops", me()).await.unwrap_err();
    assert!(refused.to_string().contains("no group is called `ops`"), "{refused}");
    scene.live.remove_group(&scene.proxy, "dev", me()).await.unwrap();
    assert_eq!(scene.live.groups().iter().map(|group| &*group.name).collect::<Vec<_>>(), ["ops"]);
}

#[tokio::test]
async fn a_server_that_is_renamed_is_another_one_in_the_same_groups() {
    let scene = hub(HUB, None);
    let applied = scene.live.rename_server(&scene.proxy, "one", "first", me()).await.unwrap();
    assert_eq!((applied.added, applied.removed), (names(&["first"]), names(&["one"])));
    assert!(options(&scene).groups[0].servers.as_ref().unwrap()[0].matches("first"));
    assert!(scene.live.rename_server(&scene.proxy, "first", "a/b", me()).await.is_err());
}

#[tokio::test]
async fn keys_are_made_limited_and_taken_out_and_only_their_digests_are_kept() {
    let scene = hub(HUB, None);
    let (key, _) =
        scene.live.create_key(&scene.proxy, "ci", r#"{"groups": ["dev"], "key": "mine"}"#, me()).await.unwrap();
    assert!(!scene.text().contains(key.expose()) && scene.text().contains("sha256:") && !scene.text().contains("mine"));
    let keys = scene.live.keys().unwrap();
    let told: Vec<_> = keys.iter().map(|key| (&*key.name, key.stored, key.source, key.grant.is_some())).collect();
    let file = KeySource::File;
    assert_eq!(
        told,
        [
            ("alice", Stored::Plain, file, false),
            ("bob", Stored::Plain, file, false), // there is something beside the name of the variable
            ("ci", Stored::Hash, file, true)
        ]
    );
    let accepted = scene.live.accepted_of(&scene.live.current().file).unwrap();
    assert!(mcp_proxy_core::auth::Keys::new(accepted).unwrap().check(key.expose()).is_some());
    let again = scene.live.create_key(&scene.proxy, "ci", "{}", me()).await;
    assert!(matches!(again, Err(ChangeError::KeyName(_))));

    scene.live.set_key(&scene.proxy, "ci", r#"{"tools": ["one__*"], "groups": null}"#, me()).await.unwrap();
    scene.live.set_key(&scene.proxy, "bob", r#"{"groups": ["dev"]}"#, me()).await.unwrap();
    assert!(scene.text().contains("\"ours\": 1"), "{}", scene.text());
    let grants = options(&scene).grants;
    assert_eq!((grants["ci"].groups.is_none(), grants["ci"].tools.as_ref().unwrap().len()), (true, 1));
    assert!(scene.live.set_key(&scene.proxy, "eve", "{}", me()).await.is_err());
    scene.live.remove_key(&scene.proxy, "ci", me()).await.unwrap();
    assert_eq!(scene.live.keys().unwrap().len(), 2);
    let wrong = scene.live.replace_text(&scene.proxy, &HUB.replace("s3cret-s3cret-s3cret", "sha256:no"), me()).await;
    assert!(matches!(wrong, Err(ChangeError::Keys(_))));
}

#[tokio::test]
async fn keys_of_a_proxy_that_is_served_count_at_once() {
    let scene = hub(HUB, None);
    scene.live.guard();
    let (key, applied) = scene.live.create_key(&scene.proxy, "ci", r#"{"groups": ["dev"]}"#, me()).await.unwrap();
    assert!(!applied.needs_restart && !key.expose().is_empty());
    for gone in ["ci", "bob"] {
        let applied = scene.live.remove_key(&scene.proxy, gone, me()).await.unwrap();
        assert!(
            !applied.needs_restart && !options(&scene).grants.contains_key(gone),
            "it opens nothing, so nothing limits it"
        );
    }
    let last = scene.live.remove_key(&scene.proxy, "alice", me()).await;
    assert!(matches!(last, Err(ChangeError::LastKey)));
    assert!(scene.text().contains("alice"));
}

#[tokio::test]
async fn what_is_installed_where_is_told_and_restarts_nothing() {
    let scene = hub(HUB, None);
    let entry = r#"{"type": "lab", "installCommands": ["npm i"]}"#;
    let applied = scene.live.set_server(&scene.proxy, "two", entry, me()).await.unwrap();
    assert_eq!(applied.unchanged, names(&["one", "two"]));
    let installs = scene.live.installs().unwrap();
    assert_eq!((installs.len(), &*installs[0].0), (1, "two"));
    assert_eq!(installs[0].1.directory, std::path::absolute(scene.directory.path().join("tools/two")).unwrap());
    assert_eq!(installs[0].1.commands[0].line(), "npm i");
}

#[tokio::test]
async fn a_pasted_text_is_previewed_with_what_is_wrong_in_it() {
    let scene = hub(HUB, None);
    let text = r#"{"one": {"command": "x", "env": {"A": "${NOT_SET}"}}, "three": {"url": "https://x"}}"#;
    let found = scene.live.preview(text).unwrap();
    let told: Vec<_> =
        found.iter().map(|it| (&*it.name, it.exists, it.command.as_deref(), it.warnings.len())).collect();
    assert_eq!(told, [("one", true, Some("x"), 1), ("three", false, None, 0)]);
    assert!(found[0].warnings[0].contains("`NOT_SET` is not set") && !format!("{found:?}").contains("https"));
}
