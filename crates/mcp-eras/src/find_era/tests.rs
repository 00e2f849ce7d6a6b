use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt, future::join_all};
use mcp_protocol::{Claim, InitializeResult, UnsupportedVersion, code};
use mcp_transport::{Closed, Events, Lost, Memory, MemoryEnd, Reply, SendError};
use tokio::time::{Instant, sleep};

use super::*;

const DISCOVERED: &str = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}"#;

/// How a server takes its first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nature {
    Modern,
    /// Refuses `initialize` as the specification wants it.
    ModernNamingVersions,
    Legacy,
    /// Speaks both.
    Dual,
    /// Legacy, and does not answer what it does not know.
    LegacySilent,
    /// Legacy, and ends at what it does not know.
    LegacyFragile,
    /// Modern, and wants more of its clients than we have.
    ModernDemanding,
    /// Ends at anything.
    Broken,
    /// Never says a word.
    Mute,
}

/// A server whose nature may change between connections, and what was sent to it first, connection by connection.
#[derive(Debug)]
struct Server {
    memory: Memory,
    nature: Arc<Mutex<Nature>>,
    heard: Arc<Mutex<Vec<Message>>>,
    alive: Arc<()>,
}

impl Server {
    fn new(nature: Nature) -> Arc<Self> {
        let (nature, heard, alive) = (Arc::new(Mutex::new(nature)), Arc::default(), Arc::new(()));
        let shared = (Arc::clone(&nature), Arc::clone(&heard), Arc::clone(&alive));
        let memory = Memory::new(move |end| {
            let (nature, heard, alive) = shared.clone();
            async move {
                let nature = *nature.lock().unwrap();
                serve(end, nature, &heard).await;
                drop(alive);
            }
        });
        Arc::new(Self { memory, nature, heard, alive })
    }

    fn becomes(&self, nature: Nature) {
        *self.nature.lock().unwrap() = nature;
    }

    /// The method of the first message of every connection since last asked.
    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().drain(..).map(|message| message.method().unwrap().to_owned()).collect()
    }

    fn alive(&self) -> usize {
        // One is here, one in the function that serves.
        Arc::strong_count(&self.alive) - 2
    }
}

#[async_trait]
impl Transport for Server {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        self.memory.connect(caller).await
    }
}

