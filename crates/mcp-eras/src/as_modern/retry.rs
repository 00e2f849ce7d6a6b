//! A request that is made again, with the answers that its call waits for.

use mcp_jsonrpc::field;
use mcp_protocol::{InputResponses, is_answer_to};
use mcp_transport::Request;

use crate::{ParkedCall, Parking, Purpose, Resumed};

/// What a client answers: keys, and JSON texts of objects.
pub(super) struct Answers(Vec<(Box<str>, Box<str>)>);

impl Answers {
    /// Reads them and takes up the call that waits for them; `None` if the request is to be sent to the server as it is,
    /// for the first time or again.
    ///
    /// # Errors
    ///
    /// A text for the client, if the answers are malformed, or the state leads to no call. A malformed answer is no reason
    /// to lose the call: its token is still good.
    pub(super) fn read(
        request: &Request,
        server: &str,
        parking: &Parking,
    ) -> Result<Option<(ParkedCall, Self)>, String> {
        let params = request.message().params();
        let given = InputResponses::read(params.unwrap_or("{}")).map_err(|error| error.to_string())?;
        let Some(state) = given.state else { return Ok(None) };
        if given.responses.iter().any(|(_, answer)| !answer.starts_with('{')) {
            return Err("every answer must be an object".to_owned());
        }
        let token = field::unescape(state).unwrap_or_default();
        let purpose = Purpose::request(server, request.method(), params);
        let resumed = parking.resume(&token, &purpose, &request.caller().principal);
        let responses = given.responses.into_iter();
        match resumed.map_err(|error| error.to_string())? {
            Resumed::Parked(call) => {
                Ok(Some((call, Self(responses.map(|(key, answer)| (key.into(), answer.into())).collect()))))
            }
            // The user was sent to a URL. Whether that was enough is the server's to say.
            Resumed::State(_) => Ok(None),
        }
    }

    /// Gives the server what it has asked for. What nobody asks is left out; an answer that cannot be one leaves its
    /// question open, to be asked again.
    pub(super) async fn give(self, call: &mut ParkedCall) {
        for question in call.questions() {
            let answer = self.0.iter().find(|(key, _)| *key == question.key);
            if let Some((key, answer)) = answer.filter(|(_, answer)| is_answer_to(&question.method, answer)) {
                // A server that is not reached any more says so when the call goes on.
                let _ = call.answer(key, answer).await;
            }
        }
    }
}
