//! Where a client is in the lists of tasks of several servers.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use percent_encoding::{percent_decode_str, utf8_percent_encode};

use crate::uri::ENCODED;

/// What the text of a cursor starts with before it is encoded, so that it is none of another list.
const MARK: &str = "tasks:";

/// A cursor for clients that holds, of each server that has more, its name and its own cursor.
pub(crate) fn write_cursor(next: &[(&str, String)]) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let pairs: Vec<_> = next.iter().map(|(server, own)| format!("{}:{}", encoded(server), encoded(own))).collect();
    URL_SAFE_NO_PAD.encode(format!("{MARK}{}", pairs.join(",")))
}

/// Reads what [`write_cursor`] gave; `None` for anything else.
pub(crate) fn read_cursor(text: &str) -> Option<Vec<(String, String)>> {
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let decoded = |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
    let pair = |pair: &str| {
        let (server, own) = pair.split_once(':')?;
        Some((decoded(server)?, decoded(own)?))
    };
    plain.strip_prefix(MARK)?.split(',').map(pair).collect()
}

#[cfg(test)]
mod tests {
    use mcp_protocol::ListKind;

    use super::*;
    use crate::cursor::Cursor;

    #[test]
    fn what_is_written_reads_back() {
        let next = [("a", "1:2,3".to_owned()), ("b,é", String::new())];
        let read = read_cursor(&write_cursor(&next)).unwrap();
        assert_eq!(read, next.map(|(server, own)| (server.to_owned(), own)));
    }

    #[test]
    fn another_list_or_garbage_has_no_cursor() {
        let tools = Cursor { kind: ListKind::Tools, at: 1, key: "a".into() }.write();
        for text in ["", "%", &*tools, &URL_SAFE_NO_PAD.encode("tasks:"), &URL_SAFE_NO_PAD.encode("tasks:a")] {
            assert_eq!(read_cursor(text), None, "{text}");
        }
        assert_eq!(Cursor::read(ListKind::Tools, &write_cursor(&[("a", "1".to_owned())])), None);
    }
}
