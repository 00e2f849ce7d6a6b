use std::sync::Mutex;

use futures::stream;
use mcp_jsonrpc::Id;
use mcp_protocol::{Revision, code};
use mcp_transport::{DuplexLimits, Memory, MemoryEnd, NoteLimits, Principal, Request, Transport};
use tokio::time::{advance, sleep};

use super::*;

/// What a server has heard after the call.
type Heard = Arc<Mutex<Vec<Message>>>;

/// A server that plays `act` when it is called, and then listens.
fn playing<F>(act: impl Fn(MemoryEnd, Id) -> F + Send + Sync + 'static) -> (Memory, Heard)
where
    F: Future<Output = MemoryEnd> + Send,
{
    let heard = Heard::default();
    let (act, hearing) = (Arc::new(act), Arc::clone(&heard));
    let server = Memory::new(move |mut end| {
        let (act, heard) = (Arc::clone(&act), Arc::clone(&hearing));
        async move {
            let call = end.next().await.unwrap();
            let mut end = act(end, call.id().unwrap()).await;
            while let Some(message) = end.next().await {
                heard.lock().unwrap().push(message);
            }
        }
    });
    (server, heard)
}

async fn called(server: &Memory) -> ParkedCall {
    let caller = Arc::new(Caller::new(Principal::Anonymous, Revision::LATEST_LEGACY));
    let connection = server.connect(&caller).await.unwrap();
    let request = Message::request(&Id::from(1), method::TOOLS_CALL, Some(r#"{"name":"t"}"#));
    let reply = connection.call(Request::new(request, Arc::clone(&caller)).unwrap()).await.unwrap();
    ParkedCall::begin(reply, connection, caller)
}

/// Lets everybody else do what there is to do.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

fn question(id: &str) -> Message {
    let params = format!(r#"{{"message":{id}}}"#);
    Message::request(&Id::parse(id).unwrap(), method::ELICITATION_CREATE, Some(&params))
}

fn withdrawal(id: u32) -> Message {
    Message::notification(method::CANCELLED, Some(&format!(r#"{{"requestId":{id}}}"#)))
}

fn log(text: &str) -> Message {
    Message::notification(method::MESSAGE, Some(&format!(r#"{{"data":"{text}"}}"#)))
}

/// The steps of a call in short, one after the other.
async fn steps(call: &mut ParkedCall, count: usize) -> Vec<String> {
    let mut steps = Vec::new();
    for _ in 0..count {
        steps.push(match call.next().await {
            Step::Note(note) => format!("note {}", note.value(&["params", "data"]).unwrap()),
            Step::Asked(questions) => {
                let asked = questions.iter().map(|it| format!(" {} {}", it.key, it.params));
                format!("asked{}", asked.collect::<String>())
            }
            Step::Done(response) => format!("done {}", response.result().unwrap()),
            Step::Lost(lost) => format!("lost {lost}"),
        });
    }
    steps
}

#[tokio::test(start_paused = true)]
async fn an_answer_goes_on_to_the_response() {
    let (server, heard) = playing(async |mut end, call| {
        end.send(log("before")).await;
        end.send(question("\"a\"")).await;
        let answer = end.next().await.unwrap();
        end.send(log("after")).await;
        end.send(Message::response(&call, &format!("[{}]", answer.result().unwrap()))).await;
        assert_eq!(answer.id(), Id::parse("\"a\""), "the server's own id");
        end
    });
    let mut call = called(&server).await;
    assert_eq!(steps(&mut call, 2).await, ["note \"before\"", r#"asked q1 {"message":"a"}"#]);
    call.answer("q1", r#"{"action":"accept"}"#).await.unwrap();
    assert_eq!(steps(&mut call, 2).await, ["note \"after\"", r#"done [{"action":"accept"}]"#]);
    let _connection = Arc::clone(&call.connection);
    drop(call);
    settle().await;
    assert!(heard.lock().unwrap().is_empty(), "a call that is over is not cancelled");
}

#[tokio::test(start_paused = true)]
async fn questions_of_one_moment_are_asked_together() {
    let (server, _) = playing(async |end, _| {
        end.send(question("1")).await;
        sleep(ParkedCall::GATHER / 2).await;
        end.send(log("meanwhile")).await;
        end.send(question("2")).await;
        sleep(ParkedCall::GATHER).await;
        end.send(question("3")).await;
        end
    });
    let mut call = called(&server).await;
    let start = Instant::now();
    let two = r#"asked q1 {"message":1} q2 {"message":2}"#;
    assert_eq!(steps(&mut call, 2).await, ["note \"meanwhile\"", two]);
    assert!((50..55).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    for key in ["q1", "q2"] {
        call.answer(key, "{}").await.unwrap();
    }
    assert_eq!(steps(&mut call, 1).await, [r#"asked q3 {"message":3}"#]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_gathers_nothing_asks_at_once() {
    let (server, _) = playing(async |end, _| {
        end.send(question("1")).await;
        end
    });
    let mut call = called(&server).await.gather(Duration::ZERO);
    let start = Instant::now();
    steps(&mut call, 1).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_notes_does_not_hold_a_question_back() {
    let (server, _) = playing(async |end, _| end);
    let mut call = called(&server).await;
    let flood = stream::repeat_with(|| log("x"));
    call.reply = Reply::stream(stream::iter([question("1")]).chain(flood).map(Ok));
    for _ in 0..50 {
        assert_eq!(steps(&mut call, 1).await, ["note \"x\""]);
        advance(Duration::from_millis(1)).await;
    }
    assert_eq!(steps(&mut call, 1).await, [r#"asked q1 {"message":1}"#]);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_answered_is_asked_again() {
    let (server, _) = playing(async |end, _| {
        end.send(question("1")).await;
        end.send(question("2")).await;
        end
    });
    let mut call = called(&server).await;
    steps(&mut call, 1).await;
    call.answer("q1", "{}").await.unwrap();
    assert!(matches!(call.answer("q1", "{}").await, Err(AnswerError::NotAsked)), "once");
    assert!(matches!(call.answer("q2", "[]").await, Err(AnswerError::NotAnObject)));
    assert_eq!(steps(&mut call, 2).await, [r#"asked q2 {"message":2}"#, r#"asked q2 {"message":2}"#]);
}

#[tokio::test(start_paused = true)]
async fn a_question_withdrawn_disappears() {
    let (server, _) = playing(async |end, call| {
        end.send(question("1")).await;
        end.send(withdrawal(1)).await;
        end.send(question("2")).await;
        sleep(Duration::from_secs(1)).await;
        end.send(withdrawal(2)).await;
        end.send(Message::response(&call, "{}")).await;
        end
    });
    let mut call = called(&server).await;
    assert_eq!(steps(&mut call, 1).await, [r#"asked q2 {"message":2}"#]);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(steps(&mut call, 1).await, ["done {}"]);
    assert!(matches!(call.answer("q2", "{}").await, Err(AnswerError::NotAsked)));
}

#[tokio::test(start_paused = true)]
async fn questions_end_with_their_call() {
    let (server, _) = playing(async |end, call| {
        end.send(question("1")).await;
        end.send(Message::response(&call, "{}")).await;
        end
    });
    let mut call = called(&server).await;
    assert_eq!(steps(&mut call, 1).await, ["done {}"]);
    assert!(matches!(call.answer("q1", "{}").await, Err(AnswerError::NotAsked)));
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_nobody_looks_is_bounded_and_the_response_is_kept() {
    let (server, _) = playing(async |end, call| {
        end.send(question("1")).await;
        sleep(Duration::from_secs(1)).await;
        for number in 0..100 {
            end.send(log(&number.to_string())).await;
        }
        end.send(Message::response(&call, "{}")).await;
        end
    });
    let notes = NoteLimits { count: 2, ..NoteLimits::default() };
    let mut call = called(&server.limits(DuplexLimits { notes, ..DuplexLimits::default() })).await;
    steps(&mut call, 1).await;
    sleep(Duration::from_secs(2)).await;
    assert_eq!(steps(&mut call, 3).await, ["note \"0\"", "note \"1\"", "done {}"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_meanwhile_is_heard_of() {
    let server = Memory::new(async |mut end: MemoryEnd| {
        end.next().await.unwrap();
        end.send(question("1")).await;
        sleep(Duration::from_secs(1)).await;
    });
    let mut call = called(&server).await;
    steps(&mut call, 1).await;
    sleep(Duration::from_secs(2)).await;
    assert!(matches!(call.answer("q1", "{}").await, Err(AnswerError::NotSent(_))));
    assert_eq!(steps(&mut call, 1).await, ["lost the server has closed the connection"]);
}

#[tokio::test(start_paused = true)]
async fn dropping_it_cancels_the_call() {
    let (server, heard) = playing(async |end, _| {
        end.send(question("1")).await;
        end
    });
    let mut call = called(&server).await;
    // A server in memory does not outlive its connection.
    let _connection = Arc::clone(&call.connection);
    steps(&mut call, 1).await;
    drop(call);
    settle().await;
    let heard: Vec<_> = heard.lock().unwrap().iter().map(|message| message.method().unwrap().to_owned()).collect();
    assert_eq!(heard, [method::CANCELLED]);
}

#[tokio::test(start_paused = true)]
async fn what_no_client_can_be_asked_is_refused_and_the_rest_is_asked() {
    let (server, heard) = playing(async |end, _| {
        end.send(Message::request(&Id::from(1), method::TASKS_GET, None)).await;
        end.send(question("2")).await;
        end
    });
    let mut call = called(&server).await;
    assert_eq!(steps(&mut call, 1).await, [r#"asked q1 {"message":2}"#]);
    let heard = heard.lock().unwrap();
    assert_eq!((heard.len(), heard[0].id(), code::of(&heard[0])), (1, Some(Id::from(1)), Some(code::METHOD_NOT_FOUND)));
}

#[tokio::test(start_paused = true)]
async fn giving_up_a_step_half_way_loses_nothing() {
    let (server, _) = playing(async |end, _| {
        end.send(question("1")).await;
        sleep(ParkedCall::GATHER / 2).await;
        end.send(question("2")).await;
        end
    });
    let mut call = called(&server).await;
    for _ in 0..3 {
        assert!(timeout(Duration::from_millis(10), call.next()).await.is_err());
    }
    assert_eq!(steps(&mut call, 1).await, [r#"asked q1 {"message":1} q2 {"message":2}"#]);
}
