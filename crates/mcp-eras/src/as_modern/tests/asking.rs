//! Calls that ask their client something.

use mcp_protocol::EMPTY_ROOTS;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_question_becomes_a_result_and_its_answer_goes_on_with_the_call() {
    let lab = Lab::new();
    let ask = Ask::tool("one");
    let first = lab.answer(&ask).await;
    assert_eq!(asked(&first), [("q1".into(), method::ELICITATION_CREATE.into())]);
    let last = lab.answer(&ask.again(&first, &format!(r#"{{"q1":{ACCEPT},"other":{{}}}}"#))).await;
    assert_eq!(last.value(&["result", "structuredContent", "answers"]), Some(&*format!("[{ACCEPT}]")));
    assert_eq!(last.value(&["result", "resultType"]), Some("\"complete\""));
    let heard = lab.heard().await;
    assert_eq!(heard.iter().filter(|line| line.starts_with(method::TOOLS_CALL)).count(), 1, "{heard:?}");
    assert_eq!(heard.last().unwrap(), "left", "and the conversation is over");
}

#[tokio::test(start_paused = true)]
async fn several_questions_are_one_round_and_missing_answers_are_asked_for_again() {
    let lab = Lab::new();
    let ask = Ask::tool("three");
    let first = lab.answer(&ask).await;
    let methods: Vec<_> = asked(&first).into_iter().map(|(_, method)| method).collect();
    assert_eq!(methods, [method::ELICITATION_CREATE, method::SAMPLING_CREATE_MESSAGE, method::ROOTS_LIST]);

    let second = lab.answer(&ask.again(&first, &format!(r#"{{"q3":{EMPTY_ROOTS}}}"#))).await;
    assert_eq!(keys(&second), ["q1", "q2"]);
    let third = lab.answer(&ask.again(&second, "{}")).await;
    assert_eq!(keys(&third), ["q1", "q2"], "nothing was answered");
    let sample = r#"{"role":"assistant","model":"m","content":{"type":"text","text":"t"}}"#;
    let answers = format!(r#"{{"q1":{{"action":"maybe"}},"q2":{sample}}}"#);
    let fourth = lab.answer(&ask.again(&third, &answers)).await;
    assert_eq!(keys(&fourth), ["q1"], "that could not be an answer");
    let last = lab.answer(&ask.again(&fourth, &format!(r#"{{"q1":{ACCEPT}}}"#))).await;
    let answers = format!("[{EMPTY_ROOTS},{sample},{ACCEPT}]");
    assert_eq!(last.value(&["result", "structuredContent", "answers"]), Some(&*answers));
}

#[tokio::test(start_paused = true)]
async fn there_may_be_many_rounds() {
    let lab = Lab::new();
    let ask = Ask::tool("rounds");
    let mut answer = lab.answer(&ask).await;
    for round in 1..=3 {
        assert_eq!(keys(&answer), [format!("q{round}")]);
        answer = lab.answer(&ask.again(&answer, &format!(r#"{{"q{round}":{ACCEPT}}}"#))).await;
    }
    assert_eq!(answer.value(&["result", "resultType"]), Some("\"complete\""));
}

#[tokio::test(start_paused = true)]
async fn progress_of_a_call_goes_on_under_the_names_of_the_new_request() {
    let lab = Lab::new();
    let ask = Ask::tool("one").meta(r#""progressToken":"first""#);
    let first = lab.answer(&ask).await;
    let mut again = ask.again(&first, &format!(r#"{{"q1":{ACCEPT}}}"#));
    again.meta = r#","progressToken":"second""#.to_owned();
    let messages = lab.all(&again).await;
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].params(), Some(r#"{"progressToken":"second","progress":3}"#));

    let first = lab.answer(&ask).await;
    let mut again = ask.again(&first, &format!(r#"{{"q1":{ACCEPT}}}"#));
    again.meta.clear();
    assert_eq!(lab.all(&again).await.len(), 1, "who names no token hears of no progress");
}

#[tokio::test(start_paused = true)]
async fn a_state_is_good_for_its_client_and_its_request_alone_and_once() {
    let lab = Lab::new();
    let ask = Ask::tool("one");
    let first = lab.answer(&ask).await;
    let answers = format!(r#"{{"q1":{ACCEPT}}}"#);
    refused(&lab.answer(&ask.again(&first, &answers).by("bob")).await, code::INVALID_PARAMS);
    refused(&lab.answer(&Ask::tool("three").again(&first, &answers)).await, code::INVALID_PARAMS);
    let mut tampered = ask.again(&first, &answers);
    tampered.params = tampered.params.replace(r#""requestState":""#, r#""requestState":"A"#);
    refused(&lab.answer(&tampered).await, code::INVALID_PARAMS);
    let mut foreign = ask.clone();
    foreign.params.push_str(r#","requestState":"theirs""#);
    refused(&lab.answer(&foreign).await, code::INVALID_PARAMS);
    for malformed in [r#"{"q1":7}"#, "[]", r#"{"q1":{},"q1":{}}"#] {
        refused(&lab.answer(&ask.again(&first, malformed)).await, code::INVALID_PARAMS);
    }

    let again = ask.again(&first, &answers);
    let (one, two) = tokio::join!(lab.answer(&again), lab.answer(&again));
    let done = [&one, &two].into_iter().filter(|message| !message.is_error()).count();
    assert_eq!(done, 1, "the first wins");
    refused(if one.is_error() { &one } else { &two }, code::INVALID_PARAMS);
    refused(&lab.answer(&again).await, code::INVALID_PARAMS);
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_finds_nothing() {
    let lab = Lab::with(ParkingLimits { life: Duration::ZERO, ..ParkingLimits::default() });
    let ask = Ask::tool("one");
    let first = lab.answer(&ask).await;
    let late = lab.answer(&ask.again(&first, &format!(r#"{{"q1":{ACCEPT}}}"#))).await;
    refused(&late, code::INVALID_PARAMS);
    assert!(late.error().unwrap().contains("expired"));
}

#[tokio::test(start_paused = true)]
async fn a_call_nobody_comes_back_to_is_cancelled_and_left() {
    let lab = Lab::new();
    lab.answer(&Ask::tool("one")).await;
    assert!(
        !lab.heard().await.iter().any(|line| line.starts_with(method::CANCELLED)),
        "reading the question is no cancel"
    );
    sleep(ParkingLimits::default().life).await;
    lab.parking.sweep(tokio::time::Instant::now().into_std());
    let heard = lab.heard().await;
    assert!(heard.iter().any(|line| line.starts_with(method::CANCELLED)), "{heard:?}");
    assert!(heard.contains(&"left".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn without_room_to_wait_the_client_is_told_and_the_call_is_cancelled() {
    let lab = Lab::with(ParkingLimits { total: 1, ..ParkingLimits::default() });
    assert_eq!(keys(&lab.answer(&Ask::tool("one")).await), ["q1"]);
    let second = lab.answer(&Ask::tool("one")).await;
    refused(&second, code::SERVER_ERROR);
    assert!(lab.heard().await.iter().any(|line| line.starts_with(method::CANCELLED)));
}

#[tokio::test(start_paused = true)]
async fn giving_up_before_the_question_cancels_with_the_reason() {
    let lab = Lab::new();
    let mut reply = lab.call(&Ask::tool("hang")).await;
    assert!(futures::poll!(reply.next()).is_pending());
    reply.cancel(Some("bored"));
    let heard = lab.heard().await;
    assert!(heard.iter().any(|line| line.starts_with(method::CANCELLED) && line.contains("bored")), "{heard:?}");
    assert_eq!(heard.iter().filter(|line| *line == "left").count(), 1);

    drop(lab.call(&Ask::tool("one")).await);
    let heard = lab.heard().await;
    assert_eq!(heard.iter().filter(|line| line.starts_with(method::CANCELLED)).count(), 2, "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_needs_what_the_client_has_not_declared_is_refused_that_call() {
    let lab = Lab::new();
    for able in ["{}", r#"{"sampling":{}}"#] {
        let answer = lab.answer(&Ask::tool("three").able(able)).await;
        refused(&answer, code::MISSING_CLIENT_CAPABILITY);
        assert_eq!(
            answer.value(&["error", "data", "requiredCapabilities"]),
            Some(r#"{"elicitation":{"form":{}}}"#),
            "{:?}",
            answer.to_bytes()
        );
    }
    let heard = lab.heard().await;
    assert_eq!(heard.iter().filter(|line| line.contains(method::CANCELLED)).count(), 2, "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_without_roots_has_none() {
    let lab = Lab::new();
    let first = lab.answer(&Ask::tool("three").able(r#"{"sampling":{},"elicitation":{}}"#)).await;
    assert_eq!(keys(&first), ["q1", "q2"]);
    let heard = lab.heard().await;
    assert!(heard.iter().any(|line| line.contains(EMPTY_ROOTS)), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_loses_its_call() {
    let lab = Lab::new();
    let mut reply = lab.call(&Ask::tool("exit")).await;
    assert!(reply.next().await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn two_clients_are_asked_at_once_and_each_is_answered() {
    let lab = Lab::new();
    let (ann, bob) = (Ask::tool("one"), Ask::tool("one").by("bob"));
    let (of_ann, of_bob) = tokio::join!(lab.answer(&ann), lab.answer(&bob));
    let answers = |name: &str| format!(r#"{{"q1":{{"action":"accept","content":{{"who":"{name}"}}}}}}"#);
    let (ann, bob) = (ann.again(&of_ann, &answers("ann")), bob.again(&of_bob, &answers("bob")));
    let (of_bob, of_ann) = tokio::join!(lab.answer(&bob), lab.answer(&ann));
    assert!(of_ann.result().unwrap().contains(r#""who":"ann""#) && of_bob.result().unwrap().contains(r#""who":"bob""#));
}

#[tokio::test(start_paused = true)]
async fn a_prompt_may_ask_as_well() {
    let lab = Lab::new();
    let ask = Ask::new(method::PROMPTS_GET, r#""name":"one""#);
    assert_eq!(keys(&lab.answer(&ask).await), ["q1"]);
}

#[tokio::test(start_paused = true)]
async fn what_became_of_the_call_meanwhile_is_told_with_the_retry() {
    let lab = Lab::new();
    for (name, ends_well) in [("impatient", true), ("faint", false)] {
        let ask = Ask::tool(name);
        let first = lab.answer(&ask).await;
        sleep(Duration::from_secs(2)).await;
        let mut reply = lab.call(&ask.again(&first, &format!(r#"{{"q1":{ACCEPT}}}"#))).await;
        assert_eq!(reply.next().await.unwrap().is_ok(), ends_well, "{name}");
    }
}
