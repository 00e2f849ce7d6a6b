//! What to try when a program cannot be started.

use std::{
    ffi::OsStr,
    io::{self, ErrorKind},
    path::Path,
};

use mcp_transport::ConnectError;

/// The system's `error` in words for whoever has configured `program`.
pub(crate) fn spawn_error(program: &OsStr, cwd: Option<&Path>, error: io::Error) -> ConnectError {
    let (hint, source) = explain(program, cwd, error);
    ConnectError::Spawn { program: program.to_string_lossy().into_owned(), hint, source }
}

fn explain(program: &OsStr, cwd: Option<&Path>, error: io::Error) -> (&'static str, io::Error) {
    let bad_cwd = cwd.filter(|cwd| !cwd.is_dir());
    if let Some(cwd) = bad_cwd.filter(|_| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)) {
        let which = io::Error::new(error.kind(), format!("{} is no directory", cwd.display()));
        return ("its working directory does not exist; create it or correct the setting", which);
    }
    let hint = match error.kind() {
        ErrorKind::NotFound if cwd.unwrap_or(Path::new("")).join(program).is_file() => {
            "the file is there, but the interpreter that its first line names is not"
        }
        ErrorKind::NotFound => "is it installed and on PATH?",
        ErrorKind::PermissionDenied => "it is not executable, or a directory on the way is closed; `chmod +x` may help",
        ErrorKind::InvalidInput => "its name, an argument or a variable has a NUL byte in it",
        ErrorKind::ArgumentListTooLong => "its arguments and variables are longer than the system allows",
        ErrorKind::WouldBlock | ErrorKind::OutOfMemory => {
            "the system has no room for another process; raise its limit or run fewer servers"
        }
        _ if is_no_program(&error) => {
            "it is no program for this machine, or a script without a first line such as `#!/bin/sh`"
        }
        _ if is_out_of_files(&error) => "this process has too many files open; raise the limit with `ulimit -n`",
        _ => "the system gives the reason",
    };
    (hint, error)
}

#[cfg(unix)]
fn is_no_program(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error())
}

#[cfg(unix)]
fn is_out_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

#[cfg(not(unix))]
fn is_no_program(_: &io::Error) -> bool {
    false
}

#[cfg(not(unix))]
fn is_out_of_files(_: &io::Error) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: io::Error, expect: &str) {
        let (hint, _) = explain(OsStr::new("no-such-program"), None, error);
        assert!(hint.contains(expect), "{hint}");
    }

    #[test]
    fn each_reason_has_its_advice() {
        check(ErrorKind::NotFound.into(), "installed");
        check(ErrorKind::PermissionDenied.into(), "executable");
        check(ErrorKind::WouldBlock.into(), "no room");
        check(ErrorKind::InvalidInput.into(), "NUL");
        check(ErrorKind::Other.into(), "reason");
    }

    #[cfg(unix)]
    #[test]
    fn the_systems_own_numbers_have_theirs() {
        use rustix::io::Errno;
        check(Errno::NOEXEC.into(), "#!/bin/sh");
        check(Errno::MFILE.into(), "ulimit");
        check(Errno::TOOBIG.into(), "longer");
        check(Errno::AGAIN.into(), "no room");
    }

    #[test]
    fn a_missing_working_directory_is_named() {
        let cwd = Path::new("/no/such/folder");
        let error = spawn_error(OsStr::new("sh"), Some(cwd), ErrorKind::NotFound.into());
        assert!(error.to_string().contains("working directory"), "{error}");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("/no/such/folder"), "{source}");
    }
}
