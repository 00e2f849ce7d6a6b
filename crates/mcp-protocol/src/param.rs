//! Headers that repeat arguments of a tool.

mod schema;
mod value;

use std::borrow::Cow;

use mcp_jsonrpc::{FieldError, Message, field};

pub use self::schema::ParamError;
use self::value::Instance;
use crate::{MirrorError, header, header_field::HeaderField, mirror::faulty, sentinel};

/// Which arguments of one tool are repeated in `Mcp-Param-*` headers: read once from its `inputSchema`, used on every call
/// (2026-07-28, streamable HTTP, custom headers from tool parameters).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParamHeaders {
    params: Vec<Param>,
}

/// Where the arguments of a `tools/call` are.
const ARGUMENTS_PATH: [&str; 2] = ["params", "arguments"];

/// One repeated argument.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Param {
    /// The full header name in lower case.
    header: String,
    /// The keys from the arguments down to the value.
    path: Vec<String>,
}

impl ParamHeaders {
    /// How many arguments of one tool may be repeated. HTTP servers take about a hundred headers in all.
    pub const MAX: usize = 64;

    /// Reads the annotations of a tool's `inputSchema` (JSON text).
    ///
    /// # Errors
    ///
    /// Fails if an annotation breaks a rule of the specification. A client over HTTP must then leave this tool, and no
    /// other, out of the list.
    pub fn read(input_schema: &str) -> Result<Self, ParamError> {
        let params = schema::annotations(input_schema)?;
        let named = |(name, path): (String, _)| Param {
            header: format!("{}{}", header::PARAM_PREFIX, name.to_ascii_lowercase()),
            path,
        };
        let mut params: Vec<_> = params.into_iter().map(named).collect();
        params.sort_unstable_by(|a, b| a.header.cmp(&b.header));
        Ok(Self { params })
    }

    /// The same, of a whole tool (JSON text of its definition). Without an `inputSchema` there is nothing to repeat.
    ///
    /// # Errors
    ///
    /// Like [`read`](Self::read).
    pub fn of_tool(tool: &str) -> Result<Self, ParamError> {
        let schema = field::find(tool, &["inputSchema"]).map_err(|_| ParamError::Schema)?;
        schema.map_or_else(|| Ok(Self::default()), |place| Self::read(&tool[place]))
    }

    /// The names of the headers, in lower case and in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.params.iter().map(|param| param.header.as_str())
    }

    /// Whether no argument is repeated, as with nearly all tools.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.params.is_empty()
    }

    /// The headers (names in lower case and in order, values encoded) for a call with these arguments (JSON text).
    ///
    /// An argument that is absent, `null`, or of no type a header can carry has none; that it is wrong is for the server
    /// to say.
    #[must_use]
    pub fn of(&self, arguments: Option<&str>) -> Vec<(&str, String)> {
        let header = |param| {
            let text = Instance::read(value_at(arguments, param).ok()??).into_text()?;
            Some((param.header.as_str(), sentinel::encode(&text).into_owned()))
        };
        self.params.iter().filter_map(header).collect()
    }

    /// [`of`](Self::of) the arguments of a `tools/call`.
    #[must_use]
    pub fn of_call(&self, call: &Message) -> Vec<(&str, String)> {
        self.of(call.value(&ARGUMENTS_PATH))
    }

    /// [`check`](Self::check) of a `tools/call`.
    ///
    /// # Errors
    ///
    /// As there. A call whose arguments stand twice says nothing that a header could repeat.
    pub fn check_call<'h>(&self, call: &Message, header: impl Fn(&str) -> HeaderField<'h>) -> Result<(), MirrorError> {
        let Some(first) = self.params.first() else { return Ok(()) };
        if call.find(&ARGUMENTS_PATH).is_err() {
            return Err(MirrorError::Mismatch { header: Cow::Owned(first.header.clone()) });
        }
        self.check(call.value(&ARGUMENTS_PATH), header)
    }

    /// Checks that the headers of a call say what its arguments (JSON text) say; `header` looks a name up.
    ///
    /// # Errors
    ///
    /// Fails if a header is missing, malformed, stands twice, differs from its argument (integers are compared as
    /// numbers), or is there without one.
    pub fn check<'h>(
        &self,
        arguments: Option<&str>,
        header: impl Fn(&str) -> HeaderField<'h>,
    ) -> Result<(), MirrorError> {
        for param in &self.params {
            let name = || Cow::Owned(param.header.clone());
            let stated = header(&param.header).decoded().map_err(|fault| faulty(name(), fault))?;
            let Ok(raw) = value_at(arguments, param) else {
                return Err(MirrorError::Mismatch { header: name() });
            };
            match (stated, raw.map_or(Instance::Absent, Instance::read)) {
                (None, Instance::Absent | Instance::Unfit) | (Some(_), Instance::Unfit) => {}
                (None, _) => return Err(MirrorError::Missing { header: name() }),
                (Some(stated), meant) if meant.equals(&stated) => {}
                (Some(_), _) => return Err(MirrorError::Mismatch { header: name() }),
            }
        }
        Ok(())
    }
}

/// The JSON text of the argument, if there is one; an error if a key on the way stands twice.
fn value_at<'a>(arguments: Option<&'a str>, param: &Param) -> Result<Option<&'a str>, FieldError> {
    let Some(arguments) = arguments else { return Ok(None) };
    let path: Vec<_> = param.path.iter().map(String::as_str).collect();
    Ok(field::find(arguments, &path)?.map(|place| &arguments[place]))
}

#[cfg(test)]
mod tests;
