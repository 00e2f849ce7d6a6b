//! URLs that a user has to visit, in the words of either era.

use std::borrow::Cow;

use mcp_jsonrpc::{field, without};

use super::{ShapeError, member};

/// How many URLs one error may name; more are not read.
const MOST: usize = 32;

/// What an error (JSON text) with the code [`URL_ELICITATION_REQUIRED`](crate::code::URL_ELICITATION_REQUIRED) asks for:
/// params (JSON text) of elicitations, as the modern era has them. At most 32.
///
/// # Errors
///
/// Fails if it names no URL to visit.
pub fn url_elicitations(error: &str) -> Result<Vec<String>, ShapeError> {
    let shape = "data of an error that wants a URL to be visited";
    let missing = ShapeError::Rule { shape, rule: "it must list elicitations of mode url" };
    let list = member(shape, error, &["data", "elicitations"])?.ok_or(missing)?;
    let places = field::elements(list, MOST).map_err(|_| missing)?;
    if places.is_empty() || MOST < places.len() {
        return Err(missing);
    }
    let params = places.into_iter().map(|at| {
        let params = &list[at];
        let has_url = member(shape, params, &["url"])?.is_some_and(|url| url.starts_with('"'));
        if has_url && is_url_mode(params) { Ok(without_elicitation_id(params).into_owned()) } else { Err(missing) }
    });
    params.collect()
}

/// Params (JSON text) of an elicitation as the modern era has them: without the id under which a legacy server tells that
/// it is over, which no modern client hears of.
#[must_use]
pub fn without_elicitation_id(params: &str) -> Cow<'_, str> {
    if !is_url_mode(params) {
        return Cow::Borrowed(params);
    }
    without(params, |name| name == "elicitationId").map_or(Cow::Borrowed(params), Cow::Owned)
}

fn is_url_mode(params: &str) -> bool {
    matches!(field::find(params, &["mode"]), Ok(Some(at)) if &params[at.clone()] == "\"url\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_urls_are_read_without_their_ids() {
        let error = r#"{"code":-32042,"message":"m","data":{"elicitations":[
            {"mode":"url","elicitationId":"e","url":"https://a/","message":"go"},{"url":"b","mode":"url"}]}}"#;
        let read = url_elicitations(error).unwrap();
        assert_eq!(read, [r#"{"mode":"url","url":"https://a/","message":"go"}"#, r#"{"url":"b","mode":"url"}"#]);
    }

    #[test]
    fn an_error_that_names_none_is_none() {
        let many = vec![r#"{"mode":"url","url":"b"}"#; MOST + 1].join(",");
        for list in ["", "7", r#"{"mode":"form"}"#, r#"{"mode":"url"}"#, &many] {
            let error = format!(r#"{{"code":-32042,"message":"m","data":{{"elicitations":[{list}]}}}}"#);
            assert!(url_elicitations(&error).is_err(), "{list}");
        }
        assert!(url_elicitations(r#"{"code":-32042,"message":"m"}"#).is_err());
        assert_eq!(
            url_elicitations(&format!(
                r#"{{"data":{{"elicitations":[{}]}}}}"#,
                vec![r#"{"mode":"url","url":"b"}"#; MOST].join(",")
            ))
            .map(|all| all.len()),
            Ok(MOST)
        );
    }

    #[test]
    fn a_form_is_left_alone() {
        let form = r#"{"mode":"form","elicitationId":"e"}"#;
        assert_eq!(without_elicitation_id(form), form);
    }
}
