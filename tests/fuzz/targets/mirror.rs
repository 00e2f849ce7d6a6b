//! Headers that mirror the body: checking never panics, and headers made from a body agree with it.
//!
//! Input: lines `name: value` up to an empty line, then the message.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use mcp_jsonrpc::{Kind, Message};
use mcp_protocol::{Claim, HeaderField, MirrorError, MirrorHeaders, Revision, check_mirror, header};

const SERVED: [Revision; 1] = [Revision::LATEST];

fuzz_target!(|input: &[u8]| {
    let end = input.windows(2).position(|pair| pair == b"\n\n").unwrap_or(0);
    let (head, body) = input.split_at(end);
    let Ok(message) = Message::parse(Bytes::copy_from_slice(body)) else { return };
    if message.kind() == Kind::Response {
        return;
    }

    let lines: Vec<_> = head.split(|byte| *byte == b'\n').filter_map(field).collect();
    let stated = |name: &str| -> HeaderField<'_> {
        lines.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| *value).collect()
    };
    let verdict = check_mirror(&message, Claim::read(&message), &SERVED, stated);
    if let Ok(mirrored) = &verdict {
        let claim = &mirrored.claim;
        assert_eq!(claim.version, Revision::LATEST.as_str());
        let agrees = |name, meant: &str| match stated(name) {
            HeaderField::Once(value) => value.trim_ascii() == meant.as_bytes(),
            HeaderField::Absent => message.kind() == Kind::Notification,
            HeaderField::Repeated => false,
        };
        assert!(agrees(header::PROTOCOL_VERSION, &claim.version));
        assert!(agrees(header::METHOD, message.method().unwrap_or_default()));
    }
    if let Err(error) = &verdict {
        assert!(error.code() < 0 && !error.to_string().is_empty());
        assert!(error.data().is_none_or(|data| mcp_fuzz::is_json(&data)));
    }

    let Ok(made) = MirrorHeaders::of(&message) else { return };
    let made: Vec<_> = made.iter().collect();
    let own = |name| made.iter().filter(|(key, _)| *key == name).map(|(_, value)| value.as_bytes()).collect();
    match check_mirror(&message, Claim::read(&message), &SERVED, own) {
        Ok(_) | Err(MirrorError::Envelope(_) | MirrorError::MissingKeys { .. }) => {}
        Err(MirrorError::UnsupportedVersion { requested, .. }) => assert_ne!(requested, Revision::LATEST.as_str()),
        Err(error) => panic!("headers made from the body do not agree with it: {error}"),
    }
});

fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    Some((&line[..colon], &line[colon + 1..]))
}
