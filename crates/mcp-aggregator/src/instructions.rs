//! What several servers want the model to know.

/// What stands for the part of a text that was cut off.
const CUT: &str = "…";

/// The instructions of several servers (pairs of a name and a text) under a heading for each, in at most `limit` bytes;
/// `None` if there are none.
///
/// If all together are too long, every text gets the same share of what the headings leave; what one does not need goes to
/// the others. A text longer than its share is cut at the last character that fits, with `…` behind it. Servers for which not
/// even a heading and `…` fit any more are left out, the last ones first.
pub(crate) fn joined<'a>(parts: impl Iterator<Item = (&'a str, &'a str)>, limit: usize) -> Option<String> {
    let texts = parts.map(|(name, text)| (name, text.trim())).filter(|(_, text)| !text.is_empty());
    let mut parts: Vec<_> = texts.map(|(name, text)| (heading(name), text)).collect();
    let needed = |(heading, text): &(String, &str)| heading.len() + text.len().min(CUT.len()) + SEPARATOR.len();
    let mut least = parts.iter().map(needed).sum::<usize>();
    // The last one has no separator behind it.
    while least > limit.saturating_add(SEPARATOR.len()) {
        least -= needed(&parts.pop()?);
    }
    let fixed = parts.iter().map(|(heading, _)| heading.len() + SEPARATOR.len()).sum::<usize>();
    let left = (limit.saturating_add(SEPARATOR.len())).saturating_sub(fixed);
    let share = share(parts.iter().map(|(_, text)| text.len()).collect(), left);
    let written: Vec<_> = parts.iter().map(|(heading, text)| format!("{heading}{}", cut(text, share))).collect();
    (!written.is_empty()).then(|| written.join(SEPARATOR))
}

/// What stands between two servers.
const SEPARATOR: &str = "\n\n";

fn heading(name: &str) -> String {
    format!("## {name}\n\n")
}

/// The greatest length such that all texts together, each cut to it, have at most `left` bytes.
fn share(mut lengths: Vec<usize>, mut left: usize) -> usize {
    lengths.sort_unstable();
    for (at, length) in lengths.iter().enumerate() {
        let share = left / (lengths.len() - at);
        if *length > share {
            return share;
        }
        left -= length;
    }
    usize::MAX
}

/// `text`, in at most `length` bytes.
fn cut(text: &str, length: usize) -> String {
    if text.len() <= length {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(length.saturating_sub(CUT.len()));
    format!("{}{CUT}", &text[..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(parts: &[(&str, &str)], limit: usize, expect: Option<&str>) {
        assert_eq!(joined(parts.iter().copied(), limit).as_deref(), expect);
    }

    #[test]
    fn each_server_has_a_heading() {
        let all = "## a\n\nOne.\n\n## b\n\nTwo\nlines.";
        check(&[("a", "One.\n"), ("x", " \n"), ("b", "Two\nlines.")], 1000, Some(all));
        check(&[("a", "One."), ("b", "Two\nlines.")], all.len(), Some(all));
        check(&[("a", "")], 1000, None);
        check(&[], 1000, None);
    }

    #[test]
    fn the_long_ones_are_cut_and_the_short_ones_are_not() {
        let long = "x".repeat(100);
        let expect = format!("## a\n\nshort\n\n## b\n\n{0}…\n\n## c\n\n{0}…", "x".repeat(7));
        check(&[("a", "short"), ("b", &long), ("c", &long)], expect.len(), Some(&expect));
        check(&[("a", "short"), ("b", &long), ("c", &long)], expect.len() + 1, Some(&expect));
    }

    #[test]
    fn no_character_is_cut_in_half() {
        check(&[("a", "éééé")], 6 + 7, Some("## a\n\néé…"));
        check(&[("a", "éééé")], 6 + 6, Some("## a\n\né…"));
        check(&[("a", "éééé")], 6 + 8, Some("## a\n\néééé"));
    }

    #[test]
    fn who_has_no_room_at_all_is_left_out() {
        check(&[("a", "long text"), ("b", "long text")], 9, Some("## a\n\n…"));
        check(&[("a", "long text"), ("b", "long text")], 8, None);
        check(&[("a", "x")], 7, Some("## a\n\nx"));
        check(&[("a", "x")], 0, None);
    }

    proptest! {
        #[test]
        fn the_limit_holds_and_is_used(parts in proptest::collection::vec(("[a-c]{1,3}", "[xé\n]{0,30}"), 0..6), limit in 0..200_usize) {
            let all = || parts.iter().map(|(name, text)| (&**name, &**text));
            let whole = joined(all(), usize::MAX);
            let cut = joined(all(), limit);
            match (&whole, &cut) {
                (None, cut) => prop_assert_eq!(cut, &None),
                (Some(whole), cut) if whole.len() <= limit => prop_assert_eq!(cut.as_ref(), Some(whole)),
                (Some(whole), Some(cut)) => {
                    prop_assert!(cut.len() <= limit);
                    let headings = |text: &str| text.matches("## ").count();
                    prop_assert!(cut.contains(CUT) || headings(cut) < headings(whole));
                },
                (Some(_), None) => prop_assert!(limit < "## abc\n\n…".len()),
            }
        }
    }
}
