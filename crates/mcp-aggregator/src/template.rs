//! Which URIs a URI template stands for.

/// A URI template (RFC 6570), read to tell whether a URI may come of it; nothing is expanded, and values are not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
    /// Of the text, in bytes.
    length: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Itself.
    Literal(Box<str>),
    /// One or more characters other than `/`.
    Segment,
    /// Any characters, or none.
    Any,
}

impl Template {
    /// How many bytes a template or a URI has at most; a longer one matches nothing.
    pub(crate) const MAX: usize = 4096;

    /// Reads a template; every text is one. A brace that is not closed, or has nothing in it, stands for itself.
    pub(crate) fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            literal.push_str(before);
            match behind.split_once('}') {
                Some((expression, after)) if !expression.is_empty() && !expression.contains('{') => {
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal).into()));
                    }
                    parts.push(part(expression));
                    rest = after;
                }
                _ => {
                    literal.push('{');
                    rest = behind;
                }
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal.into()));
        }
        Self { parts, length: text.len() }
    }

    /// Whether `uri` may come of it. Takes at most the product of both lengths in steps, whatever they are.
    pub(crate) fn matches(&self, uri: &str) -> bool {
        if uri.len().max(self.length) > Self::MAX {
            return false;
        }
        // Most templates are told apart by how they begin.
        if let Some(Part::Literal(first)) = self.parts.first()
            && !uri.starts_with(&**first)
        {
            return false;
        }
        // Whether what comes before a place in the URI may come of the parts so far.
        let mut reached = vec![false; uri.len() + 1];
        reached[0] = true;
        for part in &self.parts {
            reached = part.after(&reached, uri);
            if !reached.contains(&true) {
                return false;
            }
        }
        reached[uri.len()]
    }

    /// How many of its characters stand for themselves; the more, the more specific it is.
    pub(crate) fn weight(&self) -> usize {
        let count = |part: &Part| if let Part::Literal(text) = part { text.chars().count() } else { 0 };
        self.parts.iter().map(count).sum()
    }
}

/// What an expression (what stands between braces) stands for: without an operator and without lists that are exploded,
/// one segment; else anything.
fn part(expression: &str) -> Part {
    let has_operator = expression.starts_with(['+', '#', '.', '/', ';', '?', '&', '=', ',', '!', '@', '|']);
    let is_exploded = expression.split(',').any(|variable| variable.ends_with('*'));
    if has_operator || is_exploded { Part::Any } else { Part::Segment }
}

impl Part {
    /// Which places in the URI are reached behind this part, if `before` are reached before it.
    fn after(&self, before: &[bool], uri: &str) -> Vec<bool> {
        let mut after = vec![false; before.len()];
        match self {
            Self::Literal(text) => {
                for (at, _) in before.iter().enumerate().filter(|(_, reached)| **reached) {
                    if uri[at..].starts_with(&**text) {
                        after[at + text.len()] = true;
                    }
                }
            }
            Self::Any => {
                let mut begun = false;
                for at in (0..before.len()).filter(|at| uri.is_char_boundary(*at)) {
                    begun |= before[at];
                    after[at] = begun;
                }
            }
            Self::Segment => {
                let mut begun = false;
                for (at, char) in uri.char_indices() {
                    begun = char != '/' && (begun || before[at]);
                    after[at + char.len_utf8()] = begun;
                }
            }
        }
        after
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(template: &str, matching: &[&str], others: &[&str]) {
        let template = Template::new(template);
        for uri in matching {
            assert!(template.matches(uri), "{uri}");
        }
        for uri in others {
            assert!(!template.matches(uri), "{uri}");
        }
    }

    #[test]
    fn a_variable_stands_for_one_segment() {
        check(
            "file:///{name}",
            &["file:///a", "file:///a.b%2Fc", "file:///é"],
            &["file:///", "file:///a/b", "file://a"],
        );
        check("db://{table}/{row}.json", &["db://t/1.json", "db://t/1.json.json"], &["db://t/.json", "db://1.json"]);
        check("x{a}{b}", &["xab", "xabc", "xéa"], &["x", "xa", "xé", "xa/b"]);
        check("{a,b}/{c:3}", &["1,2/abc"], &["/", "1/", "1/2/3"]);
    }

    #[test]
    fn operators_and_lists_stand_for_anything() {
        check("file:///{+path}", &["file:///", "file:///a/b"], &["file:/"]);
        check("a{/p*}", &["a", "a/b/c"], &["b"]);
        check("a{?q,r}", &["a", "a?q=1&r=2"], &[]);
        check("a{?q}{&r}#{f}", &["a#x", "a?q=1&r=2#x"], &["a", "a#"]);
        check("a{list*}", &["a", "ab/c"], &[]);
        check("a{.x}{;y}{#z}", &["a.b;y=1#z"], &["b"]);
    }

    #[test]
    fn what_is_no_expression_stands_for_itself() {
        check("a{b", &["a{b"], &["ab"]);
        check("a{}b", &["a{}b"], &["ab", "axb"]);
        check("a}b", &["a}b"], &["ab"]);
        check("{{a}}", &["{x}"], &["x", "{}"]);
        check("", &[""], &["a"]);
    }

    #[test]
    fn literal_characters_are_the_weight() {
        for (template, weight) in [("", 0), ("{a}", 0), ("file:///{a}", 8), ("é/{a}/b", 4)] {
            assert_eq!(Template::new(template).weight(), weight, "{template}");
        }
    }

    #[test]
    fn a_template_made_to_be_slow_is_not() {
        let template = Template::new(&"{+a}a{b}".repeat(500));
        assert!(!template.matches(&format!("{}/", "a".repeat(3000))));
    }

    #[test]
    fn what_is_too_long_matches_nothing() {
        let anything = Template::new("{+a}");
        assert!(anything.matches(&"a".repeat(Template::MAX)));
        assert!(!anything.matches(&"a".repeat(Template::MAX + 1)));
        let long = |length: usize| Template::new(&format!("{{+a}}{}", "b".repeat(length)));
        assert!(long(Template::MAX - 4).matches(&"b".repeat(Template::MAX)));
        assert!(!long(Template::MAX - 3).matches(&"b".repeat(Template::MAX)));
    }

    proptest! {
        #[test]
        fn what_is_filled_in_is_found(parts in proptest::collection::vec(("[a-c/{}é]{0,3}", 0..3_usize, "[a-cé]{1,3}"), 0..6)) {
            let (mut template, mut uri) = (String::new(), String::new());
            for (literal, kind, value) in parts {
                let literal = literal.replace(['{', '}'], "-");
                template.push_str(&literal);
                uri.push_str(&literal);
                match kind {
                    0 => {}
                    1 => {
                        template.push_str("{v}");
                        uri.push_str(&value);
                    }
                    _ => {
                        template.push_str("{+v}");
                        uri.push_str(&value);
                        uri.push('/');
                    }
                }
            }
            prop_assert!(Template::new(&template).matches(&uri), "{} {}", template, uri);
        }

        #[test]
        fn no_text_is_too_odd(template in ".{0,30}", uri in ".{0,30}") {
            let _ = Template::new(&template).matches(&uri);
        }
    }
}
