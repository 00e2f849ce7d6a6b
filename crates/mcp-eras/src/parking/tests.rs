use std::sync::{Arc, Mutex};

use futures::StreamExt;
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{Revision, method};
use mcp_transport::{Caller, Connection, Memory, MemoryEnd, Request, Transport};
use tokio::time::sleep;

use super::*;

/// A server that asks one question during each call and answers the call with the answer.
struct Asking {
    memory: Memory,
    /// Kept, because a server in memory does not outlive its connection.
    connections: Mutex<Vec<Arc<dyn Connection>>>,
    /// Why calls were cancelled.
    cancelled: Arc<Mutex<Vec<String>>>,
}

impl Asking {
    fn new() -> Self {
        let cancelled = Arc::new(Mutex::new(Vec::new()));
        let reasons = Arc::clone(&cancelled);
        let memory = Memory::new(move |end| serve(end, Arc::clone(&reasons)));
        Self { memory, connections: Mutex::default(), cancelled }
    }

    /// A call that waits for its client.
    async fn asked(&self) -> ParkedCall {
        let caller = Arc::new(Caller::new(Principal::Anonymous, Revision::LATEST_LEGACY));
        let connection = self.memory.connect(&caller).await.unwrap();
        self.connections.lock().unwrap().push(Arc::clone(&connection));
        let request = Message::request(&Id::from(1), method::TOOLS_CALL, Some("{}"));
        let reply = connection.call(Request::new(request, Arc::clone(&caller)).unwrap()).await.unwrap();
        let mut call = ParkedCall::begin(reply, connection, caller);
        assert!(matches!(call.next().await, Step::Asked(_)));
        call
    }

    async fn cancelled(&self) -> Vec<String> {
        sleep(Duration::from_millis(1)).await;
        self.cancelled.lock().unwrap().clone()
    }
}

async fn serve(mut end: MemoryEnd, reasons: Arc<Mutex<Vec<String>>>) {
    let call = end.next().await.unwrap().id().unwrap();
    end.send(Message::request(&Id::from(0), method::ROOTS_LIST, None)).await;
    while let Some(message) = end.next().await {
        match message.result() {
            Some(answer) => end.send(Message::response(&call, answer)).await,
            None => reasons.lock().unwrap().push(message.value(&["params", "reason"]).unwrap_or("none").to_owned()),
        }
    }
}

const KEY: [u8; 32] = [7; 32];
const LIFE: Duration = Duration::from_mins(10);

fn parking(total: usize, per_principal: usize) -> Parking {
    Parking::with_key(ParkingLimits { total, per_principal, life: LIFE }, &KEY).unwrap()
}

fn ann() -> Principal {
    Principal::Named("ann".into())
}

fn purpose() -> Purpose {
    Purpose::answer("server")
}

