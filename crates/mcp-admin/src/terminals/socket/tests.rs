use tokio::io::DuplexStream;

use super::*;
use crate::terminals::{
    TerminalLimits,
    tests::{attach, terminals},
};

const SIZE: Size = Size { cols: 100, rows: 30 };

type Browser = WebSocketStream<DuplexStream>;

/// Opens a terminal that runs `script` as a browser would; what it returns besides ends with the connection.
async fn open(script: &str, limits: TerminalLimits, timing: SocketTiming) -> (Browser, impl Future<Output = ()>) {
    let terminals = terminals(script, limits);
    let attachment = attach(&terminals, &terminals.start(SIZE).unwrap());
    let (ours, theirs) = tokio::io::duplex(4096);
    let served = tokio::spawn(serve(ours, attachment, timing, std::future::pending()));
    let browser = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
    let over = async move {
        served.await.unwrap();
        terminals.close().await;
    };
    (browser, over)
}

/// The output until `text` comes.
async fn until(browser: &mut Browser, text: &str) {
    let mut shown = String::new();
    while !shown.contains(text) {
        match browser.next().await.unwrap().unwrap() {
            Message::Binary(bytes) => shown.push_str(&String::from_utf8_lossy(&bytes)),
            Message::Ping(_) => {}
            other => panic!("{other:?} after {shown:?}"),
        }
    }
}

/// The code with which the connection ends, and the last text before.
async fn end(browser: &mut Browser) -> (u16, String) {
    let mut last = String::new();
    loop {
        match browser.next().await.unwrap().unwrap() {
            Message::Text(text) => last = text.as_str().to_owned(),
            Message::Close(frame) => return (frame.unwrap().code.into(), last),
            _ => {}
        }
    }
}

