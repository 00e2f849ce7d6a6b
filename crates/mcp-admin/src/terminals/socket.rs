//! A terminal over a WebSocket.
//!
//! Binary messages are input one way and output the other, output from before first. Text messages are JSON: `{"resize":
//! {"cols":…,"rows":…}}` from the browser, `{"exit":{"code":…}}` or `{"exit":{"signal":…}}` to it. `{"replay":…}` comes first where
//! somebody has seen output before: that many bytes are shown again, and what they ask a screen has been answered.

use std::time::Duration;

use bytes::Bytes;
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use http::{HeaderMap, HeaderValue, header};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{interval, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        error::CapacityError,
        handshake::derive_accept_key,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{Attachment, Exit, Gone, Next, Size, terminal::Hands};

/// Bytes of a message from the browser.
const LARGEST: usize = 64 * 1024;
/// The version of the protocol, the only one there is.
const VERSION: &str = "13";
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Codes of our own for the end of a connection.
mod code {
    /// Somebody else has opened the terminal.
    pub(super) const TAKEN_OVER: u16 = 4001;
    /// The connection took nothing for too long.
    pub(super) const TOO_SLOW: u16 = 4002;
    /// The login has ended.
    pub(super) const SIGNED_OUT: u16 = 4003;
}

/// How it is found out that nobody is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SocketTiming {
    /// How often the browser is asked. Default: 30 s.
    pub(crate) ping: Duration,
    /// How long it may say nothing at all, not even an answer to that. Default: 90 s.
    pub(crate) silence: Duration,
}

impl Default for SocketTiming {
    fn default() -> Self {
        Self { ping: Duration::from_secs(30), silence: Duration::from_secs(90) }
    }
}

/// A request that does not ask for a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is a WebSocket; it needs a GET with `Upgrade: websocket` and `Sec-WebSocket-Version: 13`")]
pub(crate) struct NoWebSocket;

/// The value of `Sec-WebSocket-Accept` for a request that asks for a WebSocket.
///
/// # Errors
///
/// Fails if it asks for something else.
pub(crate) fn accept_key(headers: &HeaderMap) -> Result<HeaderValue, NoWebSocket> {
    let has = |name, word: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(word))
    };
    let asked = has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, VERSION);
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| asked).ok_or(NoWebSocket)?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| NoWebSocket)
}

/// Shows a terminal over a connection that was upgraded to a WebSocket, until one of them ends, or `signed_out` does.
/// The terminal runs on if it is not the one.
pub(crate) async fn serve(
    io: impl AsyncRead + AsyncWrite + Unpin + Send,
    mut attachment: Attachment,
    timing: SocketTiming,
    signed_out: impl Future<Output = ()>,
) {
    let config = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
    let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
    let (mut sink, mut stream) = socket.split();
    let hands = attachment.hands();
    let end = tokio::select! {
        end = send(&mut sink, &mut attachment, timing.ping) => end,
        end = receive(&mut stream, &hands, timing.silence) => end,
        gone = hands.lost() => Some(farewell(gone)),
        () = signed_out => Some(close(code::SIGNED_OUT, "you are signed out")),
    };
    // Now: who comes back finds it free even while this one does not let go.
    drop(attachment);
    let Some(frame) = end else { return };
    let goodbye = async {
        // Whoever does not take it will see the connection end.
        let _ = sink.send(Message::Close(Some(frame))).await;
        while let Some(Ok(_)) = stream.next().await {}
    };
    let _ = timeout(GOODBYE, goodbye).await;
}

/// How a connection is ended; `None` if there is nobody to tell.
type End = Option<CloseFrame>;

async fn send<S: AsyncRead + AsyncWrite + Unpin>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    attachment: &mut Attachment,
    ping: Duration,
) -> End {
    let again = attachment.again();
    if again > 0 {
        sink.send(Message::text(format!(r#"{{"replay":{again}}}"#))).await.ok()?;
    }
    let mut pings = interval(ping);
    pings.reset();
    loop {
        let message = tokio::select! {
            next = attachment.next() => match next {
                Next::Output(bytes) => Message::Binary(bytes),
                Next::Gone(gone) => return Some(farewell(gone)),
                Next::Exit(exit) => {
                    sink.send(Message::text(told(exit))).await.ok()?;
                    return Some(close(CloseCode::Normal.into(), "the shell has ended"));
                }
            },
            _ = pings.tick() => Message::Ping(Bytes::new()),
        };
        sink.send(message).await.ok()?;
    }
}

async fn receive<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut SplitStream<WebSocketStream<S>>,
    hands: &Hands,
    silence: Duration,
) -> End {
    loop {
        match timeout(silence, stream.next()).await.ok()?? {
            Ok(Message::Binary(bytes)) => hands.type_in(bytes).await,
            Ok(Message::Text(text)) => match resize(&text) {
                Some(size) => hands.resize(size),
                None => return Some(close(CloseCode::Unsupported.into(), "this text message means nothing here")),
            },
            Ok(_) => {}
            Err(Error::Capacity(CapacityError::MessageTooLong { .. })) => {
                return Some(close(CloseCode::Size.into(), "a message may have 64 KiB"));
            }
            Err(error) => {
                tracing::debug!(%error, "the connection of a terminal broke");
                return None;
            }
        }
    }
}

fn resize(text: &str) -> Option<Size> {
    #[derive(serde::Deserialize)]
    struct Said {
        resize: Size,
    }
    serde_json::from_str::<Said>(text).ok().map(|said| said.resize)
}

fn told(exit: Exit) -> String {
    let numbers = serde_json::to_string(&exit).unwrap_or_else(|_| "{}".to_owned());
    format!(r#"{{"exit":{numbers}}}"#)
}

fn farewell(gone: Gone) -> CloseFrame {
    match gone {
        Gone::TakenOver => close(code::TAKEN_OVER, "the terminal was opened in another window"),
        Gone::TooSlow => close(code::TOO_SLOW, "the connection was too slow; open the terminal again"),
    }
}

fn close(code: u16, reason: &'static str) -> CloseFrame {
    CloseFrame { code: code.into(), reason: Utf8Bytes::from_static(reason) }
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
