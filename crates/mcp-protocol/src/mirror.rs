//! Headers that repeat parts of a modern message: checked on the way in, made on the way out.

mod error;
mod outgoing;

use std::{borrow::Cow, ops::Range};

use mcp_jsonrpc::{FieldError, Kind, Message, field};

pub use self::{
    error::MirrorError,
    outgoing::{MirrorHeaders, Unmirrorable},
};
use crate::{
    Claim, ClaimError, Revision, header,
    header_field::{Fault, HeaderField},
    meta, method,
};

/// A message that is whole, and whose headers say what it says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Mirrored<'m> {
    /// What it says of itself.
    pub claim: Claim<'m>,
    /// Where in its text it says what it is about, as [`mirrored_place`] finds it.
    pub subject: Option<Range<usize>>,
}

/// Checks that a modern message is whole and that its headers say what it says.
///
/// For requests that make a [`Claim`], and for those that make none although their version header names a modern
/// revision; `claim` is what [`Claim::read`] gives. Of a notification that makes a claim, headers that are there must agree,
/// and none has to be there (header rules for posted notifications are not defined). `served` are the modern revisions
/// spoken here, `header` looks a name up. `Mcp-Param-*` headers need the schema of the tool: see
/// [`ParamHeaders`](crate::ParamHeaders).
///
/// # Errors
///
/// The first fault in the order that the specification and the official suite settle on: the envelope, the version
/// header against the claim, the method header against the method, the revision, required headers that are missing (version,
/// method, name), the name header against the body.
pub fn check<'m, 'h>(
    message: &Message,
    claim: Result<Option<Claim<'m>>, ClaimError>,
    served: &[Revision],
    header: impl Fn(&'static str) -> HeaderField<'h>,
) -> Result<Mirrored<'m>, MirrorError> {
    let plain = |name| header(name).plain().map_err(|fault| faulty(name, fault));
    let claim = envelope(message, claim?)?;
    let method = message.method().unwrap_or_default();

    let version_header = plain(header::PROTOCOL_VERSION)?;
    agree(header::PROTOCOL_VERSION, version_header, &claim.version)?;
    let method_header = plain(header::METHOD)?;
    agree(header::METHOD, method_header, method)?;

    if !served.iter().any(|revision| revision.as_str() == claim.version) {
        let requested = claim.version.into_owned();
        return Err(MirrorError::UnsupportedVersion { requested, supported: served.to_vec() });
    }

    let required = message.kind() == Kind::Request;
    for (name, value) in [(header::PROTOCOL_VERSION, version_header), (header::METHOD, method_header)] {
        if required && value.is_none() {
            return Err(MirrorError::Missing { header: name.into() });
        }
    }
    let mut subject = None;
    if method::name_field(method).is_some() {
        let stated = header(header::NAME).decoded().map_err(|fault| faulty(header::NAME, fault))?;
        subject = match claim.subject.clone() {
            None => mirrored_place(message).map_err(|_| MirrorError::Mismatch { header: header::NAME.into() })?,
            met => met,
        };
        let meant = subject.clone().and_then(|place| name_at(message, place));
        match (stated, meant) {
            (Some(stated), Some(meant)) if stated == meant => {}
            (Some(_), _) => return Err(MirrorError::Mismatch { header: header::NAME.into() }),
            (None, Some(_)) if required => return Err(MirrorError::Missing { header: header::NAME.into() }),
            // Without a name in the body the parameters are wrong, which is for the server to say.
            (None, _) => {}
        }
    }
    Ok(Mirrored { claim, subject })
}

/// What the message is about: its tool, prompt, resource or task; `None` if it names none, or not by a string.
///
/// # Errors
///
/// Fails if the name, or `params`, stands twice in its object.
pub fn mirrored_name(message: &Message) -> Result<Option<Cow<'_, str>>, FieldError> {
    Ok(mirrored_place(message)?.and_then(|place| name_at(message, place)))
}

/// Where in its text the message says what it is about, whatever stands there.
///
/// # Errors
///
/// As with [`mirrored_name`].
pub fn mirrored_place(message: &Message) -> Result<Option<Range<usize>>, FieldError> {
    let Some(name) = message.method().and_then(method::name_field) else { return Ok(None) };
    message.find(&["params", name])
}

fn name_at(message: &Message, place: Range<usize>) -> Option<Cow<'_, str>> {
    field::unescape(std::str::from_utf8(&message.text()[place]).ok()?)
}

/// The claim with all that a request must say in it.
fn envelope<'m>(message: &Message, claim: Option<Claim<'m>>) -> Result<Claim<'m>, MirrorError> {
    let Some(claim) = claim else {
        let has = |key| !matches!(message.find(&["params", meta::META, key]), Ok(None));
        let mut keys = vec![meta::PROTOCOL_VERSION];
        keys.extend((!has(meta::CLIENT_CAPABILITIES)).then_some(meta::CLIENT_CAPABILITIES));
        return Err(MirrorError::MissingKeys { keys });
    };
    if claim.capabilities.is_none() && message.kind() == Kind::Request {
        return Err(MirrorError::MissingKeys { keys: vec![meta::CLIENT_CAPABILITIES] });
    }
    Ok(claim)
}

fn agree(name: &'static str, stated: Option<&str>, meant: &str) -> Result<(), MirrorError> {
    match stated {
        Some(stated) if stated != meant => Err(MirrorError::Mismatch { header: name.into() }),
        _ => Ok(()),
    }
}

pub(crate) fn faulty(name: impl Into<Cow<'static, str>>, fault: Fault) -> MirrorError {
    let header = name.into();
    match fault {
        Fault::Repeated => MirrorError::Repeated { header },
        Fault::Malformed => MirrorError::Malformed { header },
    }
}

#[cfg(test)]
mod tests;