#[tokio::test]
async fn typing_resizing_and_the_exit_go_over_the_wire() {
    let (mut browser, over) =
        open("echo hi; read line; stty size; exit 3", TerminalLimits::default(), SocketTiming::default()).await;
    until(&mut browser, "hi\r\n").await;
    browser.send(Message::text(r#"{"resize":{"cols":90,"rows":20}}"#)).await.unwrap();
    browser.send(Message::binary(&b"\n"[..])).await.unwrap();
    until(&mut browser, "20 90\r\n").await;
    assert_eq!(end(&mut browser).await, (1000, r#"{"exit":{"code":3}}"#.to_owned()));
    over.await;
}

/// Otherwise a screen would answer once more what a program has asked it long ago, and the shell would take it as typed.
#[tokio::test]
async fn who_comes_back_is_told_how_much_is_shown_again() {
    let terminals = terminals("echo one; read line; echo two; read line", TerminalLimits::default());
    let id = terminals.start(SIZE).unwrap();
    let open = async || {
        let (ours, theirs) = tokio::io::duplex(4096);
        let served =
            tokio::spawn(serve(ours, attach(&terminals, &id), SocketTiming::default(), std::future::pending()));
        (WebSocketStream::from_raw_socket(theirs, Role::Client, None).await, served)
    };
    let (mut browser, served) = open().await;
    until(&mut browser, "one\r\n").await;
    // Only what comes next says that this was taken.
    browser.send(Message::binary(&b"\n"[..])).await.unwrap();
    until(&mut browser, "two\r\n").await;
    drop(browser);
    served.await.unwrap();
    let (mut browser, served) = open().await;
    let first = browser.next().await.unwrap().unwrap().into_text().unwrap();
    let told: u64 = first.strip_prefix(r#"{"replay":"#).unwrap().strip_suffix('}').unwrap().parse().unwrap();
    assert!(("one\r\n".len() as u64..="one\r\n\r\ntwo\r\n".len() as u64).contains(&told), "{first}");
    until(&mut browser, "two\r\n").await;
    terminals.close().await;
    drop(browser);
    served.await.unwrap();
}

#[tokio::test]
async fn what_is_no_message_of_ours_ends_the_connection() {
    for (message, code) in [
        (Message::text("hello"), 1003),
        (Message::text(r#"{"resize":{"cols":-1,"rows":20}}"#), 1003),
        (Message::binary(vec![b'x'; LARGEST + 1]), 1009),
    ] {
        let (browser, over) = open("exec cat", TerminalLimits::default(), SocketTiming::default()).await;
        let (mut sink, mut stream) = browser.split();
        // The rest of a message that is too large may not be taken any more.
        let send = async { _ = sink.send(message).await };
        let end = async {
            loop {
                if let Message::Close(frame) = stream.next().await.unwrap().unwrap() {
                    return u16::from(frame.unwrap().code);
                }
            }
        };
        assert_eq!(tokio::join!(send, end).1, code);
        drop((sink, stream));
        over.await;
    }
}

#[tokio::test]
async fn signing_out_ends_the_connection_and_not_the_terminal() {
    let terminals = terminals("exec cat", TerminalLimits::default());
    let id = terminals.start(SIZE).unwrap();
    let (ours, theirs) = tokio::io::duplex(4096);
    let served = serve(ours, attach(&terminals, &id), SocketTiming::default(), std::future::ready(()));
    let browser = async {
        let mut browser: Browser = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
        end(&mut browser).await.0
    };
    assert_eq!(tokio::join!(served, browser).1, 4003);
    assert!(!terminals.list()[0].attached);
    terminals.close().await;
}

#[tokio::test]
async fn another_window_takes_it_over() {
    let terminals = terminals("exec cat", TerminalLimits::default());
    let id = terminals.start(SIZE).unwrap();
    let (ours, theirs) = tokio::io::duplex(4096);
    let served = tokio::spawn(serve(ours, attach(&terminals, &id), SocketTiming::default(), std::future::pending()));
    let mut browser: Browser = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
    let _second = attach(&terminals, &id);
    assert_eq!(end(&mut browser).await.0, 4001);
    served.await.unwrap();
    terminals.close().await;
}

#[tokio::test]
async fn a_browser_that_says_nothing_is_let_go() {
    let timing = SocketTiming { ping: Duration::from_millis(20), silence: Duration::from_millis(200) };
    let (browser, over) = open("exec cat", TerminalLimits::default(), timing).await;
    over.await;
    drop(browser);
}

#[tokio::test]
async fn a_browser_that_answers_pings_stays() {
    let timing = SocketTiming { ping: Duration::from_millis(20), silence: Duration::from_millis(500) };
    let (mut browser, over) = open("exec cat", TerminalLimits::default(), timing).await;
    let mut pings = 0;
    // Together they take longer than it may say nothing.
    while pings < 40 {
        if let Message::Ping(_) = browser.next().await.unwrap().unwrap() {
            pings += 1;
        }
    }
    drop(browser);
    over.await;
}

#[tokio::test]
async fn a_browser_that_reads_nothing_is_dropped() {
    let limits = TerminalLimits { scrollback: 8192, patience: Duration::from_millis(100), ..TerminalLimits::default() };
    let (browser, over) = open("yes", limits, SocketTiming::default()).await;
    over.await;
    drop(browser);
}

#[test]
fn a_request_for_a_websocket_is_told_from_others() {
    let headers = |changed: &'static str, to: &'static str| {
        let all = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let all = all.map(|(name, value)| (name, if name == changed { to } else { value }));
        let named = all.iter().filter(|(_, value)| !value.is_empty());
        named.map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect::<HeaderMap>()
    };
    // The example of RFC 6455.
    assert_eq!(accept_key(&headers("", "")).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    for (name, value) in
        [("connection", "close"), ("upgrade", "h2c"), ("sec-websocket-version", "8"), ("sec-websocket-key", "")]
    {
        assert_eq!(accept_key(&headers(name, value)), Err(NoWebSocket), "{name}");
    }
}