fn why_not(resumed: Result<Resumed, ResumeError>) -> ResumeError {
    resumed.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn a_token_leads_back_to_its_call_once() {
    let (server, parking) = (Asking::new(), Parking::new(ParkingLimits::default()).unwrap());
    let token = parking.park(server.asked().await, &purpose(), &ann()).unwrap();
    let other = parking.park(server.asked().await, &purpose(), &ann()).unwrap();
    sleep(LIFE / 2).await;
    parking.sweep(now());

    let Ok(Resumed::Parked(mut call)) = parking.resume(token.expose(), &purpose(), &ann()) else { panic!() };
    assert_eq!(why_not(parking.resume(token.expose(), &purpose(), &ann())), ResumeError::Gone);
    let rest = tokio::spawn(async move {
        call.answer("q1", r#"{"roots":[]}"#).await.unwrap();
        call.next().await
    });
    let Step::Done(response) = rest.await.unwrap() else { panic!() };
    assert_eq!(response.result(), Some(r#"{"roots":[]}"#));

    assert!(matches!(parking.resume(other.expose(), &purpose(), &ann()), Ok(Resumed::Parked(_))));
    assert_eq!(server.cancelled().await.len(), 1, "the other one, which was dropped");
}

#[tokio::test(start_paused = true)]
async fn a_call_parked_again_has_another_token() {
    let (server, parking) = (Asking::new(), parking(1, 1));
    let first = parking.park(server.asked().await, &purpose(), &ann()).unwrap();
    let Ok(Resumed::Parked(call)) = parking.resume(first.expose(), &purpose(), &ann()) else { panic!() };
    let second = parking.park(call, &purpose(), &ann()).unwrap();
    assert_eq!(why_not(parking.resume(first.expose(), &purpose(), &ann())), ResumeError::Gone);
    assert!(parking.resume(second.expose(), &purpose(), &ann()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_client_or_purpose_finds_nothing_and_takes_nothing() {
    let (server, parking) = (Asking::new(), parking(1, 1));
    let token = parking.park(server.asked().await, &purpose(), &ann()).unwrap();
    let bob = Principal::Named("bob".into());
    assert_eq!(why_not(parking.resume(token.expose(), &purpose(), &bob)), ResumeError::Invalid);
    assert_eq!(why_not(parking.resume(token.expose(), &Purpose::answer("x"), &ann())), ResumeError::Invalid);
    assert!(parking.resume(token.expose(), &purpose(), &ann()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn without_room_the_call_is_cancelled() {
    let (server, parking) = (Asking::new(), parking(2, 1));
    let _ann = parking.park(server.asked().await, &purpose(), &ann()).unwrap();
    let error = parking.park(server.asked().await, &purpose(), &ann()).unwrap_err();
    assert_eq!(error, ParkError::TooManyOfPrincipal { limit: 1 });
    let _bob = parking.park(server.asked().await, &purpose(), &Principal::Named("bob".into())).unwrap();
    let error = parking.park(server.asked().await, &purpose(), &Principal::Anonymous).unwrap_err();
    assert_eq!(error, ParkError::TooMany { limit: 2 });
    assert_eq!(server.cancelled().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_nobody_comes_back_to_is_cancelled_in_time() {
    let (server, parking) = (Asking::new(), parking(1, 1));
    let token = parking.park(server.asked().await, &purpose(), &ann()).unwrap();
    sleep(Duration::from_secs(599)).await;
    parking.sweep(now());
    assert!(server.cancelled().await.is_empty());
    sleep(Duration::from_secs(1)).await;
    parking.sweep(now());
    assert_eq!(server.cancelled().await, ["\"the client did not answer in time\""]);
    assert_eq!(why_not(parking.resume(token.expose(), &purpose(), &ann())), ResumeError::Gone);
    parking.park(server.asked().await, &purpose(), &ann()).expect("there is room again");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_comes_too_late_has_expired() {
    let server = Asking::new();
    let parking = Parking::new(ParkingLimits { life: Duration::ZERO, ..ParkingLimits::default() }).unwrap();
    let parked = parking.park(server.asked().await, &purpose(), &ann()).unwrap();
    let state = parking.wrap(Some("s"), &purpose(), &ann()).unwrap();
    for token in [parked, state] {
        assert!(token.expires_at() <= SystemTime::now());
        assert_eq!(why_not(parking.resume(token.expose(), &purpose(), &ann())), ResumeError::Expired);
    }
}

#[tokio::test(start_paused = true)]
async fn processes_with_one_key_share_state_and_no_calls() {
    let (server, here, there) = (Asking::new(), parking(1, 1), parking(1, 1));
    let ours = here.park(server.asked().await, &purpose(), &ann()).unwrap();
    let _theirs = there.park(server.asked().await, &purpose(), &ann()).unwrap();
    assert_eq!(why_not(there.resume(ours.expose(), &purpose(), &ann())), ResumeError::Gone);
    assert!(here.resume(ours.expose(), &purpose(), &ann()).is_ok());

    let state = here.wrap(Some("s"), &purpose(), &ann()).unwrap();
    assert!(matches!(there.resume(state.expose(), &purpose(), &ann()), Ok(Resumed::State(Some(_)))));
    let stranger = Parking::new(ParkingLimits::default()).unwrap();
    assert_eq!(why_not(stranger.resume(state.expose(), &purpose(), &ann())), ResumeError::Invalid);
}

#[test]
fn a_servers_state_comes_back_byte_for_byte_and_none_as_none() {
    let parking = parking(0, 0);
    let longest = "ä".repeat(Parking::MAX_STATE / 2);
    for state in [None, Some(""), Some(r#""s\u0041""#), Some(&longest)] {
        let token = parking.wrap(state, &purpose(), &ann()).unwrap();
        let Ok(Resumed::State(back)) = parking.resume(token.expose(), &purpose(), &ann()) else { panic!() };
        assert_eq!(back.as_deref(), state);
    }
    let too_long = parking.wrap(Some(&format!("{longest}x")), &purpose(), &ann()).unwrap_err();
    assert_eq!(too_long, WrapError::TooLong { length: 65_537, limit: 65_536 });
}

#[test]
fn neither_a_token_nor_what_is_in_it_shows() {
    let parking = parking(1, 1);
    let token = parking.wrap(Some("s3cret"), &purpose(), &ann()).unwrap();
    let resumed = parking.resume(token.expose(), &purpose(), &ann()).unwrap();
    let shown = format!("{token:?} {resumed:?} {parking:?} {:?}", purpose());
    assert!(!shown.contains("s3cret") && !shown.contains(token.expose()), "{shown}");
}
