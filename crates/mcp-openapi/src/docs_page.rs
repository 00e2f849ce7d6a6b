//! The page on which a person tries the tools.

use std::borrow::Cow;

/// What the page may do, for the header `Content-Security-Policy`: load its own two files, and talk to its own origin.
pub const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                               base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// One of the files of the page. Nothing in them needs a key: the page asks for one if the document does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocsFile {
    /// The page itself.
    Page,
    /// `page.js`
    Script,
    /// `page.css`
    Style,
}

impl DocsFile {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "page.js" => Some(Self::Script),
            "page.css" => Some(Self::Style),
            _ => None,
        }
    }

    /// The value of the header `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Page => "text/html; charset=utf-8",
            Self::Script => "text/javascript; charset=utf-8",
            Self::Style => "text/css; charset=utf-8",
        }
    }

    /// The file, as it is sent to who asked for `path`: the page refers to what is next to it, which a slash at the end
    /// moves.
    #[must_use]
    pub fn text(self, path: &str) -> Cow<'static, str> {
        match self {
            Self::Page => {
                let up = if path.ends_with('/') { "../" } else { "" };
                include_str!("../docs/page.html").replace("{up}", up).into()
            }
            Self::Script => include_str!("../docs/page.js").into(),
            Self::Style => include_str!("../docs/page.css").into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [DocsFile; 3] = [DocsFile::Page, DocsFile::Script, DocsFile::Style];

    #[test]
    fn the_page_refers_to_what_is_next_to_it() {
        for (path, up) in [("/docs", ""), ("/docs/", "../"), ("/a/docs", "")] {
            let page = DocsFile::Page.text(path);
            for reference in ["docs/page.css", "docs/page.js", "openapi.json"] {
                assert!(page.contains(&format!("\"{up}{reference}\"")), "{path} {reference}");
            }
            assert!(!page.contains('{'), "nothing is left to be filled in");
        }
    }

    #[test]
    fn the_page_keeps_to_its_policy() {
        let page = DocsFile::Page.text("/docs");
        for inline in ["<style", " style=", " onclick", " onload", "javascript:", "http:", "https:", "<img", "<base"] {
            assert!(!page.contains(inline), "{inline}");
        }
        assert_eq!(page.matches("<script").count(), page.matches("<script src=").count());
        let script = DocsFile::Script.text("");
        for markup in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "localStorage"]
        {
            assert!(!script.contains(markup), "{markup}");
        }
        assert!(!DocsFile::Style.text("").contains("url("));
    }

    #[test]
    fn the_page_is_small() {
        let size: usize = ALL.iter().map(|file| file.text("/docs").len()).sum();
        assert!(size <= 20 << 10, "{size} bytes");
    }
}
