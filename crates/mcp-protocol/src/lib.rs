//! Knows the words of MCP in every revision: revisions, methods, headers, `_meta` keys, error codes, and the few shapes a proxy must read.
//!
//! ```
//! use mcp_protocol::{Era, InitializeParams, Revision, method};
//!
//! let asked = InitializeParams::read(r#"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}"#)?;
//! let settled = Revision::negotiate(&asked.protocol_version);
//! assert_eq!(settled, Revision::V2025_06_18);
//! assert_eq!(settled.era(), Era::Legacy);
//! assert!(method::may_interact(method::TOOLS_CALL));
//! # Ok::<(), mcp_protocol::ShapeError>(())
//! ```
//!
//! What is not here: I/O, clocks, decisions, and shapes that a proxy passes on unread. What stays JSON text on its way
//! through is JSON text here too.

mod claim;
pub mod code;
pub mod header;
mod header_field;
mod log_level;
pub mod meta;
pub mod method;
mod mirror;
mod param;
mod revision;
pub mod sentinel;
mod shape;

pub use claim::{Claim, ClaimError};
pub use header_field::HeaderField;
pub use log_level::{LogLevel, UnknownLogLevel};
pub use mirror::{
    MirrorError, MirrorHeaders, Mirrored, Unmirrorable, check as check_mirror, mirrored_name, mirrored_place,
};
pub use param::{ParamError, ParamHeaders};
pub use revision::{Era, Revision, UnknownRevision};
pub use shape::{
    ShapeError,
    cache::{CacheHints, CacheScope},
    cancelled::CancelledParams,
    capabilities::{ClientCapabilities, ClientCapability, ServerCapabilities, ServerCapability},
    completed::completed,
    discover::{DiscoverAnswer, DiscoverResult},
    envelope::Envelope,
    initialize::{InitializeParams, InitializeResult},
    input_answer::is_answer_to,
    input_required::{InputRequest, InputRequired, InputResponses},
    list_page::{ListKind, ListPage, list_params, modern_list_params},
    logging::{level_of, set_level_params},
    progress::ProgressParams,
    resource::{RESOURCE_URI_PATH, resource_uri},
    result_type::ResultType,
    roots::EMPTY_ROOTS,
    subscription::{SubscriptionFilter, acknowledged, change, listen_params, listen_result, subscription_id},
    task::{
        CREATED_TASK_ID_PATH, RESULT_TASK_ID_PATH, TASK_ID, TASK_ID_PATH, TaskPage, related_task_path, task_id,
        wants_task,
    },
    tool_hints::is_repeatable_tool,
    tool_result::is_tool_error,
    unsupported_version::UnsupportedVersion,
    url_elicitation::{url_elicitations, without_elicitation_id},
};
