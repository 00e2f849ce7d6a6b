//! What the query of a request says.

use crate::segment::percent_decoded;

/// The parameters of a request of the REST surface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `cursor`: which page of a list.
    pub cursor: Option<String>,
    /// `init`: whether the request opens a session of its own.
    pub init: bool,
    /// `sessionId`: which session the request belongs to. One that is empty is none.
    pub session_id: Option<String>,
    /// `notifications`: whether the answer lists what the server told on the way.
    pub notifications: bool,
    /// `strict`: whether an error that a tool reports is an error of the request.
    pub strict: bool,
    /// `uri`: which resource.
    pub uri: Option<String>,
    /// All others, name and value, in their order.
    pub others: Vec<(String, String)>,
}

/// Why a query cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadQuery {
    /// A parameter of ours stands there twice, and who reads it first could read another one than we do.
    #[error("the parameter `{0}` stands more than once in the query; send it once")]
    Repeated(&'static str),
    /// An escape is broken, or escapes do not make UTF-8.
    #[error("the query cannot be decoded: behind `%` stand two hexadecimal digits, and all of them together are UTF-8")]
    Escape,
}

impl Parameters {
    /// Reads a query as forms write it: `+` is a space. A switch is on if its value is exactly `true`.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be decoded, or has one of the six parameters twice.
    pub fn read(query: Option<&str>) -> Result<Self, BadQuery> {
        let mut found = Self::default();
        let [mut init, mut notifications, mut strict] = [None, None, None];
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            let (place, name) = match name.as_str() {
                "cursor" => (&mut found.cursor, "cursor"),
                "init" => (&mut init, "init"),
                "sessionId" => (&mut found.session_id, "sessionId"),
                "notifications" => (&mut notifications, "notifications"),
                "strict" => (&mut strict, "strict"),
                "uri" => (&mut found.uri, "uri"),
                _ => {
                    found.others.push((name, value));
                    continue;
                }
            };
            if place.replace(value).is_some() {
                return Err(BadQuery::Repeated(name));
            }
        }
        let is_on = |value: Option<String>| value.as_deref() == Some("true");
        let session_id = found.session_id.take().filter(|id| !id.is_empty());
        Ok(Self { init: is_on(init), notifications: is_on(notifications), strict: is_on(strict), session_id, ..found })
    }
}

/// Whoever writes `+` for a space writes `%2B` for a plus, and who does not writes that as well.
fn decoded(text: &str) -> Result<String, BadQuery> {
    percent_decoded(&text.replace('+', " ")).ok_or(BadQuery::Escape)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Parameters {
        Parameters::read(Some(query)).unwrap()
    }

    #[test]
    fn each_parameter_is_found() {
        let query = "cursor=a%2Bb%3D&init=true&sessionId=s-1&notifications=true&strict=true&uri=file%3A%2F%2F%2Fx+y";
        assert_eq!(
            read(query),
            Parameters {
                cursor: Some("a+b=".to_owned()),
                init: true,
                session_id: Some("s-1".to_owned()),
                notifications: true,
                strict: true,
                uri: Some("file:///x y".to_owned()),
                others: Vec::new(),
            }
        );
        assert_eq!(Parameters::read(None), Ok(Parameters::default()));
        assert_eq!(read("&&"), Parameters::default());
    }

    #[test]
    fn a_switch_is_on_for_true_and_nothing_else() {
        for value in ["", "=", "=1", "=TRUE", "=yes", "=false", "=true%20"] {
            assert!(!read(&format!("init{value}")).init, "{value}");
        }
        assert!(read("init=%74rue").init);
    }

    #[test]
    fn an_empty_session_is_none_and_an_empty_cursor_is_one() {
        assert_eq!(read("sessionId=").session_id, None);
        assert_eq!(read("cursor=").cursor.as_deref(), Some(""), "the server may have given it");
    }

    #[test]
    fn other_parameters_are_kept_in_order_and_may_repeat() {
        let others = [("key", "k"), ("a", ""), ("a", "b=c")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read("key=k&a&Init=true&a=b=c").others[..2], others[..2]);
        assert_eq!(read("a=b=c").others, others[2..]);
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        let fails = |query| Parameters::read(Some(query)).unwrap_err();
        assert_eq!(fails("cursor=a&cursor=a"), BadQuery::Repeated("cursor"));
        assert_eq!(fails("sessionId=&session%49d=a"), BadQuery::Repeated("sessionId"));
        for query in ["cursor=%", "%zz=1", "uri=%FF"] {
            assert_eq!(fails(query), BadQuery::Escape, "{query}");
        }
    }
}
