//! What a query says, parameter by parameter.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The parameters in order: names decoded, values as they stand.
pub(crate) fn parameters(query: Option<&str>) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decode_str(name).decode_utf8_lossy(), value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_forms_write_it() {
        let read = |query| parameters(query).map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>();
        assert_eq!(read(None), [""; 0]);
        assert_eq!(read(Some("")), [""; 0]);
        assert_eq!(read(Some("a=1&&b=2=3&c&=d&")), ["a:1", "b:2=3", "c:", ":d"]);
        assert_eq!(read(Some("auth%5Fkey=%41&%FF=&%zz=")), ["auth_key:%41", "\u{fffd}:", "%zz:"]);
    }
}
