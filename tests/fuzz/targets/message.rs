//! Messages against a tree: what is accepted, where its members stand, and that relabelling changes the id alone.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use mcp_fuzz::{Member, depth, is_json, members, span};
use mcp_jsonrpc::{Id, Kind, MAX_DEPTH, Message};

const NAMES: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

fuzz_target!(|input: &[u8]| {
    let text = trimmed(input);
    let json = std::str::from_utf8(text).ok().filter(|text| is_json(text) && depth(text) <= MAX_DEPTH);
    let expected = json.and_then(Model::read);
    match Message::parse(Bytes::copy_from_slice(input)) {
        Ok(message) => {
            let expected = expected.expect("the model refuses what was accepted");
            assert_eq!(&message.text()[..], text);
            expected.compare(&message, text);
            relabel(&message);
        }
        Err(error) => {
            assert!(expected.is_none(), "the model accepts what was refused: {error}");
            assert_eq!(error.reason.is_grammar(), json.is_none(), "{error}");
            assert!(error.at <= text.len());
            assert!(error.id.is_none_or(|id| Id::parse(id.as_str()).is_some()));
        }
    }
});

/// The envelope, each member as its text.
#[derive(Default)]
struct Model<'a> {
    places: [Option<&'a str>; 6],
}

impl<'a> Model<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut model = Self::default();
        for member in members(text)? {
            match NAMES.iter().position(|name| member.key == format!("\"{name}\"")) {
                Some(at) if model.places[at].is_some() => return None,
                Some(at) => model.places[at] = Some(member.value),
                None if looks_like_one(member) => return None,
                None => {}
            }
        }
        model.is_message().then_some(model)
    }

    fn is_message(&self) -> bool {
        let [version, id, method, params, result, error] = self.places;
        let asks = method.is_some();
        let good_id = id.is_none_or(|id| id.starts_with('"') || is_integer(id));
        version == Some("\"2.0\"")
            && [method, result, error].iter().flatten().count() == 1
            && method.is_none_or(|method| method.starts_with('"'))
            && params.is_none_or(|params| params.starts_with(['{', '[']) || params == "null")
            && (good_id || error.is_some() && id == Some("null"))
            && (id.is_some() || asks || error.is_some())
    }

    fn compare(&self, message: &Message, text: &[u8]) {
        let [_, id, method, params, result, error] = self.places;
        let label = id.filter(|id| *id != "null");
        assert_eq!(message.id().as_ref().map(Id::as_str), label);
        assert_eq!((message.params(), message.result(), message.error()), (params, result, error));
        for (name, place) in NAMES.iter().zip(self.places) {
            assert_eq!(message.find(&[name]), Ok(place.map(|place| span(text, place))), "{name}");
        }
        let plain = method.and_then(|method| serde_json::from_str::<String>(method).ok());
        if plain.is_some() {
            assert_eq!(message.method(), plain.as_deref());
        }
        let kind = match (method, id) {
            (Some(_), Some(_)) => Kind::Request,
            (Some(_), None) => Kind::Notification,
            (None, _) => Kind::Response,
        };
        assert_eq!((message.kind(), message.is_error()), (kind, error.is_some()));
        assert_eq!(message.is_single_line(), !text.iter().any(|byte| matches!(byte, b'\n' | b'\r')));
    }
}

/// Whether a lenient parser could take the key for a member of the envelope.
fn looks_like_one(member: Member<'_>) -> bool {
    let Some(name) = member.name() else { return false };
    let folded = name.replace('\u{17f}', "s").replace('\u{212a}', "k").to_ascii_lowercase();
    NAMES.contains(&folded.as_str())
}

fn is_integer(text: &str) -> bool {
    text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit())
}

fn trimmed(input: &[u8]) -> &[u8] {
    let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let mut text = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    while let Some((_, rest)) = text.split_first().filter(|(first, _)| space(first)) {
        text = rest;
    }
    while let Some((_, rest)) = text.split_last().filter(|(last, _)| space(last)) {
        text = rest;
    }
    text
}

fn relabel(message: &Message) {
    let ours = Id::from(1_048_576);
    let other = message.clone().with_id(ours.clone());
    let bytes = other.to_bytes();
    assert_eq!((other.chunks().concat(), other.len()), (bytes.to_vec(), bytes.len()));
    let again = Message::parse(bytes).expect("a relabelled message is a message");
    assert_eq!(again.id(), (message.kind() != Kind::Notification).then_some(ours));
    assert_eq!((again.method(), again.params()), (message.method(), message.params()));
    assert_eq!((again.result(), again.error()), (message.result(), message.error()));
    if let Some(id) = message.id() {
        assert_eq!(other.clone().with_id(id).to_bytes(), message.text());
    }
    let line = other.single_line();
    assert!(line.is_single_line());
    let line = Message::parse(line.to_bytes()).expect("a message on one line is a message");
    assert!(line.is_single_line());
    assert_eq!((line.id(), line.method(), line.kind()), (again.id(), again.method(), again.kind()));
}
