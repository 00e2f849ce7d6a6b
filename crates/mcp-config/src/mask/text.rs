//! A whole configuration file as it is shown for editing, and as it comes back.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use jsonc_parser::ast::Value;

use super::{MASK, loose, mask_file};
use crate::{
    EditError,
    json::{self, BYTE_ORDER_MARK, Comments, Json},
    jsonc,
};

/// A string of a text, or a comment.
#[derive(Debug)]
pub(super) struct Literal {
    /// The names and numbers that lead to it; [`COMMENT`] for a comment.
    pub(super) path: Vec<String>,
    /// Where it stands, quotes and all.
    pub(super) range: Range<usize>,
    /// What is shown instead, quotes and all, if it is a secret.
    pub(super) shown: Option<String>,
    /// Whether it is all there, as it is not where its quotes are missing.
    pub(super) whole: bool,
}

/// Stands for the path of a comment.
pub(super) const COMMENT: &str = "//";

/// The text with what may be secret masked, byte for byte the same elsewhere. Of a text that cannot be read more is masked.
pub(crate) fn masked_text(text: &str) -> String {
    spliced(text, literals(text).into_iter().filter_map(|it| Some((it.range, it.shown?))))
}

/// The same of a text that takes the place of `old`, where secrets that differ are marked, so that a comparison of both shows
/// that they do.
pub(crate) fn masked_beside(text: &str, old: &str) -> String {
    let before = literals(old);
    let before: HashMap<_, _> = before.iter().map(|it| (&it.path, &old[it.range.clone()])).collect();
    let shown = literals(text).into_iter().filter_map(|it| {
        let differs = before.get(&it.path).is_some_and(|before| *before != &text[it.range.clone()]);
        let shown = it.shown?;
        let mark = differs && it.path[0] != COMMENT;
        Some((it.range, if mark { shown.replace(MASK, "*** (changed)") } else { shown }))
    });
    spliced(text, shown.collect::<Vec<_>>())
}

/// `edited` with what is masked there as it is in `old`: at the same place, or else further on in the same list. Where `old`
/// cannot be read, places are not certain; there what has its name only once will do.
///
/// # Errors
///
/// Fails if something is masked that `old` does not have.
pub(crate) fn unmasked_text(edited: &str, old: &str) -> Result<String, EditError> {
    let all = literals(old);
    let is_sound = json::read(unmarked(old), Comments::Allowed).is_ok();
    let mut secrets: Vec<_> = all.iter().filter(|it| it.shown.is_some() && it.whole).collect();
    let is_only = |name: &String| all.iter().filter(|it| it.path.last() == Some(name)).count() == 1;
    let places = places(edited);
    let wanted = literals(edited);
    let mut restored = Vec::new();
    let mut left = Vec::new();
    for literal in &wanted {
        match take(&mut secrets, literal, edited, |it| it.path == literal.path) {
            Some(secret) => restored.push((literal.range.clone(), old[secret].to_owned())),
            None => left.push(literal),
        }
    }
    for literal in left {
        let Some((name, list)) = literal.path.split_last() else { continue };
        let is_item = name.bytes().all(|byte| byte.is_ascii_digit());
        let found = take(&mut secrets, literal, edited, |it| match it.path.split_last() {
            Some((_, other)) if is_item => list == other,
            Some((other, _)) => !is_sound && name == other && is_only(name),
            None => false,
        });
        let stands = &edited[literal.range.clone()];
        let is_there = || all.iter().any(|it| it.path == literal.path && old[it.range.clone()] == *stands);
        if let Some(secret) = found {
            restored.push((literal.range.clone(), old[secret].to_owned()));
        } else if stands.contains(MASK) && (!is_sound || places.contains(&literal.path)) && !is_there() {
            return Err(EditError::Masked(literal.path.join(".")));
        }
    }
    restored.sort_by_key(|(range, _)| range.start);
    Ok(spliced(edited, restored))
}

/// Takes out the first secret that is shown as `literal` and fits; gives its place.
fn take(
    secrets: &mut Vec<&Literal>,
    literal: &Literal,
    edited: &str,
    fits: impl Fn(&Literal) -> bool,
) -> Option<Range<usize>> {
    let stands = Some(&edited[literal.range.clone()]);
    let found = secrets.iter().position(|it| it.shown.as_deref() == stands && fits(it))?;
    Some(secrets.remove(found).range.clone())
}

fn unmarked(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// Every string of a text, in its order.
fn literals(text: &str) -> Vec<Literal> {
    let body = unmarked(text);
    let skipped = text.len() - body.len();
    let mut literals = sound(body).unwrap_or_else(|| loose::literals(body));
    for literal in &mut literals {
        literal.range = literal.range.start + skipped..literal.range.end + skipped;
    }
    literals
}

/// The strings and comments of a text that can be read.
fn sound(text: &str) -> Option<Vec<Literal>> {
    let mut shown = json::read(text, Comments::Allowed).ok()?;
    mask_file(&mut shown);
    let mut literals = loose::comments(text);
    walk(&jsonc::parse(text).ok()??, &shown, &mut Vec::new(), &mut literals);
    literals.sort_by_key(|it| it.range.start);
    Some(literals)
}

fn walk(value: &Value<'_>, shown: &Json, path: &mut Vec<String>, literals: &mut Vec<Literal>) {
    match (value, shown) {
        (Value::StringLit(it), Json::String(shown)) => {
            let range = it.range.start..it.range.end;
            let shown = (it.value != **shown).then(|| json::pretty(Json::String(shown.clone())));
            literals.push(Literal { path: path.clone(), range, shown, whole: true });
        }
        (Value::Array(it), Json::Array(shown)) => {
            for (index, (value, shown)) in it.elements.iter().zip(shown).enumerate() {
                path.push(index.to_string());
                walk(value, shown, path, literals);
                path.pop();
            }
        }
        (Value::Object(it), Json::Object(shown)) => {
            // No name is there twice, so both have the same members in the same order.
            for (member, (name, shown)) in it.properties.iter().zip(shown) {
                path.push(name.clone());
                walk(&member.value, shown, path, literals);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Where the strings of a text stand that would be masked if they were not already.
fn places(text: &str) -> HashSet<Vec<String>> {
    let filled = text.replace(MASK, "x");
    literals(&filled).into_iter().filter(|it| it.shown.is_some()).map(|it| it.path).collect()
}

/// The text with other texts in some places, which are in their order.
fn spliced(text: &str, changes: impl IntoIterator<Item = (Range<usize>, String)>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for (range, new) in changes {
        result.push_str(&text[done..range.start]);
        result.push_str(&new);
        done = range.end;
    }
    result.push_str(&text[done..]);
    result
}

#[cfg(test)]
mod tests;
