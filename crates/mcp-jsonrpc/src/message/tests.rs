use proptest::prelude::*;

use super::*;
use crate::Reason;

#[expect(clippy::disallowed_types, reason = "the model that text is held against is a tree")]
type Tree = serde_json::Value;

fn parse(text: &str) -> Result<Message, ParseError> {
    Message::parse(Bytes::copy_from_slice(text.as_bytes()))
}

#[track_caller]
fn accepts(text: &str, kind: Kind, id: Option<&str>, method: Option<&str>) {
    let message = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(message.kind(), kind, "{text}");
    assert_eq!(message.id().as_ref().map(Id::as_str), id, "{text}");
    assert_eq!(message.method(), method, "{text}");
    for name in [method.unwrap_or_default(), "tools/call", "m", ""] {
        assert_eq!(message.is_method(name), method == Some(name), "{text}: {name}");
    }
}

#[track_caller]
fn refuses(text: &str, reason: Reason, id: Option<&str>) {
    let error = parse(text).expect_err(text);
    assert_eq!((error.reason, error.id.as_ref().map(Id::as_str)), (reason, id), "{text}");
}

#[test]
fn the_members_decide_the_kind() {
    accepts(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, Kind::Request, Some("1"), Some("ping"));
    accepts(r#"{"method":"n","jsonrpc":"2.0"}"#, Kind::Notification, None, Some("n"));
    accepts(r#"{"jsonrpc":"2.0","id":"a","result":null}"#, Kind::Response, Some("\"a\""), None);
    accepts(r#"{"jsonrpc":"2.0","id":-3,"error":{}}"#, Kind::Response, Some("-3"), None);
}

#[test]
fn ids_keep_their_exact_text() {
    for id in ["9007199254740993", "123456789012345678901234567890", "\"1\"", "\"\\u00e9\\n\"", "0"] {
        accepts(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m"}}"#), Kind::Request, Some(id), Some("m"));
    }
}

#[test]
fn an_id_is_a_string_or_an_integer() {
    for id in ["null", "1.5", "1e2", "true", "{}", "[1]"] {
        refuses(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m"}}"#), Reason::Id, None);
    }
    refuses(r#"{"jsonrpc":"2.0","id":null,"result":1}"#, Reason::Id, None);
}

#[test]
fn a_refusal_may_lack_the_id_it_could_not_read() {
    accepts(r#"{"jsonrpc":"2.0","id":null,"error":{}}"#, Kind::Response, None, None);
    accepts(r#"{"jsonrpc":"2.0","error":{}}"#, Kind::Response, None, None);
    refuses(r#"{"jsonrpc":"2.0","result":{}}"#, Reason::Shape, None);
}

#[test]
fn members_that_contradict_each_other_are_refused() {
    refuses(r#"{"jsonrpc":"2.0","id":1,"method":"m","result":1}"#, Reason::Shape, Some("1"));
    refuses(r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{}}"#, Reason::Shape, Some("1"));
    refuses(r#"{"jsonrpc":"2.0","id":1}"#, Reason::Shape, Some("1"));
    refuses(r#"{"jsonrpc":"2.0","id":1,"method":7}"#, Reason::Method, Some("1"));
    refuses(r#"{"jsonrpc":"2.0","id":1,"method":"m","params":7}"#, Reason::Params, Some("1"));
    refuses(r#"{"jsonrpc":"1.0","id":1,"method":"m"}"#, Reason::Version, Some("1"));
    refuses(r#"{"id":1,"method":"m"}"#, Reason::Version, Some("1"));
    refuses("{}", Reason::Version, None);
    refuses("[]", Reason::NotAnObject, None);
    refuses("7", Reason::NotAnObject, None);
}

#[test]
fn params_may_be_absent_null_an_object_or_an_array() {
    for params in ["null", "{}", "[]"] {
        let text = format!(r#"{{"jsonrpc":"2.0","method":"m","params":{params}}}"#);
        assert_eq!(parse(&text).unwrap().params(), Some(params));
    }
}

#[test]
fn a_key_that_stands_twice_or_in_disguise_is_refused() {
    refuses(r#"{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}"#, Reason::DuplicateKey, Some("1"));
    refuses(r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}"#, Reason::DuplicateKey, Some("2"));
    refuses(r#"{"jsonrpc":"2.0","jsonrpc":"2.0","method":"a"}"#, Reason::DuplicateKey, None);
    refuses(r#"{"jsonrpc":"2.0","id":1,"method":"a","Method":"b"}"#, Reason::VariantKey, Some("1"));
    refuses(r#"{"jsonrpc":"2.0","id":1,"method":"a","m\u0065thod":"b"}"#, Reason::VariantKey, Some("1"));
    refuses("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"param\u{17f}\":{}}", Reason::VariantKey, Some("1"));
    accepts(
        r#"{"jsonrpc":"2.0","method":"a","methods":1,"_meta":{"id":1,"id":2}}"#,
        Kind::Notification,
        None,
        Some("a"),
    );
}

#[test]
fn a_method_may_be_written_with_escapes() {
    accepts(r#"{"jsonrpc":"2.0","id":1,"method":"tools\/call"}"#, Kind::Request, Some("1"), Some("tools/call"));
}

#[test]
fn there_is_exactly_one_value() {
    refuses("{\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n{}", Reason::Syntax, None);
    refuses("", Reason::Syntax, None);
    refuses("{\"jsonrpc\":\"2.0\"", Reason::Syntax, None);
    refuses("{\"jsonrpc\":\"2.0\",}", Reason::Syntax, None);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let broken = Bytes::from_static(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}");
    assert_eq!(Message::parse(broken).unwrap_err().reason, Reason::Encoding);
    refuses("{\"jsonrpc\":\"2.0\",\"method\":\"a\0\"}", Reason::Syntax, None);
    refuses("\0{\"jsonrpc\":\"2.0\",\"method\":\"a\"}", Reason::Syntax, None);
    refuses("{\"jsonrpc\":\"2.0\",\"method\":\"a\nb\"}", Reason::Syntax, None);
    refuses("{\"jsonrpc\":\"2.0\",\"method\":\"\\x\"}", Reason::Syntax, None);
    refuses("{\"jsonrpc\":\"2.0\",\u{a0}\"method\":\"a\"}", Reason::Syntax, None);
}

#[test]
fn marks_and_white_space_around_a_message_are_left_off() {
    let message = parse("\u{feff}\r\n {\"jsonrpc\":\"2.0\",\"method\":\"a\"}\r\n").unwrap();
    assert_eq!(&message.text()[..], br#"{"jsonrpc":"2.0","method":"a"}"#);
    assert!(message.is_single_line());
}

#[test]
fn raw_newlines_between_tokens_become_spaces() {
    let message = parse("{\n  \"jsonrpc\": \"2.0\",\r\n  \"id\": 1, \"method\": \"a\\nb\"\n}").unwrap();
    assert!(!message.is_single_line());
    let line = message.clone().with_id(Id::from(5)).single_line();
    assert_eq!(&line.to_bytes()[..], br#"{   "jsonrpc": "2.0",    "id": 5, "method": "a\nb" }"#);
}

#[test]
fn an_edit_that_brings_a_newline_makes_the_message_multiline() {
    let message = parse(r#"{"jsonrpc":"2.0","method":"m","params":{}}"#).unwrap();
    let at = message.find(&["params"]).unwrap().unwrap();
    assert!(message.spliced(&[Edit { at: at.clone(), with: "[1]" }]).is_single_line());
    let edited = message.spliced(&[Edit { at, with: "{\n}" }]);
    assert!(!edited.is_single_line());
    assert_eq!(edited.single_line().params(), Some("{ }"));
}

#[test]
fn lone_surrogates_and_odd_numbers_pass_untouched() {
    let text = r#"{"jsonrpc":"2.0","id":1,"result":{"a":"\ud800","b":1e400,"c":0.10,"d":18446744073709551616}}"#;
    assert_eq!(&parse(text).unwrap().with_id(Id::from(1)).to_bytes()[..], text.as_bytes());
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"jsonrpc":"2.0","method":"m","params":{open}{close}}}"#)
    };
    assert!(parse(&nested(crate::MAX_DEPTH - 1)).is_ok());
    refuses(&nested(crate::MAX_DEPTH), Reason::Depth, None);
    refuses(&nested(100_000), Reason::Depth, None);
}

#[test]
fn relabelling_shares_the_payload() {
    let text = r#"{"jsonrpc":"2.0","id":1,"result":{"big":"..."}}"#;
    let message = parse(text).unwrap();
    let relabelled = message.clone().with_id(Id::from(1_048_576));
    let [before, id, after] = relabelled.chunks();
    assert_eq!(before.as_ptr(), message.text().as_ptr());
    assert_eq!((&id[..], &after[..]), (&b"1048576"[..], &br#","result":{"big":"..."}}"#[..]));
    assert_eq!(relabelled.len(), relabelled.to_bytes().len());
    assert_eq!(relabelled.id(), Some(Id::from(1_048_576)));
}

#[test]
fn a_refusal_without_id_gets_one() {
    for text in [r#"{"jsonrpc":"2.0","error":{}}"#, r#"{"jsonrpc":"2.0","id":null,"error":{}}"#] {
        let message = parse(text).unwrap().with_id(Id::from(9));
        let again = Message::parse(message.to_bytes()).unwrap();
        assert_eq!(again.id(), Some(Id::from(9)));
        assert_eq!(message.id(), Some(Id::from(9)));
    }
}

#[test]
fn edits_move_the_envelope_along() {
    let message = parse(r#"{"jsonrpc":"2.0","params":{"a":1,"b":2},"id":7,"method":"m"}"#).unwrap();
    let (a, b) = (message.find(&["params", "a"]).unwrap().unwrap(), message.find(&["params", "b"]).unwrap().unwrap());
    let edited = message.spliced(&[Edit { at: a, with: "\"long\"" }, Edit { at: b, with: "[]" }]);
    assert_eq!(edited.params(), Some(r#"{"a":"long","b":[]}"#));
    assert_eq!((edited.id(), edited.method()), (Some(Id::from(7)), Some("m")));
    let labelled = message.clone().with_id(Id::from(8)).spliced(&[Edit { at: 26..27, with: "x" }]);
    assert_eq!(labelled.id(), Some(Id::from(8)));
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        "-?[1-9][0-9]{0,3}(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?",
        ".{0,80}".prop_map(|text| crate::quote(&text)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[ {} ]", items.join(" , "))),
            prop::collection::vec(("[a-zé\"\\\\]{1,40}", inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members
                    .into_iter()
                    .enumerate()
                    .map(|(n, (k, v))| format!("{}:{v}", crate::quote(&format!("{k}{n}"))))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// What the scanner accepts as one value. The envelope needs an object, so the value goes into one.
fn scanner_accepts(value: &[u8]) -> bool {
    let mut text = br#"{"jsonrpc":"2.0","id":1,"result":"#.to_vec();
    text.extend_from_slice(value);
    text.push(b'}');
    Message::parse(text.into()).is_ok()
}

fn model_accepts(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|text| serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok())
}

#[test]
fn a_key_is_found_though_what_stands_behind_it_is_not_read_and_never_if_it_stands_twice() {
    let found = |params: &str| {
        let message = parse(&format!(r#"{{"jsonrpc":"2.0","method":"n","params":{params}}}"#)).unwrap();
        message
            .find(&["params", "k"])
            .map(|place| place.map(|at| std::str::from_utf8(&message.text()[at]).unwrap().to_owned()))
    };
    for once in [r#"{"k":1,"b":{"c":[]}}"#, r#"{"b":"k","k":1}"#, r#"{"k":1,"b":"k"}"#, r#"{"\u006b":1,"b":"\n"}"#] {
        assert_eq!(found(once), Ok(Some("1".to_owned())), "{once}");
    }
    for twice in [r#"{"k":1,"k":2}"#, r#"{"k":1,"b":0,"\u006b":2}"#, r#"{"\u006b":1,"k":2}"#] {
        assert_eq!(found(twice), Err(FieldError::Duplicate), "{twice}");
    }
}

#[test]
fn several_members_are_found_in_one_go_and_none_twice() {
    let picked = |params: &str| {
        let message = parse(&format!(r#"{{"jsonrpc":"2.0","method":"n","params":{params}}}"#)).unwrap();
        let places = message.pick(&["params"], ["a", "b", "c"])?;
        let text =
            |place: Option<Range<usize>>| place.map(|at| String::from_utf8(message.text()[at].to_vec()).unwrap());
        Ok(places.map(|places| places.map(text).map(Option::unwrap_or_default).join(" ")))
    };
    assert_eq!(
        picked(r#"{"x":{"a":[0]},"c":"}","\u0061":{"b":[1,{}]} }"#),
        Ok(Some(r#"{"b":[1,{}]}  "}""#.to_owned()))
    );
    assert_eq!(picked("[1]"), Ok(Some("  ".to_owned())));
    assert_eq!(picked("{}"), Ok(Some("  ".to_owned())));
    for twice in [r#"{"a":1,"a":2}"#, r#"{"c":1,"x":0,"\u0063":2}"#] {
        assert_eq!(picked(twice), Err(FieldError::Duplicate), "{twice}");
    }
}

proptest! {
    #[test]
    fn valid_json_passes_and_comes_back_unchanged(value in json(), id in any::<u64>()) {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{value}}}"#);
        let message = parse(&text).unwrap();
        prop_assert_eq!(message.result(), Some(value.as_str()));
        // Behind a value that is stepped over without a look at its grammar there is the next one.
        let text = format!(r#"{{"jsonrpc":"2.0","method":"n","params":{{"a":{value} ,"b":7}}}}"#);
        let params = parse(&text).unwrap();
        prop_assert_eq!(params.value(&["params", "b"]), Some("7"));
        prop_assert_eq!(params.value(&["params", "a"]), Some(value.as_str()));
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{value}}}"#);
        let back = message.with_id(Id::from(7)).with_id(Id::from(id));
        prop_assert_eq!(&back.to_bytes()[..], text.as_bytes());
    }

    #[test]
    fn damaged_json_is_judged_as_the_model_judges_it(value in json(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut value = value.into_bytes();
        let at = at.index(value.len());
        value[at] = byte;
        // A brace of its own could close the envelope early, which the model, given the value alone, cannot see.
        prop_assume!(!matches!(byte, b'}' | b',' | b'{'));
        prop_assert_eq!(scanner_accepts(&value), model_accepts(&value), "{}", String::from_utf8_lossy(&value));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Message::parse(Bytes::from(bytes));
    }

    #[test]
    fn find_agrees_with_a_tree(value in json()) {
        let tree: Tree = serde_json::from_str(&value).unwrap();
        let Some(members) = tree.as_object() else { return Ok(()) };
        for (key, expected) in members {
            let place = field::find(&value, &[key]).unwrap().unwrap();
            let found = serde_json::from_str::<Tree>(&value[place]);
            prop_assert_eq!(&found.unwrap(), expected);
        }
    }
}
