//! HTTP/1.1 as it is on the wire: heads, bodies and events. Blocking, and one exchange for each connection.

use std::fmt::Write as _;
use std::io::{self, BufRead, Read, Write};
use std::net::TcpStream;

use crate::Json;

/// The first line, and the headers in order, names in lower case.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) start: String,
    headers: Vec<(String, String)>,
}

impl Head {
    /// Reads one; `None` where the connection ends before it.
    pub(crate) fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut start = String::new();
        if from.read_line(&mut start)? == 0 {
            return Ok(None);
        }
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            from.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok(Some(Self { start: start.trim_end().to_owned(), headers }))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// Of a response.
    pub(crate) fn status(&self) -> u16 {
        self.start.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    /// Of a request: method and path.
    pub(crate) fn asks(&self) -> (&str, &str) {
        let mut words = self.start.split(' ');
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// The body that follows, of a response without a length up to the end of the connection.
    pub(crate) fn body<R: BufRead>(&self, from: R) -> Body<R> {
        let is_request = !self.start.starts_with("HTTP/");
        let left = if self.get("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            Left::Chunk(0)
        } else if let Some(length) = self.get("content-length").and_then(|length| length.parse().ok()) {
            Left::Fixed(length)
        } else if is_request || self.status() == 204 {
            Left::Fixed(0)
        } else {
            Left::All
        };
        Body { from, left }
    }
}

#[derive(Debug)]
enum Left {
    Fixed(usize),
    /// So much of the chunk that has begun.
    Chunk(usize),
    All,
}

/// A body, without its framing.
#[derive(Debug)]
pub(crate) struct Body<R> {
    from: R,
    left: Left,
}

impl<R: BufRead> Read for Body<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Left::Chunk(0) = self.left {
            let mut line = String::new();
            self.from.read_line(&mut line)?;
            if line.trim().is_empty() {
                line.clear();
                self.from.read_line(&mut line)?;
            }
            let size = usize::from_str_radix(line.trim(), 16).unwrap_or_default();
            self.left = if size == 0 { Left::Fixed(0) } else { Left::Chunk(size) };
        }
        let most = match self.left {
            Left::Fixed(left) | Left::Chunk(left) => left.min(into.len()),
            Left::All => into.len(),
        };
        if most == 0 {
            // Looking for more would wait for the next message.
            return Ok(0);
        }
        let read = self.from.read(&mut into[..most])?;
        match &mut self.left {
            Left::Fixed(left) | Left::Chunk(left) => *left -= read,
            Left::All => {}
        }
        Ok(read)
    }
}

/// One event of a stream.
#[derive(Debug, Default)]
pub(crate) struct Event {
    pub(crate) name: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) data: String,
}

impl Event {
    /// The next one; `None` at the end of the stream.
    pub(crate) fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut event = Self::default();
        let mut any = false;
        loop {
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            let line = line.trim_end_matches(['\r', '\n']);
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "" if line.is_empty() && any => return Ok(Some(event)),
                "data" => event.data = if event.data.is_empty() { value.to_owned() } else { event.data + "\n" + value },
                "id" => event.id = Some(value.to_owned()),
                "event" => event.name = Some(value.to_owned()),
                _ => continue,
            }
            any = true;
        }
    }

    pub(crate) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut text = String::new();
        for (name, value) in [("event", &self.name), ("id", &self.id), ("data", &Some(self.data.clone()))] {
            if let Some(value) = value {
                let _ = writeln!(text, "{name}: {value}");
            }
        }
        to.write_all((text + "\n").as_bytes())
    }
}

/// A URL of ours: always `http://ADDRESS/PATH`.
pub(crate) fn split(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    rest.find('/').map_or((rest, "/"), |at| rest.split_at(at))
}

/// Sends one request on a connection of its own.
pub(crate) fn send(url: &str, method: &str, headers: &[(&str, &str)], body: Option<&str>) -> io::Result<TcpStream> {
    let (host, path) = split(url);
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    if let Some(body) = body {
        let _ = write!(text, "content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    }
    let mut stream = TcpStream::connect(host)?;
    stream.set_nodelay(true)?;
    stream.write_all((text + "\r\n" + body.unwrap_or_default()).as_bytes())?;
    Ok(stream)
}

/// A whole exchange: status, and the body if it is JSON.
pub(crate) fn exchange(
    url: &str,
    method: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> io::Result<(u16, Json)> {
    let mut stream = io::BufReader::new(send(url, method, headers, body)?);
    let Some(head) = Head::read(&mut stream)? else { return Ok((0, Json::Null)) };
    let mut text = String::new();
    head.body(stream).read_to_string(&mut text)?;
    Ok((head.status(), serde_json::from_str(&text).unwrap_or(Json::String(text))))
}
