//! Settings that are one of a few words.

use std::{fmt, str::FromStr};

/// A word that is none of those a setting knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of {}", .known.join(", "))]
pub struct UnknownWord {
    known: &'static [&'static str],
}

macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $($(#[$about_it:meta])* $it:ident = $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$about_it])* $it),+ }

        impl $name {
            /// Every word.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// How it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$it => $word),+ }
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($word => Ok(Self::$it),)+
                    _ => Err(UnknownWord { known: Self::WORDS }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

choice! {
    /// How clients share a server.
    SessionKind {
        /// One process or connection serves all clients.
        Shared = "shared",
        /// Every session has one of its own.
        Dedicated = "dedicated",
    }
}

choice! {
    /// When a server is started.
    Start {
        /// With the proxy.
        Launch = "launch",
        /// When it is first used.
        Demand = "demand",
    }
}

choice! {
    /// What happens to a question that a shared server asks and that could be any client's.
    Interactive {
        /// From then on, calls of clients that can be asked run alone on spare instances.
        Lease = "lease",
        /// Clients that can be asked get a process of their own from the start.
        Dedicated = "dedicated",
        /// It is answered with an error.
        Refuse = "refuse",
    }
}

choice! {
    /// What happens to a log message of a shared server that could be any client's.
    SharedLogs {
        /// Nobody gets it.
        Drop = "drop",
        /// Everybody gets it.
        Broadcast = "broadcast",
    }
}

choice! {
    /// Which form a server's HTTP routes have.
    Dialect {
        /// The one of the specification.
        Standard = "standard",
        /// The one of `prompty-mcp-proxy`.
        Prompty = "prompty",
    }
}

choice! {
    /// What a server offers, as rules tell it apart.
    ItemKind {
        /// A tool, by its name.
        Tool = "tool",
        /// A prompt, by its name.
        Prompt = "prompt",
        /// A resource, by its URI.
        Resource = "resource",
        /// A template of resources, by its URI template; rules of resources count for it.
        Template = "template",
    }
}

impl ItemKind {
    /// The member of a server's entry with its rules.
    pub(crate) const fn section(self) -> &'static str {
        match self {
            Self::Tool => "tools",
            Self::Prompt => "prompts",
            Self::Resource | Self::Template => "resources",
        }
    }
}

choice! {
    /// How the log is written.
    LogFormat {
        /// Lines for people.
        Text = "text",
        /// JSON objects, one a line.
        Json = "json",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_written_as_it_is_read() {
        for word in Interactive::WORDS {
            assert_eq!(word.parse::<Interactive>().unwrap().to_string(), *word);
        }
        let unknown = "Shared".parse::<SessionKind>().unwrap_err();
        assert_eq!(unknown.to_string(), "must be one of shared, dedicated");
    }
}
