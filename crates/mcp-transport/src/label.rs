//! The names of one call on the wire: ours there, the caller's here.

use std::ops::Range;

use mcp_jsonrpc::{Edit, Id, Kind, Message};
use mcp_protocol::{ProgressParams, meta, method};

/// What has to be put back into the messages that answer one call.
///
/// Callers that share a connection may use the same id and the same progress token, so each call goes out under a number
/// of ours, which stands for both.
#[derive(Clone, Debug)]
pub struct Label {
    ours: Id,
    theirs: Id,
    /// The JSON text of the caller's progress token, whatever it is.
    token: Option<Box<str>>,
    /// Whether the call opens a stream of changes, which is named after it.
    listens: bool,
}

impl Label {
    /// Puts `number` in the place of the caller's names; gives the message as it is to be sent.
    ///
    /// # Errors
    ///
    /// Fails for what is no request, and for one whose token stands twice: whichever we replaced, the other one could name
    /// somebody else's call.
    pub fn put_on(request: &Message, number: u64) -> Result<(Self, Message), Unlabelled> {
        let theirs = request.id().ok_or(Unlabelled::NoRequest)?;
        let ours = Id::from(number);
        let place = request.find(&meta::PROGRESS_TOKEN_PATH).map_err(|_| Unlabelled::Ambiguous)?;
        let (token, sent) = match place {
            Some(at) => {
                let token = std::str::from_utf8(&request.text()[at.clone()]).unwrap_or("null").into();
                (Some(token), request.spliced(&[Edit { at, with: ours.as_str() }]))
            }
            None => (None, request.clone()),
        };
        let listens = request.is_method(method::SUBSCRIPTIONS_LISTEN);
        let sent = sent.with_id(ours.clone());
        Ok((Self { ours, theirs, token, listens }, sent))
    }

    /// The id the call has on the wire.
    #[must_use]
    pub fn ours(&self) -> &Id {
        &self.ours
    }

    /// Whether the caller wants to hear of progress.
    #[must_use]
    pub fn wants_progress(&self) -> bool {
        self.token.is_some()
    }

    /// Whether the call opens a stream of changes.
    #[must_use]
    pub fn listens(&self) -> bool {
        self.listens
    }

    /// A message of this call under the caller's names; `None` if it belongs to no such call.
    #[must_use]
    pub fn restore(&self, message: Message) -> Option<Message> {
        match message.kind() {
            // Servers that cannot tell which request failed answer with an id that is no one's.
            Kind::Response if message.id().as_ref() == Some(&self.ours) || message.is_error() => {
                Some(self.renamed(message, &SUBSCRIPTION_OF_RESULT).with_id(self.theirs.clone()))
            }
            Kind::Response => None,
            Kind::Notification if message.is_method(method::PROGRESS) => {
                let at = message.find(&ProgressParams::TOKEN_PATH).ok()??;
                self.restore_progress(&message, at)
            }
            Kind::Notification => Some(self.renamed(message, &meta::SUBSCRIPTION_ID_PATH)),
            Kind::Request => Some(message),
        }
    }

    /// A progress note under the caller's token, which is put in the place of the one at `at`. Whatever that says: whoever asks
    /// knows that the note is this call's. `None` if the caller wants no progress.
    #[must_use]
    pub fn restore_progress(&self, note: &Message, at: Range<usize>) -> Option<Message> {
        let with = self.token.as_deref()?;
        Some(note.spliced(&[Edit { at, with }]))
    }

    /// The only answer of an exchange is this call's, whatever it says.
    #[must_use]
    pub fn adopt(&self, response: Message) -> Message {
        response.with_id(self.theirs.clone())
    }

    /// Puts the caller's id where the message names the stream of changes it belongs to.
    fn renamed(&self, message: Message, path: &[&str]) -> Message {
        if !self.listens {
            return message;
        }
        match message.find(path) {
            Ok(Some(at)) => message.spliced(&[Edit { at, with: self.theirs.as_str() }]),
            _ => message,
        }
    }
}

/// Why a message cannot go out under a name of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unlabelled {
    /// It is no request.
    #[error("the message is no request")]
    NoRequest,
    /// A key on the way to its progress token stands twice.
    #[error("the request's progress token stands twice")]
    Ambiguous,
}

