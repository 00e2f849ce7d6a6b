//! Fetches what the admin's pages take from npm: the terminal emulator.
//!
//! It is never committed and never needed for a build; with it in `target/ui`, the next build of `mcp-admin` embeds it.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::{fs, io};

/// Where the pages say what they need, with exact versions and checksums.
const MANIFEST: &str = "crates/mcp-admin/ui";
/// What browsers get of the packages, and by which names.
const FILES: [(&str, &str); 3] = [
    ("@xterm/xterm/lib/xterm.js", "xterm.js"),
    ("@xterm/xterm/css/xterm.css", "xterm.css"),
    ("@xterm/addon-fit/lib/addon-fit.js", "addon-fit.js"),
];

pub(crate) fn run(root: &Path) -> ExitCode {
    match fetch(root) {
        Ok(()) => {
            println!("target/ui has the terminal emulator; the next build of mcp-hub has it, too");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("the terminal emulator could not be fetched: {error}; builds go on without it");
            ExitCode::FAILURE
        }
    }
}

fn fetch(root: &Path) -> io::Result<()> {
    let packages = root.join("target/ui-packages");
    fs::create_dir_all(&packages)?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(root.join(MANIFEST).join(name), packages.join(name))?;
    }
    // No install scripts: the packages are plain files.
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    let status = Command::new("npm").args(arguments).current_dir(&packages).status()?;
    if !status.success() {
        return Err(io::Error::other(format!("npm: {status}")));
    }
    let out = root.join("target/ui");
    fs::create_dir_all(&out)?;
    for (from, to) in FILES {
        let text = fs::read_to_string(packages.join("node_modules").join(from))?;
        fs::write(out.join(to), without_map(&text))?;
    }
    Ok(())
}

/// Without the line that leads to a source map, which is not served.
fn without_map(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with("//# sourceMappingURL=")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_map_is_not_named() {
        assert_eq!(without_map("a()\n//# sourceMappingURL=a.js.map\n"), "a()");
    }
}
