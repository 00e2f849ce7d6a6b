//! What a package wants to know, and the answers in their places.

use super::Answers;

/// Something to ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    /// What it is called; answers come under this name.
    pub(crate) name: String,
    /// Where it goes.
    pub(crate) place: Place,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// Whether the server does not work without.
    pub(crate) required: bool,
    /// Whether it has to be kept from others.
    pub(crate) secret: bool,
    /// What it is if nobody answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<String>,
    /// An example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) placeholder: Option<String>,
    /// What it may be, if not everything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) choices: Vec<String>,
    /// Whether there may be several answers: one a line.
    pub(crate) repeated: bool,
}

/// Where an answer goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Place {
    /// Into the environment.
    #[default]
    Env,
    /// Into a header.
    Header,
    /// Into the command line.
    Argument,
    /// Into the URL.
    Url,
}

/// The inputs of a package, each asked once.
#[derive(Debug)]
pub(super) struct Inputs<'a> {
    answers: &'a Answers,
    asked: Vec<Input>,
}

impl<'a> Inputs<'a> {
    pub(super) fn new(answers: &'a Answers) -> Self {
        Self { answers, asked: Vec::new() }
    }

    /// The answer, or the default, or what stands for an answer that must not be missing; `None` if it can be.
    pub(super) fn ask(&mut self, input: Input) -> Option<String> {
        let answer = self.answers.get(&input.name).filter(|answer| !answer.is_empty()).or(input.default.as_ref());
        let missing = || input.required.then(|| format!("${{input:{}}}", input.name));
        let answer = answer.cloned().or_else(missing);
        if !self.asked.iter().any(|asked| asked.name == input.name) {
            self.asked.push(input);
        }
        answer
    }

    /// What was asked.
    pub(super) fn into_asked(self) -> Vec<Input> {
        self.asked
    }
}
