use bytes::Bytes;
use futures::FutureExt;
use mcp_jsonrpc::Id;

use super::{record::Record, *};

#[test]
fn so_many_run_and_so_many_are_remembered() {
    let calls = Calls::default();
    let running: Vec<_> = (0..RUNNING).map(|_| calls.add().unwrap()).collect();
    assert_eq!(calls.add().unwrap_err().status, StatusCode::TOO_MANY_REQUESTS);
    for (_, record) in &running {
        record.end(Bytes::new());
    }
    for _ in 0..40 {
        calls.add().unwrap().1.end(Bytes::new());
        assert!(calls.lock().len() <= RUNNING + ENDED);
    }
    assert!(calls.find(&running[0].0).is_err(), "the oldest are forgotten");
}

#[tokio::test]
async fn a_question_is_answered_once() {
    let record = Record::default();
    let mut said = record.said.lock().unwrap().take().unwrap();
    let key = record.question(Id::from(7)).unwrap();
    assert!(!record.answer("8", Ok("{}")) && record.answer(&key, Ok("{}")) && !record.answer(&key, Ok("{}")));
    let answer = said.recv().await.unwrap();
    assert_eq!(&answer.to_bytes()[..], br#"{"jsonrpc":"2.0","id":7,"result":{}}"#);
    let key = record.question(Id::parse("\"a\"").unwrap()).unwrap();
    assert!(record.answer(&key, Err(r#"{"code":-1,"message":"no"}"#)));
    assert!(said.recv().await.unwrap().is_error());
}

#[tokio::test]
async fn whoever_comes_late_hears_everything_and_then_the_end() {
    let record = Record::default();
    record.add(Bytes::from_static(b"a"));
    record.end(Bytes::from_static(b"b"));
    assert_eq!(record.after(0).await.unwrap(), ["a", "b"]);
    assert_eq!(record.after(2).await, None);
}

#[test]
fn what_is_kept_of_a_call_is_bounded() {
    let record = Record::default();
    for _ in 0..20 {
        record.add(Bytes::from(vec![0; 1 << 20]));
    }
    let sizes = |record: &Record| record.after(0).now_or_never().unwrap().unwrap().len();
    assert_eq!(sizes(&record), 8);
    record.end(Bytes::new());
    assert_eq!(sizes(&record), 9, "the end is always told");
}
