//! Changes of what a hub shows.

use super::*;
use crate::{HubSettings, add_tool_config};

pub(super) const TOOLS: &str = r#"{"tools": {"one__echo": {"enabled": false}}}"#;

/// The scene of a hub whose file with rules of tools has this text, if it is there.
pub(super) fn hub(text: &str, tools: Option<&str>) -> Scene {
    let mut scene = scene(text);
    let path = scene.directory.path().join("tool_config.json");
    if let Some(tools) = tools {
        fs::write(&path, tools).unwrap();
    }
    let live = Arc::get_mut(&mut scene.live).unwrap();
    let empty = Live::new(
        live.path.clone(),
        String::new(),
        File::default(),
        Overrides::default(),
        Variables::default(),
        Composer::new(Limits::default(), Kinds::default()),
    );
    let mut own = std::mem::replace(live, empty);
    if let Some(tools) = tools {
        let told = add_tool_config(
            &mut own.current().file,
            &path,
            tools,
            &mcp_proxy_core::aggregator::Naming::default(),
            &|_| None,
        );
        assert!(told.is_empty(), "{told:?}");
    }
    own.hub = None;
    *live = own.with_hub(HubSettings::default(), Some((path, tools.map(str::to_owned))));
    scene
}

pub(super) fn options(scene: &Scene) -> mcp_proxy_core::HubOptions {
    scene.live.hub().unwrap().unwrap()
}

#[tokio::test]
async fn rules_apply_without_restarting_anything() {
    let scene = hub(FILE, None);
    let kept = scene.session("one").await;
    let text = FILE
        .replace(
            r#""mark": 1"#,
            r#""mark": 1, "deny": ["rm"], "tools": {"echo": {"exposedName": "say"}}, "pin": "warn""#,
        )
        .replace(r#""ours": "kept""#, r#""groups": {"dev": {"servers": ["one"]}}, "separator": "--""#);
    let applied = scene.live.apply(&scene.proxy, &text).unwrap();
    assert_eq!((applied.unchanged, applied.changed), (names(&["one", "two"]), names(&[])));
    assert!(applied.hub && !applied.needs_restart);
    assert!(timeout(Duration::from_millis(1), kept.closed()).await.is_err(), "the session on it goes on");
    let options = options(&scene);
    assert_eq!(options.rules["one"].tools["echo"].name.as_deref(), Some("say"));
    assert_eq!((options.naming.separator(), options.groups.len()), ("--", 1));
    let again = scene.live.apply(&scene.proxy, &text).unwrap();
    assert!(!again.hub, "the second time nothing differs");
}

#[tokio::test]
async fn how_often_calls_are_sent_again_is_a_servers_own() {
    let scene = hub(FILE, None);
    let text = FILE.replace(r#""mark": 1"#, r#""mark": 1, "retry": {"attempts": 2}"#);
    let applied = scene.live.apply(&scene.proxy, &text.replace("2}", "3}")).unwrap();
    assert_eq!((applied.changed, applied.hub), (names(&["one"]), false));
    let applied = scene.live.apply(&scene.proxy, &text.replace(r#", "retry": {"attempts": 2}"#, "")).unwrap();
    assert_eq!(applied.changed, names(&["one"]));
    let applied = scene.live.apply(&scene.proxy, &text).unwrap();
    assert_eq!(applied.unchanged, names(&["one", "two"]), "to say what is the rule anyway is no change");
}

#[tokio::test]
async fn without_a_hub_nothing_is_said_of_one() {
    let scene = scene(FILE);
    let text = FILE.replace(r#""ours": "kept""#, r#""groups": {"dev": {}}"#);
    let applied = scene.live.apply(&scene.proxy, &text).unwrap();
    assert!(!applied.hub && scene.live.hub().unwrap().is_none());
}

#[tokio::test]
async fn a_key_that_is_taken_out_opens_nothing_until_it_is_gone() {
    let text = FILE.replace(
        r#""ours": "kept""#,
        r#""groups": {"dev": {}}, "keys": {"ci": {"key": "s3cret", "groups": ["dev"]}, "all": "other"}"#,
    );
    let scene = hub(&text, None);
    assert_eq!(options(&scene).grants.len(), 1);
    let applied = scene.live.apply(&scene.proxy, FILE).unwrap();
    assert!(applied.needs_restart && applied.hub);
    let grants = options(&scene).grants;
    for gone in ["ci", "all"] {
        assert_eq!((grants[gone].groups.as_deref(), grants[gone].tools.as_deref()), (Some(&[][..]), Some(&[][..])));
    }
}

#[tokio::test]
async fn the_file_with_rules_of_tools_counts_too() {
    let scene = hub(FILE, Some(TOOLS));
    let enabled = |scene: &Scene| options(scene).rules.get("one").map(|rules| rules.tools["echo"].enabled);
    assert_eq!(enabled(&scene), Some(Some(false)));

    scene.live.take_tools(&scene.proxy, Change::Text(TOOLS.replace("false", "\"maybe\""))).await;
    assert!(scene.live.problem().unwrap().contains("tool_config.json:1:"), "{:?}", scene.live.problem());
    assert_eq!(enabled(&scene), Some(Some(false)), "what is wrong changes nothing");

    let applied = scene.live.apply(&scene.proxy, &FILE.replace("kept", "other")).unwrap();
    assert_eq!((applied.unchanged, applied.hub), (names(&["one", "two"]), false));
    assert!(scene.live.problem().is_some(), "that file is still wrong");

    scene.live.take_tools(&scene.proxy, Change::Text(TOOLS.replace("false", "true"))).await;
    assert_eq!((enabled(&scene), scene.live.problem()), (Some(Some(true)), None));
    scene.live.take_tools(&scene.proxy, Change::Missing).await;
    assert!(enabled(&scene).is_some() && scene.live.problem().is_some());
}

/// The file is real, and so is the time.
#[tokio::test]
async fn a_file_with_rules_of_tools_may_come_later() {
    let scene = hub(FILE, None);
    let (live, proxy) = (Arc::clone(&scene.live), scene.proxy.clone());
    let following = tokio::spawn(async move { live.follow(&proxy).await });
    fs::write(scene.directory.path().join("tool_config.json"), TOOLS).unwrap();
    let looking = async {
        while !options(&scene).rules.contains_key("one") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), looking).await.expect("the file is found");
    assert_eq!(scene.live.problem(), None);
    following.abort();
}
