//! What a child writes to its stderr: to the log, and to the last words that errors quote.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use mcp_transport::{LogSource, ServerLog};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The last lines a child wrote, at most 64 KiB of them.
#[derive(Debug, Default)]
pub(crate) struct LastWords(Mutex<Ring>);

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<String>,
    bytes: usize,
}

/// Bytes that are kept.
const KEPT: usize = 64 * 1024;
/// How many lines, and bytes of lines, an error quotes.
const QUOTED: (usize, usize) = (20, 4 * 1024);
/// A longer line is cut into pieces of this many bytes.
const LINE: usize = 4 * 1024;
/// Bytes that may be logged in a window of time.
const LOGGED: (usize, Duration) = (1 << 20, Duration::from_mins(1));

/// Reads until the end, whatever becomes of the lines: a child whose stderr is not read stands still.
pub(crate) async fn run(
    mut pipe: impl AsyncRead + Unpin,
    server: Arc<str>,
    last_words: Arc<LastWords>,
    log: Option<ServerLog>,
) {
    let mut lines = Lines::default();
    let mut throttle = Throttle::new(Instant::now());
    let mut each = |line: &[u8]| {
        let line = readable(line);
        let (dropped, admitted) = throttle.admit(line.len(), Instant::now());
        notice(&server, dropped);
        if admitted {
            tracing::info!(%server, "{line}");
        }
        if let Some(log) = &log {
            log.push(LogSource::Stderr, &*line);
        }
        last_words.push(line);
    };
    let mut buffer = vec![0; 8 * 1024];
    while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
        lines.cut(&buffer[..length], &mut each);
    }
    lines.finish(&mut each);
    notice(&server, throttle.dropped);
}

fn notice(server: &str, dropped: usize) {
    if dropped > 0 {
        tracing::warn!(%server, bytes = dropped, "the server writes more to its stderr than is logged; some was left out");
    }
}

impl LastWords {
    /// The lines an error quotes, oldest first.
    pub(crate) fn get(&self) -> Vec<String> {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = 0;
        let fits = |line: &&String| {
            bytes += line.len();
            bytes <= QUOTED.1
        };
        let mut lines: Vec<_> = ring.lines.iter().rev().take(QUOTED.0).take_while(fits).cloned().collect();
        lines.reverse();
        lines
    }

    fn push(&self, line: String) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ring.bytes += line.len();
        ring.lines.push_back(line);
        while ring.bytes > KEPT || ring.lines.len() > KEPT / 16 {
            let Some(oldest) = ring.lines.pop_front() else { return };
            ring.bytes -= oldest.len();
        }
    }
}

/// Cuts bytes into lines of bounded length.
#[derive(Debug, Default)]
struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    fn cut(&mut self, bytes: &[u8], each: &mut impl FnMut(&[u8])) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            for piece in part.chunks(LINE) {
                if self.begun.len() + piece.len() > LINE + 1 {
                    self.finish(each);
                }
                self.begun.extend_from_slice(piece);
            }
            if part.ends_with(b"\n") {
                self.finish(each);
            }
        }
    }

    /// Passes on what has begun; a last line needs no line end.
    fn finish(&mut self, each: &mut impl FnMut(&[u8])) {
        let line = self.begun.trim_ascii_end();
        if !line.is_empty() {
            each(line);
        }
        self.begun.clear();
    }
}

/// The line as text that a terminal or a log may show: control characters and those that turn the direction of writing
/// are escaped.
fn readable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut readable = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => readable.push(' '),
            '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                // Writing to a string cannot fail.
                let _ = write!(readable, "{}", c.escape_unicode());
            }
            c if c.is_control() => {
                let _ = write!(readable, "{}", c.escape_default());
            }
            c => readable.push(c),
        }
    }
    readable
}

/// Lets a bounded number of bytes through in each window of time.
#[derive(Debug)]
struct Throttle {
    since: Instant,
    logged: usize,
    dropped: usize,
}

impl Throttle {
    fn new(now: Instant) -> Self {
        Self { since: now, logged: 0, dropped: 0 }
    }

    /// How much was left out before this line, if it is time to say so, and whether the line may pass.
    fn admit(&mut self, bytes: usize, now: Instant) -> (usize, bool) {
        let mut notice = 0;
        if now.duration_since(self.since) >= LOGGED.1 {
            notice = self.dropped;
            *self = Self::new(now);
        }
        let admitted = self.logged + bytes <= LOGGED.0;
        *(if admitted { &mut self.logged } else { &mut self.dropped }) += bytes;
        (notice, admitted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(portions: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let mut each = |line: &[u8]| found.push(line.to_vec());
        let mut lines = Lines::default();
        for portion in portions {
            lines.cut(portion, &mut each);
        }
        lines.finish(&mut each);
        found
    }

    #[test]
    fn lines_are_cut_at_their_ends_wherever_portions_end() {
        assert_eq!(cut(&[b"a\nb\r\n\nc"]), [b"a", b"b", b"c"]);
        assert_eq!(cut(&[b"a", b"b\r", b"\nc", b"\n"]), [&b"ab"[..], b"c"]);
    }

    #[test]
    fn a_long_line_comes_in_pieces_and_nothing_of_it_is_lost() {
        let long = vec![b'x'; 3 * LINE + 5];
        let pieces = cut(&[&long[..10], &long[10..], b"\nend\n"]);
        assert!(pieces.iter().all(|piece| piece.len() <= LINE + 1));
        assert_eq!(pieces[..pieces.len() - 1].concat(), long);
        assert_eq!(pieces.last().unwrap(), b"end");
    }

    #[test]
    fn control_characters_and_broken_text_become_readable() {
        assert_eq!(readable(b"\x1b[31mred\x1b[0m\tx\0"), "\\u{1b}[31mred\\u{1b}[0m x\\u{0}");
        assert_eq!(readable("a\u{202e}b\r".as_bytes()), "a\\u{202e}b\\r");
        assert_eq!(readable(b"\xff\xfe caf\xc3\xa9"), "\u{fffd}\u{fffd} café");
    }

    #[test]
    fn the_last_twenty_lines_are_quoted_if_they_are_short() {
        let words = LastWords::default();
        for n in 0..10_000 {
            words.push(format!("line {n}"));
        }
        let quoted = words.get();
        assert_eq!((quoted.len(), &quoted[0][..], &quoted[19][..]), (20, "line 9980", "line 9999"));
        assert!(words.0.lock().unwrap().bytes <= KEPT);
    }

    #[test]
    fn what_is_kept_and_what_is_quoted_has_a_bound() {
        let words = LastWords::default();
        for _ in 0..100 {
            words.push("x".repeat(LINE / 2));
        }
        assert_eq!(words.get().len(), 2, "4 KiB are quoted");
        let ring = words.0.lock().unwrap();
        assert_eq!((ring.bytes, ring.lines.len()), (KEPT, 32));
    }

    #[test]
    fn a_flood_is_left_out_and_said_once() {
        let start = Instant::now();
        let mut throttle = Throttle::new(start);
        assert_eq!(throttle.admit(LOGGED.0, start), (0, true), "at the limit");
        assert_eq!(throttle.admit(1, start), (0, false), "one past it");
        assert_eq!(throttle.admit(9, start + Duration::from_secs(59)), (0, false));
        assert_eq!(throttle.admit(1, start + LOGGED.1), (10, true));
        assert_eq!(throttle.admit(1, start + LOGGED.1), (0, true));
    }
}
