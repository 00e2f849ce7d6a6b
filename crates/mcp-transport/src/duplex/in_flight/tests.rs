use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Message {
    Message::parse(text.to_owned().into()).unwrap()
}

fn call(id: &str) -> Message {
    parse(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"x"}}}}"#))
}

fn answer(id: &Id) -> Message {
    Message::response(id, "{}")
}

fn question() -> Message {
    Message::request(&Id::from(0), method::ELICITATION_CREATE, Some("{}"))
}

fn table() -> InFlight<&'static str> {
    InFlight::new(4)
}

fn text(message: &Message) -> String {
    String::from_utf8(message.to_bytes().to_vec()).unwrap()
}

fn receive<W: Clone>(table: &mut InFlight<W>, message: Message) -> Delivery<W> {
    table.receive(message, Instant::now)
}

#[test]
fn two_callers_may_use_one_id() {
    let mut table = table();
    let (_, to_ann) = table.ask(&call("1"), None, "ann").unwrap();
    let (_, to_bob) = table.ask(&call("1"), None, "bob").unwrap();
    assert_ne!(to_ann.id(), to_bob.id());
    let Delivery::Response(who, message) = receive(&mut table, answer(&to_bob.id().unwrap())) else { panic!() };
    assert_eq!((who, message.id()), ("bob", Some(Id::from(1))));
}

#[test]
fn ids_come_back_with_their_exact_text() {
    let mut table = table();
    for id in ["\"1\"", "1", "123456789012345678901234567890", "\"\\u0031\""] {
        let (_, sent) = table.ask(&call(id), None, "ann").unwrap();
        let Delivery::Response(_, message) = receive(&mut table, answer(&sent.id().unwrap())) else { panic!() };
        assert_eq!(message.id().unwrap().as_str(), id);
    }
}

#[test]
fn a_second_answer_and_one_to_a_reused_slot_reach_nobody() {
    let mut table = table();
    let (_, first) = table.ask(&call("1"), None, "ann").unwrap();
    let late = answer(&first.id().unwrap());
    assert!(matches!(receive(&mut table, late.clone()), Delivery::Response("ann", _)));
    assert!(matches!(receive(&mut table, late.clone()), Delivery::Stale));
    let (_, second) = table.ask(&call("1"), None, "bob").unwrap();
    assert_ne!(first.id(), second.id());
    assert!(matches!(receive(&mut table, late), Delivery::Stale));
    for foreign in ["\"a\"", "999", "18446744073709551615"] {
        assert!(matches!(receive(&mut table, answer(&Id::parse(foreign).unwrap())), Delivery::Stale));
    }
}

#[test]
fn the_limit_counts_calls_and_not_the_dead() {
    let mut table = table();
    let keys: Vec<_> = (0..4).map(|_| table.ask(&call("1"), None, "ann").unwrap().0).collect();
    assert_eq!(table.ask(&call("1"), None, "ann").unwrap_err(), Unasked::Full);
    assert!(table.cancel(keys[0], Instant::now()));
    assert!(table.ask(&call("1"), None, "ann").is_ok());
    assert_eq!(table.drain().len(), 4);
    assert_eq!(table.len(), 0);
}

