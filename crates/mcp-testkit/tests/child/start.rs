//! Starting: what a child finds, and why one does not start.

use std::{collections::BTreeMap, error::Error};

use mcp_protocol::Revision;
use mcp_transport::{Caller, CloseReason, ConnectError, Principal, Secret, Transport};
use mcp_transport_stdio::{ChildLimit, StdioServer};

use super::{Marked, caller, tool};

#[track_caller]
fn check_refused(refused: Result<impl Sized, ConnectError>, words: &[&str]) {
    let Err(error) = refused else { panic!("it started") };
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    let text = format!("{error}; {source}");
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

#[tokio::test]
async fn a_program_that_cannot_be_started_says_what_to_try() {
    let start = async |server: StdioServer| server.connect(&caller()).await;
    check_refused(start(StdioServer::new("no-such-program")).await, &["no-such-program", "installed", "PATH"]);
    let text_file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    check_refused(start(StdioServer::new(text_file)).await, &["Cargo.toml", "not executable"]);
    check_refused(
        start(StdioServer::new("sh").cwd("/no/such/folder")).await,
        &["working directory", "/no/such/folder"],
    );
    check_refused(start(StdioServer::new("sh").arg("a\0b")).await, &["NUL"]);
}

#[tokio::test]
async fn a_script_whose_interpreter_is_missing_says_so() {
    use std::os::unix::fs::PermissionsExt;

    let script = std::env::temp_dir().join(format!("no-interpreter-{}", std::process::id()));
    std::fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let refused = StdioServer::new(&script).connect(&caller()).await;
    std::fs::remove_file(&script).unwrap();
    check_refused(refused, &["interpreter"]);
}

#[tokio::test]
async fn a_program_that_ends_at_once_leaves_its_code_and_its_last_words() {
    let server = Marked::new(StdioServer::new("sh").args(["-c", "echo 'no config found' >&2; exit 3"]));
    let closed = server.connect().await.closed().await;
    assert_eq!(closed.reason, CloseReason::Exited(3));
    assert_eq!(closed.stderr, ["no config found"]);
}

#[tokio::test]
async fn arguments_are_read_by_no_shell() {
    let server = Marked::new(StdioServer::new("sh").args(["-c", r#"printf '%s\n' "$1" >&2"#, "sh", "$HOME; `id` *"]));
    assert_eq!(server.connect().await.closed().await.stderr, ["$HOME; `id` *"]);
}

#[tokio::test]
async fn a_child_gets_the_listed_variables_the_configured_and_the_callers() {
    let mut given = Caller::new(Principal::Anonymous, Revision::LATEST_LEGACY);
    given.variables = BTreeMap::from([("GITHUB_TOKEN".to_owned(), Secret::new("of-the-caller"))]);
    let mut server = Marked::rude(&[]);
    server.server = server.server.env("LAB", Secret::new("configured")).inherit("CARGO_PKG_NAME").cwd("/");
    let connection = server.server.connect(&given.into()).await.unwrap();
    let variables = tool(&connection, "env", "{}").await.unwrap();
    let has = |variable: &str| variables.lines().any(|line| line == variable);
    assert!(
        has("GITHUB_TOKEN=of-the-caller") && has("LAB=configured") && has("CARGO_PKG_NAME=mcp-testkit"),
        "{variables}"
    );
    assert!(has(&format!("PATH={}", std::env::var("PATH").unwrap())), "{variables}");
    // Set for every test by cargo, and nobody said that the child gets it.
    assert!(
        std::env::var_os("CARGO_MANIFEST_DIR").is_some() && !variables.contains("CARGO_MANIFEST_DIR"),
        "{variables}"
    );
    assert_eq!(tool(&connection, "cwd", "{}").await.unwrap(), "/");
    connection.close().await;
}

#[tokio::test]
async fn a_caller_cannot_choose_what_the_child_loads() {
    let mut given = Caller::new(Principal::Anonymous, Revision::LATEST_LEGACY);
    given.variables = BTreeMap::from([("LD_PRELOAD".to_owned(), Secret::new("/tmp/evil.so"))]);
    let server = Marked::rude(&[]);
    check_refused(server.server.connect(&given.into()).await, &["LD_PRELOAD"]);
    assert_eq!(server.living(), 0);
}

#[tokio::test]
async fn one_child_past_the_limit_is_refused_until_another_is_gone() {
    let mut server = Marked::rude(&[]);
    let limit = ChildLimit::new(2);
    server.server = server.server.children(limit.clone());
    let (first, second) = (server.connect().await, server.connect().await);
    let refused = server.server.connect(&caller()).await;
    assert!(matches!(refused, Err(ConnectError::Busy(_))));
    check_refused(refused, &["limit on children"]);
    first.close().await;
    let third = server.connect().await;
    assert_eq!(limit.free(), 0);
    second.close().await;
    third.close().await;
    assert_eq!(limit.free(), 2);
    // A program that does not start keeps no place.
    let missing = StdioServer::new("no-such-program").children(limit.clone());
    assert!(missing.connect(&caller()).await.is_err());
    assert_eq!(limit.free(), 2);
}
