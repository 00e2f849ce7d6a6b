//! Logs that belong to no one call, where everyone is to have them.

use super::*;

async fn stage() -> Stage {
    let options = ShareOptions { broadcasts_logs: true, ..ShareOptions::default() };
    Stage::with(options, Supervision::default()).await
}

fn log(level: &str) -> String {
    format!(r#"{MESSAGE} {{"level":"{level}","data":"x"}}"#)
}

#[tokio::test(start_paused = true)]
async fn each_client_has_those_of_the_level_it_asked_for() {
    let mut stage = stage().await;
    let (one, two, three) = (stage.visitor("1", UNABLE), stage.visitor("2", UNABLE), stage.visitor("3", UNABLE));
    for (visitor, level) in [(&one, "warning"), (&two, "debug")] {
        let reply = visitor.set_level(level).await;
        let sent = stage.main.hears(LOGGING_SET_LEVEL).await;
        stage.main.answers(&sent, "{}").await;
        all(reply).await;
    }
    let (mut first, mut second, mut third) = (one.events(), two.events(), three.events());
    for level in ["debug", "warning", "error"] {
        stage.main.logs(level).await;
    }
    let everything = ["debug", "warning", "error"].map(log);
    assert_eq!(heard(&mut first).await, everything[1..]);
    assert_eq!(heard(&mut second).await, everything);
    assert_eq!(heard(&mut third).await, everything, "whoever never said has all of them");
    assert_eq!(stage.share.unattributed(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_one_call_is_its_alone() {
    let mut stage = stage().await;
    let (one, two) = (stage.visitor("1", UNABLE), stage.visitor("2", UNABLE));
    let (mut first, mut second) = (one.events(), two.events());
    let reply = one.call(TOOLS_CALL, "{}").await;
    let call = stage.main.hears(TOOLS_CALL).await;
    stage.main.logs("error").await;
    stage.main.answers(&call, "{}").await;
    assert_eq!(all(reply).await.len(), 2);
    assert!(heard(&mut first).await.is_empty() && heard(&mut second).await.is_empty());
    let replies = [one.call(TOOLS_CALL, "{}").await, two.call(TOOLS_CALL, "{}").await];
    let calls = [stage.main.hears(TOOLS_CALL).await, stage.main.hears(TOOLS_CALL).await];
    stage.main.logs("info").await;
    for call in &calls {
        stage.main.answers(call, "{}").await;
    }
    for reply in replies {
        assert_eq!(all(reply).await.len(), 1, "which call it belongs to is not known");
    }
    assert_eq!((heard(&mut first).await, heard(&mut second).await), (vec![log("info")], vec![log("info")]));
}

#[tokio::test(start_paused = true)]
async fn a_log_without_a_level_is_for_everyone_and_other_words_for_nobody() {
    let mut stage = stage().await;
    let one = stage.visitor("1", UNABLE);
    let reply = one.set_level("emergency").await;
    let sent = stage.main.hears(LOGGING_SET_LEVEL).await;
    stage.main.answers(&sent, "{}").await;
    all(reply).await;
    let mut events = one.events();
    stage.main.says(MESSAGE, r#"{"data":"x"}"#).await;
    stage.main.says("notifications/other", "{}").await;
    assert_eq!(heard(&mut events).await, [format!(r#"{MESSAGE} {{"data":"x"}}"#)]);
    assert_eq!(stage.share.unattributed(), 1);
}
