//! What is measured: a program, what stands behind it, and how clients come to it.

use std::path::PathBuf;

use crate::load::Face;
use crate::other::Other;
use crate::place::built;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// The server itself.
    Direct,
    /// The bare bridge of this package.
    Bare,
    /// Another bare bridge, built elsewhere.
    Reference(PathBuf),
    Stdio,
    Hub,
    Rest,
    Other(Other),
}

impl Program {
    pub(crate) fn binary(&self) -> Result<PathBuf, String> {
        match self {
            Self::Direct | Self::Bare => built("bench"),
            Self::Reference(path) => Ok(path.clone()),
            Self::Stdio => built("mcp-stdio"),
            Self::Hub => built("mcp-hub"),
            Self::Rest => built("mcp-rest"),
            Self::Other(other) => other.binary(),
        }
    }
}

/// How the servers are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Stdio,
    Http,
}

#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) program: Program,
    pub(crate) face: Face,
    pub(crate) wire: Wire,
    pub(crate) servers: usize,
    /// Tools of each server.
    pub(crate) tools: usize,
    /// Whether the servers speak the modern era alone.
    pub(crate) is_modern: bool,
    /// Whether the servers start with the first use.
    pub(crate) on_demand: bool,
    /// More options for the program.
    pub(crate) options: Vec<String>,
}

impl Subject {
    /// A program before one legacy server with one tool: on pipes, but for those that have only URLs.
    pub(crate) fn new(name: &str, program: Program) -> Self {
        let face = if program == Program::Rest { Face::Rest } else { Face::Legacy };
        let wire = if program == Program::Direct { Wire::Http } else { Wire::Stdio };
        Self {
            name: name.to_owned(),
            program,
            face,
            wire,
            servers: 1,
            tools: 1,
            is_modern: false,
            on_demand: false,
            options: Vec::new(),
        }
    }

    pub(crate) fn face(self, face: Face) -> Self {
        Self { face, ..self }
    }

    pub(crate) fn modern(self) -> Self {
        Self { is_modern: true, ..self }
    }

    pub(crate) fn servers(self, wire: Wire, servers: usize, tools: usize) -> Self {
        Self { wire, servers, tools, ..self }
    }

    pub(crate) fn on_demand(self) -> Self {
        Self { on_demand: true, ..self }
    }

    pub(crate) fn options(self, options: &[&str]) -> Self {
        Self { options: options.iter().map(|&option| option.to_owned()).collect(), ..self }
    }

    /// The words that start one of its servers, after the kind.
    pub(crate) fn echo(&self, _at: usize) -> Vec<String> {
        let era = if self.is_modern { "modern" } else { "legacy" };
        ["--era", era, "--tools", &self.tools.to_string()].map(str::to_owned).to_vec()
    }

    pub(crate) fn start(&self) -> &'static str {
        if self.on_demand { "demand" } else { "launch" }
    }

    /// The tool `echo` of every server, by the names that clients see.
    pub(crate) fn tool_names(&self) -> Vec<String> {
        match &self.program {
            Program::Hub => (0..self.servers).map(|at| format!("s{at}__echo")).collect(),
            Program::Other(other) => other.tool_names(self.servers),
            _ => vec!["echo".to_owned()],
        }
    }

    pub(crate) fn path(&self) -> String {
        match (&self.program, self.face) {
            (Program::Other(other), face) => other.path(face),
            (Program::Rest, Face::Rest) => "/api/mcp/s0/tools/echo/execute".to_owned(),
            (_, Face::Sse) => "/sse".to_owned(),
            _ => "/mcp".to_owned(),
        }
    }
}
