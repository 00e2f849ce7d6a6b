//! The ways to misbehave.

use std::str::FromStr;

/// One way to misbehave, as it is written on the command line. Several can be combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// `garbage`: lines that are no messages before each answer.
    Garbage,
    /// `invalid-utf8`: lines that are no text before each answer.
    InvalidUtf8,
    /// `huge-line=BYTES`: a line of that length before each answer.
    HugeLine(usize),
    /// `half-line`: the first half of an answer, then exits with 3.
    HalfLine,
    /// `dies-after=N`: answers so many requests, then exits with 7 at the next one.
    DiesAfter(usize),
    /// `mute`: never answers `initialize` nor anything else.
    Mute,
    /// `silent`: answers the handshake and no other request.
    Silent,
    /// `deaf`: answers the handshake, then reads no more.
    Deaf,
    /// `twice`: gives every answer twice.
    Twice,
    /// `flood-stderr=BYTES`: writes so much to stderr before each answer.
    FloodStderr(usize),
    /// `flood-progress=N`: sends so many notifications before each answer.
    FloodProgress(usize),
    /// `closes-stdout`: closes stdout instead of answering, and lives on.
    ClosesStdout,
    /// `stubborn`: ignores the end of stdin, and SIGTERM, SIGINT and SIGHUP.
    Stubborn,
    /// `grandchild`: starts a stubborn process in its group, which starts another one.
    Grandchild,
    /// `escorted`: what that process does: starts the other one.
    Escorted,
    /// `escapee`: starts a process in a group of its own, which holds stdout and stderr open for a minute.
    Escapee,
    /// `linger`: what these processes do: nothing, for a minute.
    Linger,
}

impl FromStr for Behaviour {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let number = || value.parse().map_err(|_| format!("`{name}` needs a number, as in `{name}=3`"));
        Ok(match name {
            "garbage" => Self::Garbage,
            "invalid-utf8" => Self::InvalidUtf8,
            "huge-line" => Self::HugeLine(number()?),
            "half-line" => Self::HalfLine,
            "dies-after" => Self::DiesAfter(number()?),
            "mute" => Self::Mute,
            "silent" => Self::Silent,
            "deaf" => Self::Deaf,
            "twice" => Self::Twice,
            "flood-stderr" => Self::FloodStderr(number()?),
            "flood-progress" => Self::FloodProgress(number()?),
            "closes-stdout" => Self::ClosesStdout,
            "stubborn" => Self::Stubborn,
            "grandchild" => Self::Grandchild,
            "escorted" => Self::Escorted,
            "escapee" => Self::Escapee,
            "linger" => Self::Linger,
            _ => return Err(format!("`{word}` is no behaviour of this server")),
        })
    }
}
