use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    sync::Arc,
    time::SystemTime,
};

use notify::{Event, EventKind, event::AccessKind};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::*;
use crate::write_atomically;

const PATIENCE: Duration = Duration::from_secs(10);

/// A watch that has its hooks set, so that from now on the system has to tell.
async fn watching(path: &Path) -> Watch {
    let mut watch = Watch::new(path).unwrap();
    if let Ok(text) = fs::read_to_string(path) {
        watch.seen(&text);
        assert_eq!(watch.look().await, None);
    } else {
        assert_eq!(watch.look().await, Some(Change::Missing));
    }
    assert_eq!(watch.due, None, "the system does not tell");
    watch
}

async fn reported(watch: &mut Watch) -> Change {
    timeout(PATIENCE, watch.changed()).await.expect("nothing was reported")
}

#[track_caller]
fn text(text: &str) -> Change {
    Change::Text(text.to_owned())
}

/// Something was told, and there is nothing to report.
async fn only_noise(watch: &mut Watch) {
    timeout(PATIENCE, watch.hooks.rung()).await.expect("nothing was told");
    assert_eq!(watch.look().await, None);
}

#[tokio::test]
async fn the_first_report_is_what_is_there() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("a.json");
    fs::write(&path, "first").unwrap();
    let mut watch = Watch::new(&path).unwrap();
    assert_eq!(reported(&mut watch).await, text("first"));
    fs::write(&path, "second").unwrap();
    assert_eq!(reported(&mut watch).await, text("second"));
}

#[tokio::test]
async fn every_way_to_save_a_file_is_reported() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("a.json");
    let aside = directory.path().join("a.json~");
    fs::write(&path, "old").unwrap();
    let mut watch = watching(&path).await;
    let watch = &mut watch;

    // In place.
    OpenOptions::new().write(true).open(&path).unwrap().write_all(b"one").unwrap();
    assert_eq!(reported(watch).await, text("one"));
    // Truncated first.
    let mut file = File::create(&path).unwrap();
    file.write_all(b"tw").unwrap();
    file.write_all(b"o").unwrap();
    assert_eq!(reported(watch).await, text("two"));
    // Another file in its place, twice, so that the first one is watched as well.
    for saved in ["three", "four"] {
        fs::write(&aside, saved).unwrap();
        fs::rename(&aside, &path).unwrap();
        assert_eq!(reported(watch).await, text(saved));
    }
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"!").unwrap();
    assert_eq!(reported(watch).await, text("four!"));
    // Out of the way, and a new one.
    fs::rename(&path, &aside).unwrap();
    fs::write(&path, "five").unwrap();
    assert_eq!(reported(watch).await, text("five"));
    // Deleted and made again.
    fs::remove_file(&path).unwrap();
    fs::write(&path, "six").unwrap();
    assert_eq!(reported(watch).await, text("six"));
}

#[tokio::test]
async fn a_missing_file_is_reported_once() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("a.json");
    let mut watch = watching(&path).await;
    fs::write(directory.path().join("b.json"), "another").unwrap();
    only_noise(&mut watch).await;
    fs::write(&path, "made").unwrap();
    assert_eq!(reported(&mut watch).await, text("made"));
    fs::remove_file(&path).unwrap();
    assert_eq!(reported(&mut watch).await, Change::Missing);
    fs::write(&path, [0xff]).unwrap();
    assert_eq!(reported(&mut watch).await, Change::Unreadable("it is not UTF-8".to_owned()));
}

