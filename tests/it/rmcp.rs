//! The official Rust client in whole sessions with real servers through `mcp-stdio`.

#![expect(deprecated, reason = "the client marks what the modern era dropped; legacy sessions are made of it")]

use std::time::Duration;

use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientCapabilities, ClientConfig, ClientRequest, CompletionContext,
    CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams, ElicitResult, ElicitationAction,
    GetPromptRequestParams, Implementation, JsonObject, ListRootsResult, LoggingLevel, LoggingMessageNotificationParam,
    ProgressNotificationParam, ReadResourceRequestParams, ResourceUpdatedNotificationParam, Role, Root,
    SamplingMessage, SamplingMessageContentBlock, SetLevelRequestParams, SubscribeRequestParams,
    UnsubscribeRequestParams,
};
use rmcp::service::{NotificationContext, PeerRequestOptions, RequestContext, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceExt as _};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;

use crate::peers::installed::{Installed, Server};
use crate::proxy::Proxy;

mod http;

/// For a whole session: a hang is a failure.
const SESSION: Duration = Duration::from_secs(50);
const RESOURCE: &str = "demo://resource/dynamic/text/1";

pub(crate) type Client = RunningService<RoleClient, Person>;

/// What the server told the client outside of answers.
#[derive(Debug)]
pub(crate) enum Heard {
    Progress(f64),
    Log,
    Updated(String),
    RootsAsked,
}

/// The client's side of the conversation: answers what a person or a model would, and passes on what it hears.
#[derive(Clone, Debug)]
pub(crate) struct Person(Sender<Heard>);

impl Person {
    async fn hear(&self, heard: Heard) {
        // Nobody listens any more once the session is over.
        let _ = self.0.send(heard).await;
    }
}

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let declared = r#"{"roots":{"listChanged":true},"sampling":{},"elicitation":{}}"#;
        let capabilities: ClientCapabilities = serde_json::from_str(declared).unwrap();
        ClientConfig::new(capabilities, Implementation::new("peer-rmcp", "1"))
    }

    async fn create_message(
        &self,
        params: CreateMessageRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        let asked = params.messages[0].content.first().and_then(|part| part.as_text()).unwrap();
        let text = SamplingMessageContentBlock::text(format!("sampled <{}>", asked.text));
        Ok(CreateMessageResult::new(SamplingMessage::new(Role::Assistant, text), "peer-model".to_owned()))
    }

    async fn list_roots(&self, _: RequestContext<RoleClient>) -> Result<ListRootsResult, ErrorData> {
        self.hear(Heard::RootsAsked).await;
        Ok(ListRootsResult::new(vec![Root::new("file:///peer").with_name("peer-root")]))
    }

    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let content = serde_json::from_str(r#"{"name":"Ada Lovelace"}"#).unwrap();
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(content))
    }

    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.hear(Heard::Progress(params.progress)).await;
    }

    async fn on_logging_message(&self, _: LoggingMessageNotificationParam, _: NotificationContext<RoleClient>) {
        self.hear(Heard::Log).await;
    }

    async fn on_resource_updated(&self, params: ResourceUpdatedNotificationParam, _: NotificationContext<RoleClient>) {
        self.hear(Heard::Updated(params.uri)).await;
    }
}

/// Waits for the first thing that `pick` takes; what comes before is passed over.
async fn heard<T>(heard: &mut Receiver<Heard>, pick: impl Fn(&Heard) -> Option<T>) -> T {
    loop {
        let next = heard.recv().await.expect("the session is still open");
        if let Some(found) = pick(&next) {
            return found;
        }
    }
}

fn tool(name: &'static str, arguments: &str) -> CallToolRequestParams {
    CallToolRequestParams::new(name).with_arguments(object(arguments))
}

fn object(json: &str) -> JsonObject {
    serde_json::from_str(json).unwrap()
}

/// All text of a tool's result.
pub(crate) async fn text(client: &Client, name: &'static str, arguments: &str) -> String {
    let result = client.call_tool(tool(name, arguments)).await.unwrap();
    result.content.iter().filter_map(|part| part.as_text()).map(|part| part.text.as_str()).collect()
}

