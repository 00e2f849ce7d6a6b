//! Gives each tool or prompt a name that no other has.

use std::collections::HashMap;

use crate::Naming;

/// The names of one kind of item.
pub(super) struct Names<'a> {
    naming: &'a Naming,
    is_single: bool,
    /// The names that people have chosen: which item has it, and whose it is.
    chosen: HashMap<Box<str>, (usize, String)>,
    /// Chosen names by item; `None` where somebody else had it before.
    own: HashMap<usize, Option<Box<str>>>,
    taken: HashMap<Box<str>, ()>,
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
        if let Some((_, other)) = self.chosen.get(name) {
            self.conflicts
                .push(format!("`{server}/{key}` and `{other}` are both to be called `{name}`; it is the latter's"));
            self.own.insert(at, None);
            return;
        }
        self.chosen.insert(name.into(), (at, format!("{server}/{key}")));
        self.own.insert(at, Some(name.into()));
    }

    /// The name of the item at `at`; `None` if it cannot have one.
    pub(super) fn settle(&mut self, at: usize, server: &str, key: &str) -> Option<Name> {
        if let Some(chosen) = self.own.remove(&at) {
            let text = chosen?;
            self.taken.insert(text.clone(), ());
            return Some(Name { text, is_remade: false });
        }
        let (mut text, mut is_remade) = if self.is_single {
            (Box::from(key), false)
        } else {
            let exposed = self.naming.exposed(server, key);
            (exposed.name, !exposed.is_plain)
        };
        if self.is_taken(&text) {
            (text, is_remade) = (self.naming.distinguished(server, key).name, true);
        }
        if self.is_taken(&text) {
            self.conflicts.push(format!("`{server}/{key}` is left out, for there is no name left for it"));
            return None;
        }
        self.taken.insert(text.clone(), ());
        Some(Name { text, is_remade })
    }

    fn is_taken(&self, name: &str) -> bool {
        self.taken.contains_key(name) || self.chosen.contains_key(name)
    }
}
