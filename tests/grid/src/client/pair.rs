//! The client on HTTP+SSE.

use std::io::{self, BufReader};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::{Incoming, Link};
use crate::Json;
use crate::http::{self, Event, Head};

/// The stream, and where to post.
#[derive(Debug)]
pub(crate) struct Pair {
    stream: TcpStream,
    post: String,
}

impl Pair {
    pub(crate) fn open(url: &str) -> io::Result<(Self, Receiver<Incoming>)> {
        let stream = http::send(url, "GET", &[("accept", "text/event-stream")], None)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let wrong = |what: &str| io::Error::other(format!("{url}: {what}"));
        let head = Head::read(&mut reader)?.ok_or_else(|| wrong("no answer"))?;
        let mut events = BufReader::new(head.body(reader));
        let first = Event::read(&mut events)?.filter(|first| first.name.as_deref() == Some("endpoint"));
        let first = first.ok_or_else(|| wrong(&format!("no endpoint but {}", head.start)))?;
        let post = if first.data.starts_with('/') {
            format!("http://{}{}", http::split(url).0, first.data)
        } else {
            first.data
        };
        let (sender, inbox) = channel();
        thread::spawn(move || {
            while let Ok(Some(event)) = Event::read(&mut events) {
                let message = serde_json::from_str(&event.data).map(|message| Incoming::Message(None, message));
                if sender
                    .send(message.unwrap_or_else(|error| Incoming::Fault(format!("{error}: {}", event.data))))
                    .is_err()
                {
                    return;
                }
            }
        });
        Ok((Self { stream, post }, inbox))
    }
}

impl Link for Pair {
    fn send(&mut self, message: &Json) -> io::Result<()> {
        let (status, body) = http::exchange(&self.post, "POST", &[], Some(&message.to_string()))?;
        if (200..300).contains(&status) { Ok(()) } else { Err(io::Error::other(format!("{status} {body}"))) }
    }

    fn end(&mut self) -> Option<u16> {
        let _ = self.stream.shutdown(Shutdown::Both);
        None
    }
}
