//! Remembers the definitions of tools, and notices when one is another.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcp_protocol::{Era, ListKind};
use mcp_transport::Store;
use tokio::sync::{Mutex as Turn, OnceCell};

use crate::{
    HubOptions, Pin,
    listing::Listing,
    pin::{Pinned, Pins, digest},
    pinned_texts::Texts,
};

/// Holds each tool's definition against the one that was first seen, in one era.
#[derive(Debug)]
pub(crate) struct Pinning {
    store: Option<Arc<dyn Store>>,
    /// Under what the pins are kept, and under what their texts.
    keys: [&'static str; 2],
    options: Arc<Mutex<Arc<HubOptions>>>,
    pins: Mutex<Memory>,
    read: OnceCell<()>,
    /// One saves at a time, so that no older text comes last.
    saving: Turn<()>,
}

#[derive(Debug, Default)]
struct Memory {
    pins: Pins,
    texts: Texts,
    /// Whether there is something that is not kept yet.
    is_new: bool,
}

impl Pinning {
    pub(crate) fn new(store: Option<Arc<dyn Store>>, options: &Arc<Mutex<Arc<HubOptions>>>, era: Era) -> Self {
        let keys = match era {
            Era::Legacy => ["pins-legacy", "pin-texts-legacy"],
            Era::Modern => ["pins-modern", "pin-texts-modern"],
        };
        let options = Arc::clone(options);
        Self { store, keys, options, pins: Mutex::default(), read: OnceCell::new(), saving: Turn::default() }
    }

    /// Reads what was kept, once.
    pub(crate) async fn ready(&self) {
        let Some(store) = &self.store else { return };
        let read = async {
            let [pins, texts] = self.keys;
            // What they said is only to be shown, and is seen again where nothing has changed.
            if let Ok(Some(text)) = store.load(texts).await {
                self.memory().texts = Texts::read(&text).unwrap_or_default();
            }
            match store.load(pins).await {
                Ok(Some(text)) => {
                    if let Some(pins) = Pins::read(&text) {
                        self.memory().pins = pins;
                    } else {
                        tracing::warn!("the pinned definitions of tools cannot be read; all count as new");
                    }
                }
                Ok(None) => {}
                Err(error) => tracing::warn!("the pinned definitions of tools cannot be read: {error}"),
            }
        };
        self.read.get_or_init(|| read).await;
    }

    /// The listing with those of its tools marked that are others than they were; those that are marked already are not
    /// news. What is new is taken as it is.
    pub(crate) fn pinned(&self, server: &str, listing: Listing) -> Listing {
        let options = Arc::clone(&self.options.lock().unwrap_or_else(PoisonError::into_inner));
        if options.rules.get(server).is_none_or(|rules| rules.pin == Pin::Off) {
            return listing.marked(Vec::new());
        }
        let mut memory = self.memory();
        let mut changed = Vec::new();
        for tool in listing.list(ListKind::Tools) {
            let digest = digest(&tool.text);
            match memory.pins.check(server, &tool.key, &digest) {
                Pinned::Same => memory.is_new |= memory.texts.keep(server, &tool.key, &tool.text),
                Pinned::New => {
                    memory.pins.approve(server, &tool.key, &digest);
                    memory.texts.keep(server, &tool.key, &tool.text);
                    memory.is_new = true;
                }
                Pinned::Changed => {
                    if !listing.changed.contains(&tool.key) {
                        tracing::warn!(
                            server,
                            tool = &*tool.key,
                            "the definition of the tool is another than the pinned one"
                        );
                    }
                    changed.push(tool.key.clone());
                }
            }
        }
        listing.marked(changed)
    }

    /// Takes the tool as `listing` has it for the right one from now on; says whether it is there.
    pub(crate) fn approve(&self, server: &str, tool: &str, listing: &Listing) -> bool {
        let Some(item) = listing.list(ListKind::Tools).iter().find(|item| *item.key == *tool) else { return false };
        let mut memory = self.memory();
        memory.pins.approve(server, tool, &digest(&item.text));
        memory.texts.keep(server, tool, &item.text);
        memory.is_new = true;
        true
    }

    /// What the pinned definition of a tool says (JSON text), if that is known.
    pub(crate) fn text(&self, server: &str, tool: &str) -> Option<Arc<str>> {
        let memory = self.memory();
        let text = memory.texts.get(server, tool)?;
        (memory.pins.check(server, tool, &digest(text)) == Pinned::Same).then(|| text.into())
    }

    /// Keeps what is new.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave it to the next call to keep what was new.
    pub(crate) async fn save(&self) {
        let Some(store) = &self.store else { return };
        let _turn = self.saving.lock().await;
        let written = |memory: &Memory| [memory.pins.write(), memory.texts.write()];
        let now = {
            let memory = self.memory();
            if !memory.is_new {
                return;
            }
            written(&memory)
        };
        let save = async || {
            for (key, text) in self.keys.into_iter().zip(&now) {
                store.save(key, text).await?;
            }
            std::io::Result::Ok(())
        };
        match save().await {
            Ok(()) => {
                let mut memory = self.memory();
                // Unless more has come meanwhile.
                memory.is_new = written(&memory) != now;
            }
            Err(error) => tracing::warn!("the pinned definitions of tools cannot be kept: {error}"),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
