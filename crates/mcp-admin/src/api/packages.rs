//! Servers from packages: what is to be written and run, before anything is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    answer::{Answer, Refusal, audited, ok},
    ask::Ask,
    packages::{Answers, Entry, Input, PackageKind, Preview, preview},
    route::Route,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[Route::post(
    "/packages/preview",
    "previewPackage",
    "What a package, a command line or a server.json makes. Nothing is changed or run.",
    |state, ask| Box::pin(show(state, ask)),
)
.takes("Package")
.gives("PackagePreview")];

#[derive(Deserialize)]
struct Package {
    kind: PackageKind,
    text: String,
    #[serde(default)]
    answers: Answers,
    #[serde(default)]
    choice: usize,
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    entry: &'a Entry,
    command: &'a str,
    inputs: &'a [Input],
    choices: &'a [String],
    choice: usize,
}

async fn show(_: Arc<State>, ask: Ask) -> Answer {
    let Package { kind, text, answers, choice } = ask.json()?;
    let made = preview(kind, &text, &answers, choice).map_err(|error| Refusal::bad(error.to_string()))?;
    let Preview { name, entry, command, inputs, choices, choice } = &made;
    audited(ok(&Shown { name, entry, command, inputs, choices, choice: *choice }), name.as_str())
}
