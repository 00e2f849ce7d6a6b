//! Rust files of the workspace, cut into code, strings and comments.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

mod lexer;

pub(crate) use lexer::{Kind, pieces};

/// One Rust file. Paths are relative to the top of the work tree, with `/`.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// The text without the test module at its end.
    pub(crate) fn without_tests(&self) -> &str {
        let mut at = 0;
        let mut lines = self.text.split_inclusive('\n').peekable();
        while let Some(line) = lines.next() {
            let opens = |next: &&str| next.starts_with("mod ") && next.trim_end().ends_with('{');
            if line.trim_end() == "#[cfg(test)]" && lines.peek().is_some_and(opens) {
                return &self.text[..at];
            }
            at += line.len();
        }
        &self.text
    }

    /// Whether the whole file is test code, or a tool or an example around the product.
    pub(crate) fn is_test(&self) -> bool {
        let folders = ["tests/", "examples/", "crates/mcp-testkit/", "crates/xtask/"];
        folders.iter().any(|folder| self.path.starts_with(folder))
            || ["/tests/", "/benches/", "/examples/"].iter().any(|part| self.path.contains(part))
            || self.path.ends_with("/tests.rs")
    }
}

/// Reads every Rust file below the folders that hold our code, sorted by path.
pub(crate) fn read_all(root: &Path) -> io::Result<Vec<Source>> {
    let mut sources = Vec::new();
    for folder in ["crates", "bins", "examples", "tests"] {
        walk(&root.join(folder), &mut |path| {
            if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(Source { path: relative(root, path), text: fs::read_to_string(path)? });
            }
            Ok(())
        })?;
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

/// Visits every file below `folder`, leaving out what tools put there. A folder that does not exist has no files.
pub(crate) fn walk(folder: &Path, visit: &mut impl FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path: PathBuf = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["target", "node_modules", "corpus", "artifacts", "coverage", "__pycache__"].contains(&name.as_str()) {
                walk(&path, visit)?;
            }
        } else {
            visit(&path)?;
        }
    }
    Ok(())
}

pub(crate) fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_module_at_the_end_is_left_out_and_a_declaration_of_one_is_not() {
        let cut = |text: &str| {
            let source = Source { path: String::new(), text: text.to_owned() };
            source.without_tests().to_owned()
        };
        assert_eq!(cut("fn a() {}\n\n#[cfg(test)]\nmod tests {\n}\n"), "fn a() {}\n\n");
        let declared = "#[cfg(test)]\nmod tests;\n\nfn a() {}\n";
        assert_eq!(cut(declared), declared);
    }
}