const SUBSCRIPTION_OF_RESULT: [&str; 3] = ["result", meta::META, meta::SUBSCRIPTION_ID];

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn parse(text: &str) -> Message {
        Message::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
    }

    fn labelled(request: &str) -> (Label, String) {
        let (label, sent) = Label::put_on(&parse(request), 77).unwrap();
        (label, String::from_utf8(sent.to_bytes().to_vec()).unwrap())
    }

    #[track_caller]
    fn check(label: &Label, message: &str, expect: Option<&str>) {
        let restored = label.restore(parse(message)).map(|message| message.to_bytes());
        assert_eq!(restored.as_deref(), expect.map(str::as_bytes));
    }

    #[test]
    fn ids_and_tokens_go_out_as_ours_and_come_back_as_theirs() {
        let (label, sent) =
            labelled(r#"{"jsonrpc":"2.0","id":"a","method":"m","params":{"_meta":{"progressToken":"t"}}}"#);
        assert_eq!(sent, r#"{"jsonrpc":"2.0","id":77,"method":"m","params":{"_meta":{"progressToken":77}}}"#);
        check(
            &label,
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":77,"progress":1}}"#,
            Some(r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":1}}"#),
        );
        check(&label, r#"{"jsonrpc":"2.0","id":77,"result":{}}"#, Some(r#"{"jsonrpc":"2.0","id":"a","result":{}}"#));
    }

    #[test]
    fn no_token_of_a_caller_reaches_the_server_whatever_it_is() {
        for token in ["2097152.0", "null", "{\"a\":1}", "-1e3", "\"\\u0031\""] {
            let text =
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"_meta":{{"progressToken":{token}}}}}}}"#);
            let (label, sent) = labelled(&text);
            assert!(sent.contains(r#""progressToken":77"#), "{sent}");
            let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":77}}"#;
            check(&label, progress, Some(&progress.replace("77", token)));
        }
        for twice in
            [r#"{"_meta":{"progressToken":1,"progressToken":2}}"#, r#"{"_meta":{},"_meta":{"progressToken":2}}"#]
        {
            let request = parse(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{twice}}}"#));
            assert_eq!(Label::put_on(&request, 7).unwrap_err(), Unlabelled::Ambiguous);
        }
    }

    #[test]
    fn what_is_not_of_this_call_is_left_out() {
        let (label, _) = labelled(r#"{"jsonrpc":"2.0","id":1,"method":"m"}"#);
        check(&label, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, None);
        check(&label, r#"{"jsonrpc":"2.0","id":"77","result":{}}"#, None);
        check(&label, r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":77}}"#, None);
    }

    #[test]
    fn an_error_without_our_id_is_ours_all_the_same() {
        let (label, _) = labelled(r#"{"jsonrpc":"2.0","id":1,"method":"m"}"#);
        for id in [r#""id":null,"#, r#""id":"server-error","#, ""] {
            let text = format!(r#"{{"jsonrpc":"2.0",{id}"error":{{"code":1,"message":"x"}}}}"#);
            let restored = label.restore(parse(&text)).unwrap();
            assert_eq!(restored.id(), Some(Id::from(1)), "{id}");
        }
    }

    #[test]
    fn a_stream_of_changes_is_named_after_the_callers_id() {
        let (label, _) = labelled(r#"{"jsonrpc":"2.0","id":"l","method":"subscriptions/listen"}"#);
        let meta = r#""_meta":{"io.modelcontextprotocol/subscriptionId":"#;
        check(
            &label,
            &format!(r#"{{"jsonrpc":"2.0","method":"n","params":{{{meta}77}}}}}}"#),
            Some(&format!(r#"{{"jsonrpc":"2.0","method":"n","params":{{{meta}"l"}}}}}}"#)),
        );
        check(
            &label,
            &format!(r#"{{"jsonrpc":"2.0","id":77,"result":{{{meta}77}}}}}}"#),
            Some(&format!(r#"{{"jsonrpc":"2.0","id":"l","result":{{{meta}"l"}}}}}}"#)),
        );
    }
}
