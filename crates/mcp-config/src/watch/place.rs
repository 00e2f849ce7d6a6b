//! Where to look for changes of what a path leads to.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

/// Links that may lead from a path to its file.
const MOST_LINKS: usize = 40;

/// Every directory in which a link on the way to the file or the file itself stands, and the file: one that is mounted alone,
/// as containers do it, tells its own changes only.
pub(super) fn places(path: &Path) -> BTreeSet<PathBuf> {
    let mut places = BTreeSet::new();
    let mut links = 0;
    let mut at = PathBuf::new();
    let mut rest = names(path);
    while let Some(name) = rest.pop() {
        if name == ".." {
            at.pop();
            continue;
        }
        match fs::read_link(at.join(&name)) {
            Ok(target) if links < MOST_LINKS => {
                links += 1;
                // Links in the root directory stay, and on macOS its watch would report everything there is.
                if at.parent().is_some() {
                    places.insert(at.clone());
                }
                rest.extend(names(&target));
            }
            _ => at.push(name),
        }
    }
    places.extend(at.parent().map(Path::to_owned));
    if at.exists() {
        places.insert(at);
    }
    places
}

/// The parts of a path, the last one first. To push the root makes a path absolute.
fn names(path: &Path) -> Vec<OsString> {
    path.components().rev().map(|component| component.as_os_str().to_owned()).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn every_directory_on_the_way_is_a_place() {
        #[track_caller]
        fn check(path: &Path, expected: &[PathBuf]) {
            assert_eq!(places(path), expected.iter().cloned().collect());
        }
        let directory = TempDir::new().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let at = |name: &str| root.join(name);
        for name in ["volume/..1", "links"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        symlink("..1", at("volume/..data")).unwrap();
        symlink("..data/a", at("volume/a")).unwrap();
        symlink(at("links/../volume/a"), at("links/a")).unwrap();

        check(&at("links/none"), &[at("links")]);
        check(&at("volume/a"), &[at("volume"), at("volume/..1")]);
        fs::write(at("volume/..1/a"), "").unwrap();
        check(&at("links/a"), &[at("links"), at("volume"), at("volume/..1"), at("volume/..1/a")]);

        symlink("loop", at("loop")).unwrap();
        assert!(places(&at("loop")).contains(&root));
    }
}
