//! What keeps a server from being idle.

use super::*;

const IDLE: Duration = Duration::from_mins(1);

async fn stage() -> Stage {
    let supervision = Supervision { idle: Some(IDLE), ..Supervision::default() };
    Stage::with(ShareOptions::default(), supervision).await
}

/// Subscribes, as the first to do so.
async fn subscribed(stage: &mut Stage, name: &str) -> Visitor {
    let visitor = stage.visitor(name, UNABLE);
    let reply = visitor.subscribe("a:b").await;
    let sent = stage.main.hears(RESOURCES_SUBSCRIBE).await;
    stage.main.answers(&sent, "{}").await;
    all(reply).await;
    visitor
}

fn doing(stage: &Stage) -> ServerState {
    stage.share.supervised.state().borrow().state
}

#[tokio::test(start_paused = true)]
async fn a_server_that_somebody_subscribes_to_is_not_idle() {
    let mut stage = stage().await;
    let one = subscribed(&mut stage, "1").await;
    let two = stage.visitor("2", UNABLE);
    all(two.subscribe("a:b").await).await;
    tokio::time::sleep(3 * IDLE).await;
    assert_eq!(doing(&stage), ServerState::Running);
    drop(one);
    tokio::time::sleep(3 * IDLE).await;
    assert_eq!(doing(&stage), ServerState::Running, "the other one is still there");
    let reply = two.call(RESOURCES_UNSUBSCRIBE, &uri_params("a:b")).await;
    let sent = stage.main.hears(RESOURCES_UNSUBSCRIBE).await;
    stage.main.answers(&sent, "{}").await;
    all(reply).await;
    tokio::time::sleep(IDLE / 2).await;
    assert_eq!(doing(&stage), ServerState::Running);
    tokio::time::sleep(IDLE).await;
    assert_eq!(doing(&stage), ServerState::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_was_refused_keeps_nobody_awake() {
    let mut stage = stage().await;
    let one = stage.visitor("1", UNABLE);
    let reply = one.subscribe("a:b").await;
    let sent = stage.main.hears(RESOURCES_SUBSCRIBE).await;
    stage.main.refuses(&sent).await;
    all(reply).await;
    tokio::time::sleep(2 * IDLE).await;
    assert_eq!(doing(&stage), ServerState::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_lives_through_a_stop_by_hand() {
    let mut stage = stage().await;
    let _one = subscribed(&mut stage, "1").await;
    stage.share.supervised.stop().await;
    stage.share.supervised.start_by_hand().await.unwrap();
    let mut main = stage.spare().await;
    let sent = main.hears(RESOURCES_SUBSCRIBE).await;
    assert_eq!(sent.params(), Some(uri_params("a:b").as_str()));
    main.answers(&sent, "{}").await;
    tokio::time::sleep(3 * IDLE).await;
    assert_eq!(doing(&stage), ServerState::Running);
}