#[test]
fn progress_goes_to_its_call_under_the_callers_token() {
    let mut table = table();
    let ask = parse(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":"t","x":1},"name":"x"}}"#,
    );
    let (key, sent) = table.ask(&ask, None, "ann").unwrap();
    assert_eq!(sent.value(&["params", "_meta", "progressToken"]), Some(key.to_string().as_str()));
    let progress = |token: &str| {
        Message::notification(method::PROGRESS, Some(&format!(r#"{{"progressToken":{token},"progress":1}}"#)))
    };
    let Delivery::Note("ann", note) = receive(&mut table, progress(&key.to_string())) else { panic!() };
    assert_eq!(note.params(), Some(r#"{"progressToken":"t","progress":1}"#));
    assert!(matches!(receive(&mut table, progress("\"t\"")), Delivery::Stale));
    receive(&mut table, answer(&sent.id().unwrap()));
    assert!(matches!(receive(&mut table, progress(&key.to_string())), Delivery::Stale));
}

#[test]
fn a_question_belongs_to_the_only_call_and_else_to_none() {
    let mut table = table();
    assert!(matches!(receive(&mut table, question()), Delivery::Event(_)));
    let (_, to_ann) = table.ask(&call("1"), None, "ann").unwrap();
    assert!(matches!(receive(&mut table, question()), Delivery::Note("ann", _)));
    table.ask(&call("1"), None, "bob").unwrap();
    assert!(matches!(receive(&mut table, question()), Delivery::Event(_)));
    receive(&mut table, answer(&to_ann.id().unwrap()));
    assert!(matches!(receive(&mut table, question()), Delivery::Note("bob", _)));
}

#[test]
fn a_cancelled_call_may_still_ask_so_nothing_is_attributed_until_it_is_over() {
    let mut table = table();
    let (key, cancelled) = table.ask(&call("1"), None, "ann").unwrap();
    table.ask(&call("2"), None, "bob").unwrap();
    let start = Instant::now();
    assert!(table.cancel(key, start));
    assert!(!table.cancel(key, start), "only once");
    let log = || Message::notification(method::MESSAGE, None);
    assert!(matches!(table.receive(log(), || start), Delivery::Event(_)));
    let mut later = table;
    assert!(matches!(later.receive(log(), || start + GHOST_LIFE), Delivery::Note("bob", _)), "not for ever");
    assert!(matches!(receive(&mut later, answer(&cancelled.id().unwrap())), Delivery::Stale));
}

#[test]
fn the_late_answer_of_a_cancelled_call_lays_it_to_rest() {
    let mut table = table();
    let (key, cancelled) = table.ask(&call("1"), None, "ann").unwrap();
    table.ask(&call("2"), None, "bob").unwrap();
    table.cancel(key, Instant::now());
    assert!(matches!(receive(&mut table, answer(&cancelled.id().unwrap())), Delivery::Stale));
    assert!(matches!(receive(&mut table, question()), Delivery::Note("bob", _)));
}

#[test]
fn only_calls_during_which_a_server_asks_stand_in_the_way() {
    let mut table = table();
    let list = parse(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    let (key, _) = table.ask(&list, None, "ann").unwrap();
    table.ask(&list, None, "eve").unwrap();
    table.ask(&call("1"), None, "bob").unwrap();
    table.cancel(key, Instant::now());
    assert!(matches!(receive(&mut table, question()), Delivery::Note("bob", _)));
}

#[test]
fn calls_of_one_client_are_told_apart_by_nobody_and_need_not_be() {
    let mut table = table();
    let (ann, bob) = (Some(Arc::from("session a")), Some(Arc::from("session b")));
    table.ask(&call("1"), ann.clone(), "first").unwrap();
    let (key, _) = table.ask(&call("2"), ann.clone(), "second").unwrap();
    assert!(matches!(receive(&mut table, question()), Delivery::Note("second", _)));
    table.cancel(key, Instant::now());
    assert!(matches!(receive(&mut table, question()), Delivery::Note("first", _)), "the client is the same");
    let (_, sent) = table.ask(&call("1"), bob, "other").unwrap();
    assert!(matches!(receive(&mut table, question()), Delivery::Event(_)));
    receive(&mut table, answer(&sent.id().unwrap()));
    assert!(matches!(receive(&mut table, question()), Delivery::Note("first", _)));
}

#[test]
fn a_question_withdrawn_reaches_whoever_was_asked() {
    let mut table = table();
    table.ask(&call("1"), None, "ann").unwrap();
    receive(&mut table, question());
    table.ask(&call("2"), None, "bob").unwrap();
    let withdrawn = || Message::notification(method::CANCELLED, Some(r#"{"requestId":0}"#));
    assert!(matches!(receive(&mut table, withdrawn()), Delivery::Note("ann", _)));
    assert!(matches!(receive(&mut table, withdrawn()), Delivery::Event(_)), "once");
}

#[test]
fn the_handshake_is_never_cancelled_and_pings_are_answered_here() {
    let mut table = table();
    let initialize = Message::request(&Id::from(1), method::INITIALIZE, None);
    let (key, _) = table.ask(&initialize, None, "ann").unwrap();
    assert!(!table.cancel(key, Instant::now()));
    let question = parse(r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#);
    let Delivery::Answer(answer) = receive(&mut table, question) else { panic!() };
    assert_eq!(text(&answer), r#"{"jsonrpc":"2.0","id":"p","result":{}}"#);
}

#[test]
fn a_subscription_is_told_under_its_callers_id_and_asks_nothing() {
    let mut table = table();
    let listen = parse(r#"{"jsonrpc":"2.0","id":"l","method":"subscriptions/listen","params":{}}"#);
    let (key, _) = table.ask(&listen, None, "ann").unwrap();
    let changed = |key: u64| {
        let params = format!(r#"{{"_meta":{{"io.modelcontextprotocol/subscriptionId":{key}}}}}"#);
        Message::notification(method::TOOLS_LIST_CHANGED, Some(&params))
    };
    let Delivery::Note("ann", note) = receive(&mut table, changed(key)) else { panic!() };
    assert_eq!(note.params(), Some(r#"{"_meta":{"io.modelcontextprotocol/subscriptionId":"l"}}"#));
    assert!(matches!(receive(&mut table, changed(key + 1)), Delivery::Event(_)));
    let result = format!(r#"{{"_meta":{{"io.modelcontextprotocol/subscriptionId":{key}}}}}"#);
    let mut ending = InFlight::new(1);
    ending.ask(&listen, None, "ann").unwrap();
    let Delivery::Response(_, end) = receive(&mut ending, Message::response(&Id::from(key), &result)) else { panic!() };
    assert_eq!(end.result(), Some(r#"{"_meta":{"io.modelcontextprotocol/subscriptionId":"l"}}"#));
    assert!(matches!(receive(&mut table, question()), Delivery::Event(_)), "a subscription asks nothing");
    table.ask(&call("1"), None, "bob").unwrap();
    assert!(matches!(receive(&mut table, question()), Delivery::Note("bob", _)), "and stands in nobody's way");
}

#[derive(Clone, Debug)]
enum Step {
    Ask(u8),
    Answer(prop::sample::Index),
    Cancel(prop::sample::Index),
}

proptest! {
    /// Against the naive model: a map from the ids on the wire to callers, never reused.
    #[test]
    fn every_answer_reaches_the_caller_it_was_written_for(steps in prop::collection::vec(prop_oneof![
        (0u8..4).prop_map(Step::Ask),
        any::<prop::sample::Index>().prop_map(Step::Answer),
        any::<prop::sample::Index>().prop_map(Step::Cancel),
    ], 0..80)) {
        let mut table = InFlight::new(8);
        let mut model: Vec<(u64, u32, u8, bool)> = Vec::new();
        for (caller, step) in (0u32..).zip(steps) {
            let waiting = model.iter().filter(|call| call.3).count();
            match step {
                Step::Ask(id) => {
                    let Ok((key, sent)) = table.ask(&call(&id.to_string()), None, caller) else {
                        prop_assert_eq!(waiting, 8);
                        continue;
                    };
                    prop_assert_eq!(sent.id(), Some(Id::from(key)));
                    prop_assert!(model.iter().all(|call| call.0 != key), "an id is used once");
                    model.push((key, caller, id, true));
                }
                Step::Answer(at) if !model.is_empty() => {
                    let at = at.index(model.len());
                    let (key, caller, id, open) = model[at];
                    match receive(&mut table, answer(&Id::from(key))) {
                        Delivery::Response(who, message) => {
                            prop_assert!(open && who == caller && message.id() == Some(Id::from(u64::from(id))));
                        }
                        Delivery::Stale => prop_assert!(!open),
                        other => prop_assert!(false, "{other:?}"),
                    }
                    model[at].3 = false;
                }
                Step::Cancel(at) if !model.is_empty() => {
                    let at = at.index(model.len());
                    prop_assert_eq!(table.cancel(model[at].0, Instant::now()), model[at].3);
                    model[at].3 = false;
                }
                _ => {}
            }
            prop_assert_eq!(table.len(), model.iter().filter(|call| call.3).count());
        }
    }
}

#[test]
fn what_a_task_asks_comes_on_the_call_that_waits_for_its_result() {
    let mut table = table();
    let result_of = |id: &str| {
        parse(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tasks/result","params":{{"taskId":"{id}"}}}}"#))
    };
    let ask = |id: &str| {
        let params = format!(r#"{{"_meta":{{"io.modelcontextprotocol/related-task":{{"taskId":"{id}"}}}}}}"#);
        Message::request(&Id::from(0), method::ELICITATION_CREATE, Some(&params))
    };
    let (_, to_ann) = table.ask(&result_of("a"), None, "ann").unwrap();
    table.ask(&result_of("b"), None, "bob").unwrap();
    assert!(matches!(receive(&mut table, ask("a")), Delivery::Note("ann", _)));
    assert!(matches!(receive(&mut table, ask("b")), Delivery::Note("bob", _)));
    assert!(matches!(receive(&mut table, ask("c")), Delivery::Event(_)), "a task that nobody waits for");
    assert!(matches!(receive(&mut table, question()), Delivery::Event(_)), "it names no task");
    let (_, _) = table.ask(&call("2"), None, "eve").unwrap();
    assert!(matches!(receive(&mut table, ask("b")), Delivery::Note("bob", _)), "whatever else is under way");
    receive(&mut table, answer(&to_ann.id().unwrap()));
    table.ask(&call("3"), None, "ann").unwrap();
    assert!(matches!(receive(&mut table, ask("a")), Delivery::Event(_)), "it has its result");
}
