//! The files of the pages: part of the program, or in a folder for those who work on them.

use std::{borrow::Cow, path::PathBuf, sync::LazyLock};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use http::{
    HeaderMap, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};

use crate::answer::{Body, full};

/// The page that every path leads to which is nothing else: its own code finds out what to show there.
const SHELL: &str = "index.html";

/// Name and content.
type Files = &'static [(&'static str, &'static [u8])];

const FILES: Files = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The entity tags of [`FILES`], in their order.
static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| FILES.iter().map(|(_, content)| tag(content)).collect());

/// Where files come from.
#[derive(Debug, Default)]
pub(crate) struct Assets {
    /// Read at every request, if it is there; else the files are those of the program.
    pub(crate) folder: Option<PathBuf>,
}

impl Assets {
    /// The file at `path`, or the shell where there is none.
    pub(crate) async fn answer(&self, path: &str, headers: &HeaderMap) -> Response<Body> {
        let name = path.trim_start_matches('/');
        let (name, content, etag) = match self.find(name).await {
            Some((content, etag)) => (name, content, etag),
            None => match self.find(SHELL).await {
                Some((content, etag)) => (SHELL, content, etag),
                None => ("none.txt", Bytes::from_static(b"the pages are not part of this program\n"), String::new()),
            },
        };
        let is_known = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
        let (status, content) =
            if is_known { (StatusCode::NOT_MODIFIED, Bytes::new()) } else { (StatusCode::OK, content) };
        let mut response = Response::new(full(content));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(media_type(name)));
        headers.insert(CACHE_CONTROL, http::HeaderValue::from_static("no-cache"));
        if let Ok(etag) = etag.parse() {
            headers.insert(ETAG, etag);
        }
        response
    }

    async fn find(&self, name: &str) -> Option<(Bytes, String)> {
        let Some(folder) = &self.folder else {
            let at = FILES.iter().position(|(known, _)| *known == name)?;
            return Some((Bytes::from_static(FILES[at].1), TAGS.get(at)?.clone()));
        };
        let is_plain =
            |segment: &str| !segment.is_empty() && !segment.starts_with('.') && !segment.contains(['\\', ':']);
        if !name.split('/').all(is_plain) {
            return None;
        }
        let content = Bytes::from(tokio::fs::read(folder.join(name)).await.ok()?);
        let etag = tag(&content);
        Some((content, etag))
    }
}

fn tag(content: &[u8]) -> String {
    format!("\"{}\"", crate::hex::hex(&digest(&SHA256, content).as_ref()[..12]))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| Cow::Owned(ending.to_ascii_lowercase())).as_deref() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "map") => "application/json",
        Some("woff2") => "font/woff2",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_path_leads_to_the_shell_and_what_is_known_is_not_sent_again() {
        let assets = Assets::default();
        let mut headers = HeaderMap::new();
        for path in ["/", "/servers/a.b", "/../Cargo.toml", "/none.js"] {
            let answer = assets.answer(path, &headers).await;
            assert_eq!(answer.headers()[CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
        }
        let etag = assets.answer("/", &headers).await.headers()[ETAG].clone();
        headers.insert(IF_NONE_MATCH, etag);
        assert_eq!(assets.answer("/", &headers).await.status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn a_folder_is_not_left() {
        let directory = tempfile::TempDir::new().unwrap();
        let pages = directory.path().join("pages");
        std::fs::create_dir(&pages).unwrap();
        std::fs::write(pages.join("index.html"), "shell").unwrap();
        std::fs::write(directory.path().join("secret.txt"), "secret").unwrap();
        let assets = Assets { folder: Some(pages) };
        for path in ["/../secret.txt", "//../secret.txt", "/./../secret.txt", "/"] {
            assert_eq!(&assets.find(path.trim_start_matches('/')).await.unwrap_or_default().0[..], b"", "{path}");
        }
        assert_eq!(&assets.find("index.html").await.unwrap().0[..], b"shell");
    }
}
