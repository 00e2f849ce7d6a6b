//! One keep-alive connection of HTTP/1.1: requests go out as bytes, answers come back as bodies.

use std::io;
use std::net::SocketAddr;

use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::chunks::Chunks;

const READ: usize = 64 << 10;
/// After an answer that needed more than this, the buffer is given back.
const KEPT: usize = 4 << 20;
const MOST_HEADERS: usize = 48;

/// What matters of the head of a response.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) session: Option<String>,
    length: Option<usize>,
    is_chunked: bool,
}

#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    /// What was read; what stands before `done` belongs to responses that are over.
    raw: Vec<u8>,
    done: usize,
    /// The body of a response in chunks, as far as it has come.
    joined: Vec<u8>,
    chunks: Chunks,
}

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, raw: Vec::new(), done: 0, joined: Vec::new(), chunks: Chunks::default() })
    }

    /// Whether the other side has closed it meanwhile.
    pub(crate) fn is_closed(&self) -> bool {
        let unread = self.stream.try_read(&mut [0]);
        !matches!(unread, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    pub(crate) async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request).await
    }

    /// Reads up to the end of the next head; 1xx are passed over.
    pub(crate) async fn head(&mut self) -> io::Result<Head> {
        if self.done == self.raw.len() {
            self.raw.clear();
            if self.raw.capacity() > KEPT {
                self.raw = Vec::new();
            }
        } else {
            self.raw.drain(..self.done);
        }
        self.done = 0;
        self.joined.clear();
        loop {
            if let Some((length, head)) = parse(&self.raw)? {
                self.done = length;
                return Ok(head);
            }
            self.fill().await?;
        }
    }

    /// The whole body of the response with this head.
    pub(crate) async fn body(&mut self, head: &Head) -> io::Result<&[u8]> {
        if head.is_chunked {
            self.chunks = Chunks::default();
            while !self.decode() {
                self.fill().await?;
            }
            return Ok(&self.joined);
        }
        let start = self.done;
        let end = start + head.length.unwrap_or(0);
        self.raw.reserve(end.saturating_sub(self.raw.len()));
        while self.raw.len() < end {
            self.fill().await?;
        }
        self.done = end;
        Ok(&self.raw[start..end])
    }

    /// Puts the text up to the end of the next event of an endless stream into `event`.
    pub(crate) async fn event(&mut self, event: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let is_end = self.decode();
            let end = memmem::find(&self.joined, b"\n\n").map(|at| at + 2);
            if let Some(end) = end.or_else(|| memmem::find(&self.joined, b"\r\n\r\n").map(|at| at + 4)) {
                event.clear();
                event.extend_from_slice(&self.joined[..end]);
                self.joined.drain(..end);
                return Ok(());
            }
            if is_end {
                return Err(io::Error::other("the stream has ended"));
            }
            self.raw.drain(..self.done);
            self.done = 0;
            self.fill().await?;
        }
    }

    /// Moves what there is of a chunked body; true at its end.
    fn decode(&mut self) -> bool {
        let (used, is_end) = self.chunks.decode(&self.raw[self.done..], &mut self.joined);
        self.done += used;
        is_end
    }

    async fn fill(&mut self) -> io::Result<()> {
        self.raw.reserve(READ);
        if self.stream.read_buf(&mut self.raw).await? == 0 {
            return Err(io::Error::other("the connection was closed"));
        }
        Ok(())
    }
}

/// The head and its length, if it is whole.
fn parse(raw: &[u8]) -> io::Result<Option<(usize, Head)>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = response.parse(raw).map_err(io::Error::other)? else { return Ok(None) };
    let mut head = Head { status: response.code.unwrap_or(0), ..Head::default() };
    for header in response.headers.iter() {
        let value = || str::from_utf8(header.value).unwrap_or_default();
        if header.name.eq_ignore_ascii_case("content-length") {
            head.length = value().parse().ok();
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            head.is_chunked = value().eq_ignore_ascii_case("chunked");
        } else if header.name.eq_ignore_ascii_case("mcp-session-id") {
            head.session = Some(value().to_owned());
        }
    }
    Ok(Some((length, head)))
}
