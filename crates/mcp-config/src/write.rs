//! Replaces a file as a whole, so that whoever reads it, at any moment and after any crash, finds the old text or the new.

use std::{
    fs::{self, File, Metadata},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

/// Links that may lead from a path to its file.
const MOST_LINKS: usize = 40;

/// Replaces the text of the file at `path`, which need not exist yet. A symbolic link stays, and the file behind it is
/// replaced. The new file has the mode (and, if we may give it away, the owner) of the old one; without an old one only its
/// owner may read it. It blocks until the text is on the disk.
///
/// # Errors
///
/// Fails, and leaves the old file as it is, if the directory takes no new file (as on a read-only mount) or the file cannot
/// be replaced in it. The error names the file.
pub fn write_atomically(path: &Path, text: &str) -> io::Result<()> {
    replace(path, text).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::ReadOnlyFilesystem => "; it is mounted read-only, so change it where it comes from",
            ErrorKind::ResourceBusy => "; it is a mount of its own, so mount the directory that holds it instead",
            _ => "",
        };
        io::Error::new(error.kind(), format!("{} cannot be written: {error}{hint}", path.display()))
    })
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = behind_links(path)?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let old = match fs::metadata(&path) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };

    let mut new = NamedTempFile::new_in(directory)?;
    new.write_all(text.as_bytes())?;
    if let Some(old) = old {
        take_after(new.as_file(), &old)?;
    }
    new.as_file().sync_all()?;
    new.persist(&path)?;
    // The new text is in place. If the directory cannot be synced, as on some network file systems, a power cut may bring
    // the old one back, whole.
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
    Ok(())
}

/// The path of the file itself, also if it does not exist yet.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            // It is no link, or there is nothing there.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "too many symbolic links"))
}

/// Gives `new` the owner and the mode of the old file.
fn take_after(new: &File, old: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let ours = new.metadata()?;
        if (ours.uid(), ours.gid()) != (old.uid(), old.gid()) {
            // Only root may give a file away; then a person can still edit what was theirs. For others it becomes ours.
            let _ = fchown(new, Some(old.uid()), Some(old.gid()));
        }
    }
    new.set_permissions(old.permissions())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tempfile::TempDir;

    use super::*;

    fn names(directory: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_text_is_replaced_and_nothing_else_is_left() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("a.json");
        for text in ["{}", "", "{\"long\": [1, 2, 3]}"] {
            write_atomically(&path, text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(names(&directory), ["a.json"]);
    }

    #[cfg(unix)]
    #[test]
    fn the_mode_is_kept_and_a_new_file_is_private() {
        use std::os::unix::fs::PermissionsExt;

        let directory = TempDir::new().unwrap();
        let path = directory.path().join("a.json");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        write_atomically(&path, "1").unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        write_atomically(&path, "2").unwrap();
        assert_eq!(mode(), 0o664);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_the_file_behind_it_is_replaced() {
        use std::os::unix::fs::symlink;

        let directory = TempDir::new().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("real")).unwrap();
        symlink("second", at("first")).unwrap();
        symlink("real/a.json", at("second")).unwrap();
        for text in ["made", "replaced"] {
            write_atomically(&at("first"), text).unwrap();
            assert_eq!(fs::read_to_string(at("real/a.json")).unwrap(), text);
        }
        assert_eq!(fs::read_link(at("first")).unwrap(), Path::new("second"));
        assert_eq!(fs::read_link(at("second")).unwrap(), Path::new("real/a.json"));

        symlink("loop", at("loop")).unwrap();
        let error = write_atomically(&at("loop"), "x").unwrap_err();
        assert!(error.to_string().ends_with("loop cannot be written: too many symbolic links"), "{error}");
    }

    #[test]
    fn a_failure_leaves_everything_as_it_was_and_names_the_file() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("a");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), "old").unwrap();
        let error = write_atomically(&path, "new").unwrap_err();
        assert!(error.to_string().starts_with(&format!("{} cannot be written: ", path.display())), "{error}");
        assert_eq!(fs::read_to_string(path.join("inside")).unwrap(), "old");
        assert_eq!(names(&directory), ["a"]);
    }

    /// The superuser may write to any directory; this one takes no new file from anybody.
    #[cfg(target_os = "linux")]
    #[test]
    fn where_no_file_can_be_made_the_old_one_is_not_written_to() {
        let path = Path::new("/proc/self/comm");
        let old = fs::read_to_string(path).unwrap();
        let error = write_atomically(path, "new").unwrap_err();
        assert!(error.to_string().starts_with("/proc/self/comm cannot be written: "), "{error}");
        assert_eq!(fs::read_to_string(path).unwrap(), old);
    }

    #[test]
    fn a_reader_sees_the_old_text_or_the_new_one_whole() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("a.json");
        let texts = ["a".repeat(100_000), "b".repeat(50_000)];
        write_atomically(&path, &texts[0]).unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let text = fs::read_to_string(&path).unwrap();
                    assert!(texts.contains(&text), "{} bytes", text.len());
                }
            });
            let written = (1..100).try_for_each(|turn| write_atomically(&path, &texts[turn % 2]));
            done.store(true, Ordering::Relaxed);
            written.unwrap();
        });
    }
}
