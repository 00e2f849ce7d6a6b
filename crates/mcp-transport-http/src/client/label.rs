//! The names of one call on the wire: ours there, the caller's here.

use mcp_jsonrpc::{Edit, Id, Kind, Message};
use mcp_protocol::{ProgressParams, meta, method};

/// What has to be put back into the messages that answer one call.
///
/// Callers that share a connection may use the same id and the same progress token, so each call goes out under a number
/// of ours. What comes back comes on the call's own HTTP exchange, so no table is needed.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) ours: Id,
    theirs: Id,
    token: Option<String>,
    /// Whether the call opens a stream of changes, which is named after it.
    listens: bool,
}

impl Label {
    /// Puts `number` in the place of the caller's names; `None` for what is no request.
    pub(crate) fn put_on(request: &Message, number: u64) -> Option<(Self, Message)> {
        let theirs = request.id()?;
        let ours = Id::from(number);
        let (mut token, mut sent) = (None, request.clone());
        if let Ok(Some(at)) = request.find(&meta::PROGRESS_TOKEN_PATH) {
            let raw = std::str::from_utf8(&request.text()[at.clone()]).unwrap_or_default();
            token = Id::parse(raw).map(|token| token.as_str().to_owned());
            if token.is_some() {
                sent = request.spliced(&[Edit { at, with: ours.as_str() }]);
            }
        }
        let listens = request.method() == Some(method::SUBSCRIPTIONS_LISTEN);
        let sent = sent.with_id(&ours);
        Some((Self { ours, theirs, token, listens }, sent))
    }

    /// Whether the caller wants to hear of progress.
    pub(crate) fn wants_progress(&self) -> bool {
        self.token.is_some()
    }

    /// The message under the caller's names; `None` if it belongs to no such call.
    pub(crate) fn restore(&self, message: Message) -> Option<Message> {
        match message.kind() {
            // Servers that cannot tell which request failed answer with an id that is no one's.
            Kind::Response if message.id().as_ref() == Some(&self.ours) || message.is_error() => {
                Some(self.renamed(message, &SUBSCRIPTION_OF_RESULT).with_id(&self.theirs))
            }
            Kind::Response => None,
            Kind::Notification if message.method() == Some(method::PROGRESS) => {
                // Whatever token it names: on this exchange there is only one.
                let with = self.token.as_deref()?;
                let at = message.find(&ProgressParams::TOKEN_PATH).ok()??;
                Some(message.spliced(&[Edit { at, with }]))
            }
            Kind::Notification => Some(self.renamed(message, &meta::SUBSCRIPTION_ID_PATH)),
            Kind::Request => Some(message),
        }
    }

    /// The only answer of an exchange is this call's, whatever it says.
    pub(crate) fn adopt(&self, response: &Message) -> Message {
        response.with_id(&self.theirs)
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
