//! Where a client is in a list that may change under it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_protocol::ListKind;

/// Where a client is in a merged list. It holds what it takes to go on, so that it outlives a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Which list.
    pub(crate) kind: ListKind,
    /// How many items were given.
    pub(crate) at: usize,
    /// The key, as clients see it, of the last item given.
    pub(crate) key: Box<str>,
}

impl Cursor {
    /// How long the text is at most.
    pub(crate) const MAX: usize = 4096;

    /// Text for clients. A key that does not fit is left out; then only the place counts.
    pub(crate) fn write(&self) -> String {
        let plain = |key: &str| URL_SAFE_NO_PAD.encode(format!("{}{}:{key}", letter(self.kind), self.at));
        let whole = plain(&self.key);
        if whole.len() <= Self::MAX { whole } else { plain("") }
    }

    /// Reads what [`write`](Self::write) gave; `None` for that of another list, and for anything else.
    pub(crate) fn read(kind: ListKind, text: &str) -> Option<Self> {
        if text.len() > Self::MAX {
            return None;
        }
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (at, key) = plain.strip_prefix(letter(kind))?.split_once(':')?;
        Some(Self { kind, at: at.parse().ok()?, key: key.into() })
    }

    /// The index to go on at in a list with these keys: behind the item that was given last if it is still there, else
    /// where it would have been.
    pub(crate) fn resume<'a>(&self, mut keys: impl Iterator<Item = &'a str> + Clone) -> usize {
        // Where nothing has moved there is nothing to look for; and of a key that stands twice, this is the one.
        if self.at.checked_sub(1).and_then(|last| keys.clone().nth(last)) == Some(&*self.key) {
            return self.at;
        }
        let mut count = 0;
        for (index, key) in keys.by_ref().enumerate() {
            if *key == *self.key {
                return index + 1;
            }
            count = index + 1;
        }
        self.at.min(count)
    }
}

const fn letter(kind: ListKind) -> char {
    match kind {
        ListKind::Tools => 't',
        ListKind::Prompts => 'p',
        ListKind::Resources => 'r',
        ListKind::ResourceTemplates => 'u',
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cursor(at: usize, key: &str) -> Cursor {
        Cursor { kind: ListKind::Tools, at, key: key.into() }
    }

    #[test]
    fn a_list_goes_on_behind_the_last_item_or_at_its_place() {
        let resume = |cursor: &Cursor, keys: &[&str]| cursor.resume(keys.iter().copied());
        let second = cursor(2, "b");
        assert_eq!(resume(&second, &["a", "b", "c"]), 2);
        assert_eq!(resume(&second, &["b", "c"]), 1, "one before it has gone");
        assert_eq!(resume(&second, &["0", "a", "b", "c"]), 3, "one before it is new");
        assert_eq!(resume(&second, &["a", "c", "d"]), 2, "it has gone itself");
        assert_eq!(resume(&second, &["a"]), 1);
        assert_eq!(resume(&second, &[]), 0);
        assert_eq!(resume(&cursor(3, "a"), &["a", "b", "a", "c"]), 3, "a key that stands twice leads nobody back");
    }

    #[test]
    fn another_list_or_garbage_has_no_cursor() {
        let text = cursor(1, "a").write();
        for kind in ListKind::ALL {
            assert_eq!(Cursor::read(kind, &text).is_some(), kind == ListKind::Tools);
        }
        let encoded = |plain: &str| URL_SAFE_NO_PAD.encode(plain);
        for text in [String::new(), "%".to_owned(), format!("{text}="), encoded("t1"), encoded("t:a"), encoded("t-1:a")]
        {
            assert_eq!(Cursor::read(ListKind::Tools, &text), None, "{text}");
        }
        assert_eq!(Cursor::read(ListKind::Tools, &encoded("t99999999999999999999:a")), None);
    }

    #[test]
    fn a_key_that_does_not_fit_is_left_out() {
        // 4096 characters are 3072 bytes, of which "t9:" takes 3.
        let fits = cursor(9, &"k".repeat(3069));
        assert_eq!(fits.write().len(), Cursor::MAX);
        assert_eq!(Cursor::read(ListKind::Tools, &fits.write()), Some(fits));
        let long = cursor(9, &"k".repeat(3070));
        assert_eq!(Cursor::read(ListKind::Tools, &long.write()), Some(cursor(9, "")));
        assert_eq!(Cursor::read(ListKind::Tools, &URL_SAFE_NO_PAD.encode(format!("t9:{}", "k".repeat(3070)))), None);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(at in any::<usize>(), key in ".{0,40}", kind in 0..4_usize) {
            let cursor = Cursor { kind: ListKind::ALL[kind], at, key: key.into() };
            prop_assert_eq!(Cursor::read(cursor.kind, &cursor.write()), Some(cursor));
        }

        #[test]
        fn no_text_is_too_odd(text in ".*") {
            let _ = Cursor::read(ListKind::Tools, &text);
        }
    }
}