async fn serve(mut end: MemoryEnd, nature: Nature, heard: &Mutex<Vec<Message>>) {
    let mut first = true;
    while let Some(message) = end.next().await {
        if std::mem::take(&mut first) {
            heard.lock().unwrap().push(message.clone());
        }
        let Some(id) = message.id() else { continue };
        let unknown = || Message::error_response(Some(&id), code::METHOD_NOT_FOUND, "no such method", None);
        let answer = match (nature, message.method().unwrap()) {
            (Nature::Broken, _) | (Nature::LegacyFragile, method::SERVER_DISCOVER) => return,
            (Nature::Mute, _) | (Nature::LegacySilent, method::SERVER_DISCOVER) => continue,
            (Nature::ModernDemanding, method::SERVER_DISCOVER) => {
                Message::error_response(Some(&id), code::MISSING_CLIENT_CAPABILITY, "sampling, please", None)
            }
            (Nature::Modern | Nature::ModernNamingVersions | Nature::Dual, method::SERVER_DISCOVER) => {
                Message::response(&id, DISCOVERED)
            }
            (Nature::ModernNamingVersions, method::INITIALIZE) => {
                let data = UnsupportedVersion::write(["2026-07-28"], "2025-11-25");
                Message::error_response(Some(&id), code::UNSUPPORTED_VERSION, "modern only", Some(&data))
            }
            (Nature::Modern | Nature::ModernDemanding, method::INITIALIZE) => unknown(),
            (_, method::INITIALIZE) => Message::response(
                &id,
                &InitializeResult::write("2025-06-18", "{}", r#"{"name":"s","version":"1"}"#, None),
            ),
            _ => unknown(),
        };
        end.send(answer).await;
    }
}

fn find_era(raw: &Arc<impl Transport>) -> FindEra {
    let us = Client { info: r#"{"name":"p","version":"0"}"#.into(), capabilities: r#"{"roots":{}}"#.into() };
    FindEra::new(Arc::clone(raw) as Arc<dyn Transport>, Arc::new(us))
}

async fn connect(find_era: &FindEra) -> Result<Arc<dyn Connection>, ConnectError> {
    find_era.connect(&Caller::proxy(Revision::LATEST_LEGACY)).await
}

const PROBE: &str = method::SERVER_DISCOVER;
const HANDSHAKE: &str = method::INITIALIZE;

#[tokio::test(start_paused = true)]
async fn a_modern_server_is_spoken_to_on_the_connection_that_asked() {
    let server = Server::new(Nature::Modern);
    let find_era = find_era(&server);
    assert_eq!(find_era.era(), None);
    let connection = connect(&find_era).await.unwrap();
    let peer = connection.peer();
    assert_eq!((peer.revision, &*peer.handshake), (Revision::V2026_07_28, DISCOVERED));
    assert_eq!(find_era.era(), Some(Era::Modern));
    connect(&find_era).await.unwrap();
    assert_eq!(server.heard(), [PROBE, PROBE], "a modern connection always begins with it");
}

#[tokio::test(start_paused = true)]
async fn we_introduce_the_caller_or_else_ourselves() {
    let server = Server::new(Nature::Modern);
    let find_era = find_era(&server);
    connect(&find_era).await.unwrap();
    let client = Client { info: r#"{"name":"c","version":"1"}"#.into(), capabilities: r#"{"sampling":{}}"#.into() };
    let caller = Caller { client: Some(Arc::new(client)), ..(*Caller::proxy(Revision::LATEST)).clone() };
    find_era.connect(&Arc::new(caller)).await.unwrap();
    let heard = std::mem::take(&mut *server.heard.lock().unwrap());
    let claims: Vec<_> = heard.iter().map(|message| Claim::read(message).unwrap().unwrap()).collect();
    assert!(claims.iter().all(|claim| claim.version == "2026-07-28"));
    assert_eq!(
        (claims[0].client_info, claims[0].capabilities),
        (Some(r#"{"name":"p","version":"0"}"#), Some(r#"{"roots":{}}"#))
    );
    assert_eq!(
        (claims[1].client_info, claims[1].capabilities),
        (Some(r#"{"name":"c","version":"1"}"#), Some(r#"{"sampling":{}}"#))
    );
}

#[tokio::test(start_paused = true)]
async fn a_legacy_server_gets_its_handshake_on_a_fresh_connection() {
    // How long the search takes with each: only silence is waited for.
    for (nature, wait) in
        [(Nature::Legacy, 0), (Nature::LegacyFragile, 0), (Nature::LegacySilent, FindEra::PROBE_PATIENCE.as_secs())]
    {
        let server = Server::new(nature);
        let find_era = find_era(&server);
        let before = Instant::now();
        let connection = connect(&find_era).await.unwrap();
        assert_eq!(before.elapsed().as_secs(), wait, "{nature:?}");
        assert_eq!(connection.peer().revision, Revision::V2025_06_18);
        assert_eq!(server.heard(), [PROBE, HANDSHAKE]);
        assert_eq!(find_era.era(), Some(Era::Legacy));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(server.alive(), 1, "the one that was asked is gone");

        let before = Instant::now();
        connect(&find_era).await.unwrap();
        assert_eq!(server.heard(), [HANDSHAKE], "remembered");
        assert_eq!(before.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn all_who_connect_first_wait_for_one_search() {
    let server = Server::new(Nature::LegacySilent);
    let find_era = find_era(&server);
    let before = Instant::now();
    let connected = join_all((0..10).map(|_| connect(&find_era))).await;
    assert!(connected.iter().all(Result::is_ok));
    assert_eq!(before.elapsed(), FindEra::PROBE_PATIENCE);
    let heard = server.heard();
    assert_eq!(heard.iter().filter(|method| *method == PROBE).count(), 1);
    assert_eq!(heard.len(), 11);
}

#[tokio::test(start_paused = true)]
async fn a_search_that_is_given_up_leaves_its_turn_to_the_next() {
    let server = Server::new(Nature::LegacySilent);
    let find_era = find_era(&server);
    let half = FindEra::PROBE_PATIENCE / 2;
    let (given_up, connected) = tokio::join!(timeout(half, connect(&find_era)), connect(&find_era));
    assert!(given_up.is_err());
    connected.unwrap();
    assert_eq!(server.heard(), [PROBE, PROBE, HANDSHAKE]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_at_anything_says_so_at_the_handshake_and_proves_nothing() {
    let server = Server::new(Nature::Broken);
    let find_era = find_era(&server);
    assert!(matches!(connect(&find_era).await.unwrap_err(), ConnectError::Ended(_)));
    assert_eq!(find_era.era(), None);
    server.becomes(Nature::Modern);
    connect(&find_era).await.unwrap();
    assert_eq!(server.heard(), [PROBE, HANDSHAKE, PROBE]);
}

#[tokio::test(start_paused = true)]
async fn a_mute_server_is_given_up_and_asked_again_next_time() {
    let server = Server::new(Nature::Mute);
    let find_era = find_era(&server).patience(Duration::from_secs(7)).probe_patience(Duration::from_secs(2));
    let before = Instant::now();
    let error = connect(&find_era).await.unwrap_err();
    assert!(matches!(error, ConnectError::Timeout { after, .. } if after.as_secs() == 7), "{error}");
    assert_eq!(before.elapsed().as_secs(), 9);
    connect(&find_era).await.unwrap_err();
    assert_eq!(server.heard(), [PROBE, HANDSHAKE, PROBE, HANDSHAKE]);
}

#[tokio::test(start_paused = true)]
async fn a_modern_server_that_refuses_is_not_sent_the_handshake() {
    let server = Server::new(Nature::ModernDemanding);
    let error = connect(&find_era(&server)).await.unwrap_err();
    assert!(matches!(error, ConnectError::Refused { code: code::MISSING_CLIENT_CAPABILITY, .. }), "{error}");
    assert_eq!(server.heard(), [PROBE]);
}

#[tokio::test(start_paused = true)]
async fn a_legacy_verdict_ends_when_the_server_has_become_modern() {
    for (nature, heard) in [
        (Nature::ModernNamingVersions, [HANDSHAKE, PROBE]),
        // Its refusal does not tell, so it is asked.
        (Nature::Modern, [HANDSHAKE, PROBE]),
    ] {
        let server = Server::new(Nature::Legacy);
        let find_era = find_era(&server);
        connect(&find_era).await.unwrap();
        server.heard();
        server.becomes(nature);
        assert_eq!(connect(&find_era).await.unwrap().peer().revision, Revision::V2026_07_28);
        assert_eq!(server.heard(), heard);
        assert_eq!(find_era.era(), Some(Era::Modern));
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_modern_server_taken_for_a_legacy_one_sets_it_right() {
    let server = Server::new(Nature::Mute);
    let find_era = find_era(&server);
    let (connected, ()) = tokio::join!(connect(&find_era), async {
        sleep(FindEra::PROBE_PATIENCE / 2).await;
        server.becomes(Nature::ModernNamingVersions);
    });
    assert_eq!(connected.unwrap().peer().revision, Revision::V2026_07_28);
    assert_eq!(server.heard(), [PROBE, HANDSHAKE, PROBE]);
}

#[tokio::test(start_paused = true)]
async fn a_modern_verdict_ends_when_the_server_answers_as_a_legacy_one() {
    let server = Server::new(Nature::Modern);
    let find_era = find_era(&server);
    connect(&find_era).await.unwrap();
    server.becomes(Nature::Legacy);
    connect(&find_era).await.unwrap();
    connect(&find_era).await.unwrap();
    assert_eq!(server.heard(), [PROBE, PROBE, HANDSHAKE, HANDSHAKE]);
    assert_eq!(find_era.era(), Some(Era::Legacy));
}

#[tokio::test(start_paused = true)]
async fn a_crash_is_no_evidence_against_what_was_proven() {
    for (nature, era, heard) in [(Nature::Modern, Era::Modern, PROBE), (Nature::Legacy, Era::Legacy, HANDSHAKE)] {
        let server = Server::new(nature);
        let find_era = find_era(&server);
        connect(&find_era).await.unwrap();
        server.heard();
        server.becomes(Nature::Broken);
        assert!(matches!(connect(&find_era).await.unwrap_err(), ConnectError::Ended(_)));
        assert_eq!((find_era.era(), server.heard()), (Some(era), vec![heard.to_owned()]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pinned_era_is_never_asked_for() {
    let server = Server::new(Nature::Dual);
    let legacy = find_era(&server).pinned(Era::Legacy);
    assert_eq!(legacy.era(), Some(Era::Legacy));
    assert_eq!(connect(&legacy).await.unwrap().peer().revision, Revision::V2025_06_18);
    assert_eq!(server.heard(), [HANDSHAKE]);
    let modern = find_era(&server).pinned(Era::Modern);
    assert_eq!(connect(&modern).await.unwrap().peer().revision, Revision::V2026_07_28);
    assert_eq!(server.heard(), [PROBE]);

    server.becomes(Nature::ModernNamingVersions);
    assert!(matches!(connect(&legacy).await.unwrap_err(), ConnectError::Refused { .. }));
    assert_eq!(server.heard(), [HANDSHAKE]);
    server.becomes(Nature::Legacy);
    assert!(matches!(connect(&modern).await.unwrap_err(), ConnectError::Refused { .. }));
    server.becomes(Nature::Mute);
    let error = connect(&modern).await.unwrap_err();
    assert!(matches!(error, ConnectError::Timeout { after: Handshake::PATIENCE, .. }), "{error}");
    assert_eq!(server.heard(), [PROBE, PROBE]);
}

#[tokio::test(start_paused = true)]
async fn with_the_legacy_era_first_the_handshake_is_the_question() {
    for (nature, heard, era) in [
        (Nature::Legacy, &[HANDSHAKE][..], Era::Legacy),
        (Nature::Dual, &[HANDSHAKE], Era::Legacy),
        (Nature::Modern, &[HANDSHAKE, PROBE], Era::Modern),
        (Nature::ModernNamingVersions, &[HANDSHAKE, PROBE], Era::Modern),
    ] {
        let server = Server::new(nature);
        let find_era = find_era(&server).first(Era::Legacy);
        assert_eq!(connect(&find_era).await.unwrap().peer().era(), era);
        assert_eq!(find_era.era(), Some(era));
        assert_eq!(server.heard(), heard, "{nature:?}");
    }
}

/// A program that cannot be started.
#[derive(Debug, Default)]
struct Unstartable(AtomicUsize);

#[async_trait]
impl Transport for Unstartable {
    async fn connect(&self, _: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let source = std::io::ErrorKind::NotFound.into();
        Err(ConnectError::Spawn { program: "nothing".to_owned(), hint: "install it", source })
    }
}

#[tokio::test(start_paused = true)]
async fn a_program_that_cannot_be_started_is_tried_once() {
    let raw = Arc::new(Unstartable::default());
    assert!(matches!(connect(&find_era(&raw)).await.unwrap_err(), ConnectError::Spawn { .. }));
    assert_eq!(raw.0.load(Ordering::Relaxed), 1);
}

/// A server that answers `server/discover` with a status, and takes its time to be closed.
#[derive(Clone, Debug)]
struct Status {
    status: u16,
    closed: Arc<AtomicUsize>,
}

const CLOSING: Duration = Duration::from_secs(5);

#[async_trait]
impl Transport for Status {
    async fn connect(&self, _: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Connection for Status {
    fn peer(&self) -> Arc<Peer> {
        Arc::new(Peer::unknown())
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        if request.method() == method::SERVER_DISCOVER {
            let lost = Lost::Http { status: self.status, challenge: None, retry_after: None };
            return Ok(Reply::stream(futures::stream::iter([Err(lost)])));
        }
        let result = InitializeResult::write("2025-11-25", "{}", "{}", None);
        Ok(Reply::ready(Message::response(&request.message().id().unwrap(), &result)))
    }

    async fn tell(&self, _: Message, _: &Arc<Caller>) -> Result<(), SendError> {
        Ok(())
    }

    fn events(&self) -> Option<Events> {
        None
    }

    async fn closed(&self) -> Arc<Closed> {
        std::future::pending().await
    }

    async fn close(&self) {
        sleep(CLOSING).await;
        self.closed.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_about_us_or_the_servers_health_is_no_era() {
    for status in [401, 403, 429, 500, 503] {
        let raw = Arc::new(Status { status, closed: Arc::default() });
        let find_era = find_era(&raw);
        let error = connect(&find_era).await.unwrap_err();
        assert!(matches!(error, ConnectError::Http { status: named, .. } if named == status), "{error}");
        assert_eq!(find_era.era(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_thrown_away_delays_nobody_and_does_not_outlive_us() {
    let raw = Arc::new(Status { status: 404, closed: Arc::default() });
    let find = find_era(&raw);
    let before = Instant::now();
    let connection = connect(&find).await.unwrap();
    assert_eq!((before.elapsed(), connection.peer().revision), (Duration::ZERO, Revision::V2025_11_25));
    sleep(CLOSING + Duration::from_millis(1)).await;
    assert_eq!(raw.closed.load(Ordering::Relaxed), 1, "closed in the background");

    let find = find_era(&raw);
    connect(&find).await.unwrap();
    drop(find);
    sleep(CLOSING * 2).await;
    assert_eq!(raw.closed.load(Ordering::Relaxed), 1, "dropped, which ends a connection too");
}
