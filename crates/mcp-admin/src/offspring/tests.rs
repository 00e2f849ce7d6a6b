use std::process::Stdio;

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use super::*;

/// Starts a script; it says a line for each process it has started, and this returns their numbers.
async fn start(script: &str, lines: usize) -> (tokio::process::Child, Offspring, Vec<i32>) {
    let mark = Mark::new().unwrap();
    let (name, value) = mark.variable();
    let mut child = Command::new("sh")
        .args(["-c", script])
        .env(name, value)
        .process_group(0)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let offspring = Offspring::new(child.id().unwrap(), mark);
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut numbers = Vec::new();
    for _ in 0..lines {
        numbers.push(output.next_line().await.unwrap().unwrap().trim().parse().unwrap());
    }
    (child, offspring, numbers)
}

fn lives(number: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with('Z'))
}

#[tokio::test]
async fn children_that_have_left_the_group_and_the_session_end_too() {
    let script = "sleep 1000 & echo $!; setsid sh -c 'echo $$; exec sleep 1000' & wait";
    let (mut child, offspring, numbers) = start(script, 2).await;
    assert!(numbers.iter().copied().all(lives), "{numbers:?}");
    let ((), status) = tokio::join!(offspring.end(Ask::Terminate, Duration::from_secs(2)), child.wait());
    assert!(!status.unwrap().success());
    assert!(!numbers.iter().copied().any(lives), "{numbers:?}");
}

#[tokio::test]
async fn who_does_not_listen_is_killed() {
    let script = "trap '' TERM HUP; echo $$; while :; do sleep 1000; done";
    let (mut child, offspring, numbers) = start(script, 1).await;
    let ((), status) = tokio::join!(offspring.end(Ask::Terminate, Duration::from_millis(100)), child.wait());
    assert!(!status.unwrap().success());
    assert!(!lives(numbers[0]));
}

#[tokio::test]
async fn a_stranger_is_left_alone() {
    let (mut other, _, numbers) = start("echo $$; exec sleep 1000", 1).await;
    let (mut child, offspring, _) = start("echo $$; exec sleep 1000", 1).await;
    let _ = tokio::join!(offspring.end(Ask::Kill, Duration::ZERO), child.wait());
    assert!(lives(numbers[0]));
    other.kill().await.unwrap();
}
