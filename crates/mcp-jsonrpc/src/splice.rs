//! Editing by copying everything but what changes.

use std::ops::Range;

use bytes::Bytes;

/// Replaces a part of a text.
#[derive(Clone, Debug)]
pub struct Edit<'a> {
    /// What is replaced, in the offsets of the unedited text; an empty range inserts.
    pub at: Range<usize>,
    /// What stands there afterwards.
    pub with: &'a str,
}

/// Copies `text` once with all edits applied. They must be in order and must not overlap; one that breaks this, or lies
/// outside the text, is left out.
pub(crate) fn splice(text: &Bytes, edits: &[Edit<'_>]) -> Bytes {
    // To the byte, because what has room left over takes a second allocation to be shared.
    let length = sound(text.len(), edits).fold(text.len(), |length, edit| length + edit.with.len() - edit.at.len());
    let mut out = Vec::with_capacity(length);
    let mut from = 0;
    for edit in sound(text.len(), edits) {
        out.extend_from_slice(&text[from..edit.at.start]);
        out.extend_from_slice(edit.with.as_bytes());
        from = edit.at.end;
    }
    out.extend_from_slice(&text[from..]);
    out.into()
}

/// Where the offset `at` of the unedited text lies in the edited one.
pub(crate) fn moved(length: usize, edits: &[Edit<'_>], at: usize) -> usize {
    sound(length, edits).take_while(|edit| edit.at.end <= at).fold(at, |at, edit| at + edit.with.len() - edit.at.len())
}

fn sound<'a, 'e>(length: usize, edits: &'e [Edit<'a>]) -> impl Iterator<Item = &'e Edit<'a>> {
    let mut from = 0;
    edits.iter().filter(move |edit| {
        let sound = from <= edit.at.start && edit.at.start <= edit.at.end && edit.at.end <= length;
        if sound {
            from = edit.at.end;
        }
        debug_assert!(sound, "edits must be in order and apart");
        sound
    })
}
