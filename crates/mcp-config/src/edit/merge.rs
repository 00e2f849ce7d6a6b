//! Makes a value of a text equal to a wanted one and touches only where they differ.

use std::collections::HashSet;

use jsonc_parser::cst::{CstArray, CstContainerNode, CstLeafNode, CstNode, CstObject, CstObjectProp};

use crate::json::Json;

/// Makes the value of a member equal to `wanted`.
pub(super) fn member(member: &CstObjectProp, wanted: Json) {
    if let Some(rest) = member.value().and_then(|old| inside(&old, wanted)) {
        member.set_value(rest);
    }
}

/// Removes the members whose names are not wanted, and a second one of the same name.
pub(super) fn remove_others(object: &CstObject, wanted: &[(String, Json)]) {
    let mut kept: HashSet<&str> = wanted.iter().map(|(name, _)| name.as_str()).collect();
    for member in object.properties() {
        if !member.decoded_name().is_some_and(|name| kept.remove(name.as_str())) {
            member.remove();
        }
    }
}

/// Makes `old` equal to `wanted` by changes inside it. Gives `wanted` back if `old` has to be replaced as a whole.
fn inside(old: &CstNode, wanted: Json) -> Option<Json> {
    if same(old, &wanted) {
        return None;
    }
    match (old, wanted) {
        (CstNode::Container(CstContainerNode::Object(old)), Json::Object(wanted)) => {
            object(old, wanted);
            None
        }
        (CstNode::Container(CstContainerNode::Array(old)), Json::Array(wanted)) => {
            array(old, wanted);
            None
        }
        (_, wanted) => Some(wanted),
    }
}

fn object(object: &CstObject, wanted: Vec<(String, Json)>) {
    remove_others(object, &wanted);
    for (name, value) in wanted {
        match object.get(&name) {
            Some(old) => member(&old, value),
            None => {
                object.append(&name, value);
            }
        }
    }
}

/// The equal elements at both ends stay; those in between are changed in place, added or removed.
fn array(array: &CstArray, mut wanted: Vec<Json>) {
    let old = array.elements();
    let shorter = old.len().min(wanted.len());
    let head = old.iter().zip(&wanted).take_while(|(old, wanted)| same(old, wanted)).count();
    let ends = old.iter().rev().zip(wanted.iter().rev());
    let tail = ends.take(shorter - head).take_while(|(old, wanted)| same(old, wanted)).count();

    let middle = &old[head..old.len() - tail];
    wanted.truncate(wanted.len() - tail);
    let mut done = 0;
    for value in wanted.into_iter().skip(head) {
        match middle.get(done) {
            Some(old) => {
                if let Some(rest) = inside(old, value) {
                    replace(old.clone(), rest);
                }
            }
            None => insert(array, head + done, value),
        }
        done += 1;
    }
    for surplus in middle.iter().skip(done) {
        surplus.clone().remove();
    }
}

fn insert(array: &CstArray, index: usize, value: Json) {
    let added = array.insert(index, value);
    // On one line, the space that follows the new comma joins the one that was there.
    let mut spaces = added.next_siblings().skip(1).take_while(CstNode::is_whitespace);
    if let (Some(_), Some(CstNode::Leaf(CstLeafNode::Whitespace(second)))) = (spaces.next(), spaces.next()) {
        second.remove();
    }
}

fn replace(old: CstNode, wanted: Json) {
    match old {
        CstNode::Container(CstContainerNode::Object(old)) => old.replace_with(wanted),
        CstNode::Container(CstContainerNode::Array(old)) => old.replace_with(wanted),
        CstNode::Leaf(CstLeafNode::BooleanLit(old)) => old.replace_with(wanted),
        CstNode::Leaf(CstLeafNode::NullKeyword(old)) => old.replace_with(wanted),
        CstNode::Leaf(CstLeafNode::NumberLit(old)) => old.replace_with(wanted),
        CstNode::Leaf(CstLeafNode::StringLit(old)) => old.replace_with(wanted),
        // Nothing else is an element of an array.
        _ => None,
    };
}

/// Whether a value of the text means the same as `wanted`: the order of members does not count, nor do comments. Numbers
/// are the same if they are written the same.
fn same(old: &CstNode, wanted: &Json) -> bool {
    match (old, wanted) {
        (CstNode::Leaf(CstLeafNode::NullKeyword(_)), Json::Null) => true,
        (CstNode::Leaf(CstLeafNode::BooleanLit(old)), Json::Bool(wanted)) => old.value() == *wanted,
        (CstNode::Leaf(CstLeafNode::NumberLit(old)), Json::Number(wanted)) => old.to_string() == *wanted,
        (CstNode::Leaf(CstLeafNode::StringLit(old)), Json::String(wanted)) => {
            old.decoded_value().is_ok_and(|old| old == *wanted)
        }
        (CstNode::Container(CstContainerNode::Array(old)), Json::Array(wanted)) => {
            let old = old.elements();
            old.len() == wanted.len() && old.iter().zip(wanted).all(|(old, wanted)| same(old, wanted))
        }
        (CstNode::Container(CstContainerNode::Object(old)), Json::Object(wanted)) => {
            let is_same = |(name, wanted): &(String, Json)| {
                old.get(name).and_then(|old| old.value()).is_some_and(|old| same(&old, wanted))
            };
            old.properties().len() == wanted.len() && wanted.iter().all(is_same)
        }
        _ => false,
    }
}