#[tokio::test]
async fn what_changes_nothing_or_was_seen_is_not_reported() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("a.json");
    fs::write(&path, "old").unwrap();
    let mut watch = watching(&path).await;

    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.set_modified(SystemTime::now() + PATIENCE).unwrap();
    only_noise(&mut watch).await;

    write_atomically(&path, "ours").unwrap();
    watch.seen("ours");
    only_noise(&mut watch).await;

    fs::write(&path, "theirs").unwrap();
    assert_eq!(reported(&mut watch).await, text("theirs"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_moved_link_is_followed() {
    use std::os::unix::fs::symlink;

    let directory = TempDir::new().unwrap();
    let at = |name: &str| directory.path().join(name);
    for place in ["one", "two"] {
        fs::create_dir(at(place)).unwrap();
        fs::write(at(place).join("real.json"), place).unwrap();
    }
    fs::create_dir(at("links")).unwrap();
    symlink("../one/real.json", at("links/a.json")).unwrap();
    let mut watch = watching(&at("links/a.json")).await;

    fs::write(at("one/real.json"), "one!").unwrap();
    assert_eq!(reported(&mut watch).await, text("one!"));
    symlink("../two/real.json", at("links/new")).unwrap();
    fs::rename(at("links/new"), at("links/a.json")).unwrap();
    assert_eq!(reported(&mut watch).await, text("two"));
    fs::write(at("two/real.json"), "two!").unwrap();
    assert_eq!(reported(&mut watch).await, text("two!"));
    assert_eq!(watch.due, None);
}

#[cfg(unix)]
#[tokio::test]
async fn a_kubernetes_volume_is_followed_from_version_to_version() {
    use std::os::unix::fs::symlink;

    let directory = TempDir::new().unwrap();
    let at = |name: &str| directory.path().join(name);
    let publish = |version: &str| {
        fs::create_dir(at(version)).unwrap();
        fs::write(at(version).join("a.json"), version).unwrap();
        symlink(version, at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
    };
    publish("..1");
    symlink("..data/a.json", at("a.json")).unwrap();
    let mut watch = watching(&at("a.json")).await;
    for (old, new) in [("..1", "..2"), ("..2", "..1"), ("..1", "..3")] {
        publish(new);
        fs::remove_dir_all(at(old)).unwrap();
        assert_eq!(reported(&mut watch).await, text(new));
    }
    assert_eq!(watch.due, None);
}

#[tokio::test]
async fn a_directory_may_come_later_and_be_another_one() {
    let directory = TempDir::new().unwrap();
    let at = |name: &str| directory.path().join(name);
    let mut watch = Watch::new(&at("etc/a.json")).unwrap();
    assert_eq!(reported(&mut watch).await, Change::Missing);
    for saved in ["one", "two"] {
        fs::create_dir(at("new")).unwrap();
        fs::write(at("new/a.json"), saved).unwrap();
        fs::rename(at("new"), at("etc")).unwrap();
        assert_eq!(reported(&mut watch).await, text(saved));
        fs::remove_dir_all(at("etc")).unwrap();
        assert_eq!(reported(&mut watch).await, Change::Missing);
    }
}

#[tokio::test]
async fn if_the_system_fails_to_tell_the_file_is_looked_at() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("a.json");
    fs::write(&path, "old").unwrap();
    let mut watch = watching(&path).await;
    watch.hooks.bell.hear(Err(notify::Error::generic("lost")));
    assert_eq!(watch.look().await, None);
    fs::write(&path, "new").unwrap();
    assert_eq!(reported(&mut watch).await, text("new"));
}

/// How long it takes until a change is reported, if the system tells something as often as this.
async fn delay(rings: u32, apart: Duration) -> Duration {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("a.json");
    fs::write(&path, "old").unwrap();
    let mut watch = watching(&path).await;
    let bell = Arc::clone(&watch.hooks.bell);
    bell.hear(Err(notify::Error::generic("only the test rings")));
    // What was looked at before counts no more.
    assert!(timeout(QUIET * 2, watch.changed()).await.is_err());
    assert_eq!(watch.look().await, None);
    // The system's thread hears a little longer than it is wanted. It has a share in the bell, and so have the watch and we.
    while Arc::strong_count(&bell) > 2 {
        std::thread::yield_now();
    }

    fs::write(&path, "new").unwrap();
    let start = Instant::now();
    tokio::spawn(async move {
        for _ in 0..rings {
            bell.hear(Ok(Event::new(EventKind::Any)));
            sleep(apart).await;
        }
    });
    assert_eq!(watch.changed().await, text("new"));
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_change_is_reported_when_it_is_over_or_takes_too_long() {
    let millis = Duration::from_millis;
    assert_eq!(delay(1, millis(0)).await, millis(100));
    assert_eq!(delay(3, millis(60)).await, millis(220));
    assert_eq!(delay(100, millis(60)).await, millis(500));
    assert_eq!(delay(0, millis(0)).await, millis(1000));
}

#[tokio::test]
async fn reading_the_file_rings_no_bell() {
    let hooks = Hooks::new();
    for (kind, rings) in [(EventKind::Access(AccessKind::Any), false), (EventKind::Any, true)] {
        hooks.bell.hear(Ok(Event::new(kind)));
        assert_eq!(timeout(Duration::ZERO, hooks.rung()).await.is_ok(), rings, "{kind:?}");
    }
}

#[tokio::test]
async fn a_report_that_nobody_waits_for_any_more_is_kept() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("a.json");
    fs::write(&path, "old").unwrap();
    let mut watch = watching(&path).await;
    fs::write(&path, "new").unwrap();
    for _ in 0..20 {
        assert!(timeout(Duration::from_millis(1), watch.changed()).await.is_err());
    }
    assert_eq!(reported(&mut watch).await, text("new"));
}

#[tokio::test]
async fn dropping_it_ends_the_watch() {
    let directory = TempDir::new().unwrap();
    let watch = watching(&directory.path().join("a.json")).await;
    let bell = Arc::downgrade(&watch.hooks.bell);
    drop(watch);
    let gone = async {
        while bell.upgrade().is_some() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, gone).await.expect("the system's thread lives on");
}

#[test]
fn a_path_that_is_no_file_is_refused() {
    for path in ["/", "..", ""] {
        assert!(matches!(Watch::new(Path::new(path)), Err(WatchError::NotAFile(_))), "{path}");
    }
}

#[test]
fn the_text_does_not_show() {
    assert_eq!(format!("{:?}", text("secret")), "Text(6 bytes)");
}
