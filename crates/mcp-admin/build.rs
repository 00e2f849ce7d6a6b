//! Lists the files of the pages, so that they become part of the program: those of `ui/`, and the terminal emulator from npm if
//! `cargo xtask ui` has put it into `target/ui`, or it is in the folder that `MCP_ADMIN_UI` names.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// What is in `ui/` for those who work on the pages, and not for browsers.
const NOT_SERVED: [&str; 3] = ["node_modules", "package.json", "package-lock.json"];

fn main() -> io::Result<()> {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from);
    let (Some(here), Some(out)) = (variable("CARGO_MANIFEST_DIR"), variable("OUT_DIR")) else {
        return Err(io::Error::other("cargo runs this"));
    };
    println!("cargo::rerun-if-env-changed=MCP_ADMIN_UI");
    let mut files = Vec::new();
    list(&here.join("ui"), "", &mut files)?;
    let vendor = variable("MCP_ADMIN_UI").unwrap_or_else(|| here.join("../../target/ui"));
    if vendor.is_dir() {
        list(&vendor, "vendor/", &mut files)?;
    } else {
        // Once it is there, it is to be noticed; its folder need not exist.
        println!("cargo::rerun-if-changed={}", vendor.display());
    }
    files.sort();
    let entries: Vec<_> =
        files.iter().map(|(name, path)| format!("({name:?}, include_bytes!({:?})),", path.display())).collect();
    fs::write(out.join("files.rs"), format!("&[{}]", entries.join("\n")))
}

fn list(folder: &Path, before: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if NOT_SERVED.contains(&&*name) || name.starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{before}{name}/"), files)?;
        } else {
            files.push((format!("{before}{name}"), entry.path()));
        }
    }
    Ok(())
}
