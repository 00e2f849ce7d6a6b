//! Gives each tool or prompt a name that no other has.

use std::collections::HashMap;

use crate::Naming;

/// The names of one kind of item.
pub(super) struct Names<'a> {
    naming: &'a Naming,
    is_single: bool,
    /// The names that people have chosen, and whose they are.
    chosen: HashMap<Box<str>, String>,
    /// Chosen names by item; `None` where somebody else had it before.
    own: HashMap<usize, Option<Box<str>>>,
    /// The names that were made, and whose they are.
    taken: HashMap<Box<str>, String>,
    pub(super) conflicts: Vec<String>,
}

/// A name that was settled on.
pub(super) struct Name {
    pub(super) text: Box<str>,
    /// Whether it is neither what the server says nor simply that with the server's name before it.
    pub(super) is_remade: bool,
}

impl<'a> Names<'a> {
    pub(super) fn new(naming: &'a Naming, is_single: bool) -> Self {
        Self {
            naming,
            is_single,
            chosen: HashMap::new(),
            own: HashMap::new(),
            taken: HashMap::new(),
            conflicts: Vec::new(),
        }
    }

    /// Takes the name that a person has chosen for the item at `at`, if one has.
    pub(super) fn reserve(&mut self, at: usize, server: &str, key: &str, chosen: Option<&str>) {
        let Some(name) = chosen else { return };
        if let Some(other) = self.chosen.get(name) {
            self.conflicts
                .push(format!("`{server}/{key}` is left out: it is to be called `{name}`, and so is `{other}`"));
            self.own.insert(at, None);
            return;
        }
        self.chosen.insert(name.into(), format!("{server}/{key}"));
        self.own.insert(at, Some(name.into()));
    }

    /// The name of the item at `at`; `None` if it cannot have one.
    pub(super) fn settle(&mut self, at: usize, server: &str, key: &str) -> Option<Name> {
        if let Some(chosen) = self.own.remove(&at) {
            let text = chosen?;
            return Some(Name { text, is_remade: false });
        }
        let (mut text, mut is_remade) = if self.is_single {
            (Box::from(key), false)
        } else {
            let exposed = self.naming.exposed(server, key);
            (exposed.name, !exposed.is_plain)
        };
        if let Some(owner) = self.owner(&text) {
            let other = self.naming.distinguished(server, key).name;
            if self.owner(&other).is_some() {
                self.conflicts.push(format!("`{server}/{key}` is left out: `{text}` is what `{owner}` is called"));
                return None;
            }
            self.conflicts.push(format!("`{server}/{key}` is called `{other}`: `{text}` is what `{owner}` is called"));
            (text, is_remade) = (other, true);
        }
        self.taken.insert(text.clone(), format!("{server}/{key}"));
        Some(Name { text, is_remade })
    }

    /// Whose a name is.
    fn owner(&self, name: &str) -> Option<&str> {
        self.taken.get(name).or_else(|| self.chosen.get(name)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn settled(names: &mut Names<'_>, at: usize, server: &str, key: &str) -> Option<(Box<str>, bool)> {
        names.settle(at, server, key).map(|name| (name.text, name.is_remade))
    }

    #[test]
    fn of_two_that_come_to_one_name_the_first_keeps_it_and_both_are_named() {
        let naming = Naming::default();
        let mut names = Names::new(&naming, false);
        assert_eq!(settled(&mut names, 0, "a", "b__c"), Some(("a__b__c".into(), false)));
        let other = naming.distinguished("a__b", "c").name;
        assert_eq!(settled(&mut names, 1, "a__b", "c"), Some((other.clone(), true)));
        let said = format!("`a__b/c` is called `{other}`: `a__b__c` is what `a/b__c` is called");
        assert_eq!(names.conflicts, [said]);
    }

    #[test]
    fn of_two_that_are_to_have_one_name_the_later_is_left_out_and_both_are_named() {
        let naming = Naming::default();
        let mut names = Names::new(&naming, false);
        names.reserve(0, "a", "x", Some("same"));
        names.reserve(1, "b", "y", Some("same"));
        assert_eq!(settled(&mut names, 0, "a", "x"), Some(("same".into(), false)));
        assert_eq!(settled(&mut names, 1, "b", "y"), None);
        assert_eq!(names.conflicts, ["`b/y` is left out: it is to be called `same`, and so is `a/x`"]);
    }

    #[test]
    fn a_chosen_name_is_taken_before_those_that_are_made() {
        let naming = Naming::default();
        let mut names = Names::new(&naming, true);
        names.reserve(1, "a", "x", Some("y"));
        assert_eq!(settled(&mut names, 0, "a", "y"), Some((naming.distinguished("a", "y").name, true)));
        assert_eq!(settled(&mut names, 1, "a", "x"), Some(("y".into(), false)));
    }
}
