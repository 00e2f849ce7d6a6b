//! The share against a server whose every word is said by the test. Time is paused.

use std::time::Duration;

use futures::StreamExt;
use mcp_jsonrpc::{Id, Kind};
use mcp_protocol::{
    EMPTY_ROOTS, Revision, code,
    method::{
        CANCELLED, ELICITATION_COMPLETE, ELICITATION_CREATE, LOGGING_SET_LEVEL, MESSAGE, PROGRESS, RESOURCES_SUBSCRIBE,
        RESOURCES_UNSUBSCRIBE, RESOURCES_UPDATED, ROOTS_LIST, ROOTS_LIST_CHANGED, TASKS_RESULT, TOOLS_CALL, TOOLS_LIST,
        TOOLS_LIST_CHANGED,
    },
};
use mcp_supervisor::{State as ServerState, Supervision};
use mcp_transport::{Client, Events, Memory, MemoryEnd, Principal, Reply, Request, Transport};
use tokio::{sync::mpsc, time::timeout};

use super::*;

mod asking;
mod awake;
mod broadcast;
mod spare;
mod standing;

/// Time is paused, so this passes at once when nothing else is left to do.
const A_WHILE: Duration = Duration::from_secs(1);
const ABLE: &str = r#"{"roots":{},"sampling":{},"elicitation":{}}"#;
const UNABLE: &str = "{}";

/// A shared server whose every word is said by the test.
struct Stage {
    share: Arc<Share>,
    main: Server,
    spares: mpsc::Receiver<MemoryEnd>,
    /// A call that stays on the main instance.
    occupant: Option<Reply>,
}

/// One instance of the server.
struct Server(MemoryEnd);

/// A client of the shared server.
struct Visitor {
    face: Arc<Face>,
    caller: Arc<Caller>,
}

impl Stage {
    async fn new() -> Self {
        Self::with(ShareOptions::default(), Supervision::default()).await
    }

    async fn with(options: ShareOptions, supervision: Supervision) -> Self {
        let (ends, mut spares) = mpsc::channel(8);
        let memory = Memory::new(move |end| {
            let ends = ends.clone();
            async move {
                ends.send(end).await.unwrap();
                std::future::pending::<()>().await;
            }
        });
        let (transport, proxy): (Arc<dyn Transport>, _) = (Arc::new(memory), Caller::proxy(Revision::LATEST_LEGACY));
        let upstream = Supervised::with(Arc::clone(&transport), Arc::clone(&proxy), supervision);
        upstream.start().await.unwrap();
        let main = Server(spares.recv().await.unwrap());
        let share = Share::new(upstream, Spares::new(&transport, &proxy, 2), A_WHILE, options, Arc::default());
        Self { share, main, spares, occupant: None }
    }

    fn visitor(&self, name: &str, capabilities: &str) -> Visitor {
        let client = Client { info: r#"{"name":"c","version":"1"}"#.into(), capabilities: capabilities.into() };
        let caller = Caller::new(Principal::Anonymous, Revision::LATEST_LEGACY);
        let caller = Arc::new(Caller { session: Some(name.into()), client: Some(Arc::new(client)), ..caller });
        Visitor { face: self.share.face(&caller), caller }
    }

    async fn spare(&mut self) -> Server {
        Server(timeout(A_WHILE, self.spares.recv()).await.expect("a spare instance is started").unwrap())
    }

    /// Lets the server ask while calls of two clients are under way.
    async fn collide(&mut self) {
        let (one, two) = (self.visitor("x", ABLE), self.visitor("y", ABLE));
        let (first, second) = (one.call(TOOLS_CALL, "{}").await, two.call(TOOLS_CALL, "{}").await);
        let calls = [self.main.hears(TOOLS_CALL).await, self.main.hears(TOOLS_CALL).await];
        self.main.asks(0, ELICITATION_CREATE, "{}").await;
        let refusal = self.main.hears_answer().await;
        assert_eq!((refusal.id(), refusal.is_error()), (Some(Id::from(0)), true));
        for call in &calls {
            self.main.answers(call, "{}").await;
        }
        for reply in [first, second] {
            assert_eq!(all(reply).await.len(), 1, "neither client was asked");
        }
        assert!(self.share.is_interactive());
        self.occupy().await;
    }

    /// Keeps the main instance at work for a client that can be asked.
    async fn occupy(&mut self) {
        self.occupant = Some(self.visitor("z", ABLE).call(TOOLS_CALL, "{}").await);
        self.main.hears(TOOLS_CALL).await;
    }
}

impl Server {
    async fn next(&mut self) -> Message {
        timeout(A_WHILE, self.0.next()).await.expect("the server hears something").expect("it is connected")
    }

    async fn hears(&mut self, method: &str) -> Message {
        let message = self.next().await;
        assert_eq!(message.method(), Some(method), "{message:?}");
        message
    }

    async fn hears_answer(&mut self) -> Message {
        let message = self.next().await;
        assert_eq!(message.kind(), Kind::Response, "{message:?}");
        message
    }

    async fn hears_nothing(&mut self) {
        if let Ok(heard) = timeout(A_WHILE, self.0.next()).await {
            panic!("the server hears {heard:?}");
        }
    }

    async fn says(&self, method: &str, params: &str) {
        self.0.send(Message::notification(method, Some(params))).await;
    }

    async fn asks(&self, id: u64, method: &str, params: &str) {
        self.0.send(Message::request(&Id::from(id), method, Some(params))).await;
    }

    async fn answers(&self, call: &Message, result: &str) {
        self.0.send(Message::response(&call.id().unwrap(), result)).await;
    }

    async fn refuses(&self, call: &Message) {
        self.0.send(Message::error_response(call.id().as_ref(), code::INVALID_PARAMS, "no", None)).await;
    }

    async fn logs(&self, level: &str) {
        self.says(MESSAGE, &format!(r#"{{"level":"{level}","data":"x"}}"#)).await;
    }
}

impl Visitor {
    async fn call(&self, method: &str, params: &str) -> Reply {
        let message = Message::request(&Id::from(1), method, Some(params));
        self.face.call(Request::new(message, Arc::clone(&self.caller)).unwrap()).await.unwrap()
    }

    async fn tell(&self, message: Message) {
        self.face.tell(message, &self.caller).await.unwrap();
    }

    async fn subscribe(&self, uri: &str) -> Reply {
        self.call(RESOURCES_SUBSCRIBE, &uri_params(uri)).await
    }

    async fn set_level(&self, level: &str) -> Reply {
        self.call(LOGGING_SET_LEVEL, &format!(r#"{{"level":"{level}"}}"#)).await
    }

    fn events(&self) -> Events {
        self.face.events().unwrap()
    }
}

fn uri_params(uri: &str) -> String {
    format!(r#"{{"uri":"{uri}"}}"#)
}

/// The next message of a call.
async fn next(reply: &mut Reply) -> Message {
    timeout(A_WHILE, reply.next()).await.expect("something comes back").unwrap().unwrap()
}

/// All that comes back for a call.
async fn all(reply: Reply) -> Vec<Message> {
    timeout(A_WHILE, reply.map(Result::unwrap).collect()).await.expect("the call ends")
}

/// The events that have come by now.
async fn heard(events: &mut Events) -> Vec<String> {
    let mut heard = Vec::new();
    while let Ok(Some(event)) = timeout(A_WHILE, events.next()).await {
        heard.push(format!("{} {}", event.method().unwrap(), event.params().unwrap_or_default()));
    }
    heard
}