async fn lists_and_calls(client: &Client) {
    let tools = client.list_all_tools().await.unwrap();
    for name in ["echo", "trigger-sampling-request", "trigger-elicitation-request", "get-roots-list"] {
        assert!(tools.iter().any(|tool| tool.name == name), "{name} is missing");
    }
    assert_eq!(text(client, "get-sum", r#"{"a":2,"b":40}"#).await, "The sum of 2 and 40 is 42.");
    let echoes = (0..20).map(|i| async move {
        assert_eq!(text(client, "echo", &format!(r#"{{"message":"call {i}"}}"#)).await, format!("Echo: call {i}"));
    });
    futures::future::join_all(echoes).await;
}

async fn reports_progress(client: &Client, inbox: &mut Receiver<Heard>) {
    let answer = text(client, "trigger-long-running-operation", r#"{"duration":0.6,"steps":3}"#).await;
    assert!(answer.contains("completed"), "{answer}");
    for step in [1.0, 2.0, 3.0] {
        let progress = heard(inbox, |heard| if let Heard::Progress(at) = heard { Some(*at) } else { None }).await;
        assert!((progress - step).abs() < f64::EPSILON, "step {step} came as {progress}");
    }
}

async fn cancels(client: &Client, inbox: &mut Receiver<Heard>) {
    let long = CallToolRequest::new(tool("trigger-long-running-operation", r#"{"duration":2,"steps":8}"#));
    let options = PeerRequestOptions::no_options();
    let running = client.send_cancellable_request(ClientRequest::CallToolRequest(long), options).await.unwrap();
    heard(inbox, |heard| matches!(heard, Heard::Progress(_)).then_some(())).await;
    running.cancel(Some("enough".to_owned())).await.unwrap();
    assert_eq!(text(client, "echo", r#"{"message":"still here"}"#).await, "Echo: still here");
}

async fn logs(client: &Client, inbox: &mut Receiver<Heard>, children: &str) {
    client.set_level(SetLevelRequestParams::new(LoggingLevel::Debug)).await.unwrap();
    if children == "shared" {
        // What this server logs belongs to no call, so in a shared process it is nobody's.
        return;
    }
    text(client, "toggle-simulated-logging", "{}").await;
    heard(inbox, |heard| matches!(heard, Heard::Log).then_some(())).await;
    text(client, "toggle-simulated-logging", "{}").await;
}

async fn reads_and_subscribes(client: &Client, inbox: &mut Receiver<Heard>) {
    let resources = client.list_all_resources().await.unwrap();
    let read = client.read_resource(ReadResourceRequestParams::new(resources[0].uri.clone())).await.unwrap();
    assert_eq!(read.contents.len(), 1);
    assert!(!client.list_all_resource_templates().await.unwrap().is_empty());

    client.subscribe(SubscribeRequestParams::new(RESOURCE)).await.unwrap();
    text(client, "toggle-subscriber-updates", "{}").await;
    let uri = heard(inbox, |heard| if let Heard::Updated(uri) = heard { Some(uri.clone()) } else { None }).await;
    assert_eq!(uri, RESOURCE);
    text(client, "toggle-subscriber-updates", "{}").await;
    client.unsubscribe(UnsubscribeRequestParams::new(RESOURCE)).await.unwrap();
}

async fn prompts_and_completes(client: &Client) {
    let prompts = client.list_all_prompts().await.unwrap();
    assert!(prompts.iter().any(|prompt| prompt.name == "args-prompt"));
    let ask = GetPromptRequestParams::new("args-prompt").with_arguments(object(r#"{"city":"Ulm"}"#));
    assert_eq!(client.get_prompt(ask).await.unwrap().messages.len(), 1);

    let context: CompletionContext = serde_json::from_str(r#"{"arguments":{"department":"Engineering"}}"#).unwrap();
    let done = client.complete_prompt_argument("completable-prompt", "name", "A", Some(context)).await.unwrap();
    assert_eq!(done.values, ["Alice"]);
}

async fn answers_the_server(client: &Client, children: &str) {
    let sampled = text(client, "trigger-sampling-request", r#"{"prompt":"who?"}"#).await;
    assert!(sampled.contains("sampled <") && sampled.contains("who?>"), "{sampled}");
    let elicited = text(client, "trigger-elicitation-request", "{}").await;
    assert!(elicited.contains("Ada Lovelace"), "{elicited}");
    if children == "shared" {
        // It asks a moment after its start: during a call of ours it gets our roots, else none.
        let roots = text(client, "get-roots-list", "{}").await;
        assert!(roots.contains("no roots are currently configured") || roots.contains("file:///peer"), "{roots}");
    } else {
        assert!(text(client, "get-roots-list", "{}").await.contains("file:///peer"));
    }
}

/// A client that has introduced itself, and what it will hear.
pub(crate) async fn connect(url: &str) -> (Client, Receiver<Heard>) {
    let (sender, inbox) = channel(256);
    let config = StreamableHttpClientTransportConfig::with_uri(url);
    let transport = StreamableHttpClientTransport::with_client(http::Hyper::new(), config);
    let client = Person(sender).serve(transport).await.unwrap();
    assert!(client.peer_info().unwrap().capabilities.tools.is_some());
    (client, inbox)
}

async fn with_everything(url: String, children: &str) {
    let (client, mut inbox) = connect(&url).await;
    if children == "dedicated" {
        // The server asks on its own, a moment after the handshake.
        heard(&mut inbox, |heard| matches!(heard, Heard::RootsAsked).then_some(())).await;
    }
    lists_and_calls(&client).await;
    logs(&client, &mut inbox, children).await;
    reads_and_subscribes(&client, &mut inbox).await;
    prompts_and_completes(&client).await;
    answers_the_server(&client, children).await;
    while inbox.try_recv().is_ok() {} // so that the next progress is that of the next call
    reports_progress(&client, &mut inbox).await;
    cancels(&client, &mut inbox).await;
    client.cancel().await.unwrap();
}

async fn with_filesystem(url: String) {
    let (client, _inbox) = connect(&url).await;
    assert!(client.list_all_tools().await.unwrap().iter().any(|tool| tool.name == "list_allowed_directories"));
    let allowed = text(&client, "list_allowed_directories", "{}").await;
    let folder = allowed.lines().last().unwrap();
    let listed = text(&client, "list_directory", &format!(r#"{{"path":"{folder}"}}"#)).await;
    assert!(listed.contains("[FILE] main.rs"), "{listed}");
    client.cancel().await.unwrap();
}

async fn with_time(url: String) {
    let (client, _inbox) = connect(&url).await;
    assert_eq!(client.list_all_tools().await.unwrap().len(), 2);
    let now = text(&client, "get_current_time", r#"{"timezone":"Europe/Berlin"}"#).await;
    assert!(now.contains(r#""timezone": "Europe/Berlin""#), "{now}");
    client.cancel().await.unwrap();
}

/// Starts the proxy in front of a server, has the session, and stops it.
async fn through_the_proxy<F: Future<Output = ()>>(server: Server, children: &str, session: impl FnOnce(String) -> F) {
    let Some(installed) = Installed::find() else { return };
    // The filesystem server may read the tests themselves.
    let proxy = Proxy::start(&["--session", children], &installed.server(server, &crate::here().join("it")));
    timeout(SESSION, session(proxy.mcp.clone())).await.expect("the session ends in time");
    tokio::task::spawn_blocking(|| proxy.stop()).await.unwrap();
}

#[tokio::test]
async fn everything_shared() {
    through_the_proxy(Server::Everything, "shared", |url| with_everything(url, "shared")).await;
}

#[tokio::test]
async fn everything_dedicated() {
    through_the_proxy(Server::Everything, "dedicated", |url| with_everything(url, "dedicated")).await;
}

#[tokio::test]
async fn filesystem() {
    through_the_proxy(Server::Filesystem, "shared", with_filesystem).await;
}

#[tokio::test]
async fn time() {
    through_the_proxy(Server::Time, "shared", with_time).await;
}
