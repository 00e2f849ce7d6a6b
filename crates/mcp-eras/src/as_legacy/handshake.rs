//! What each side is told of the other.

use mcp_jsonrpc::{field, quote};
use mcp_protocol::{ClientCapability, DiscoverResult, InitializeResult, Revision, ServerCapability, meta};
use serde_json::value::RawValue;

use super::members;

/// The result of `initialize` that says what a server says in its result of `server/discover` (JSON text).
///
/// Extensions and tasks are left out: nothing of this era could use them.
pub(super) fn initialize_result(discovered: &str, name: &str) -> String {
    let result = DiscoverResult::read(discovered).ok();
    let capabilities = result.as_ref().map_or("{}", |result| result.capabilities.get());
    let dropped = [ServerCapability::TasksExtension.path()[0], ServerCapability::CoreTasks.path()[0]];
    let capabilities = rewritten(capabilities, |key, value| (!dropped.contains(&key)).then(|| value.to_owned()));
    let info = result.as_ref().and_then(DiscoverResult::server_info).filter(|info| info.starts_with('{'));
    let info = info.map_or_else(|| format!(r#"{{"name":{},"version":"unknown"}}"#, quote(name)), str::to_owned);
    let instructions = result.as_ref().and_then(|result| result.instructions).map(RawValue::get);
    let instructions = instructions.filter(|text| text.starts_with('"'));
    InitializeResult::write(Revision::LATEST_LEGACY.as_str(), &capabilities, &info, instructions)
}

/// The capabilities of a client of `revision` as a modern server is to see them: what the revision has, and no more.
pub(super) fn modern_capabilities(raw: &str, revision: Revision) -> String {
    use ClientCapability as Can;
    // All three came with one revision: URLs, tools for sampling, and a say over context.
    let is_newest = revision.has_url_elicitation();
    let tasks = ServerCapability::CoreTasks.path()[0];
    rewritten(raw, |key, value| match key {
        _ if !value.starts_with('{') => None,
        // That they change is nothing a modern server hears of.
        _ if key == Can::Roots.path()[0] => Some("{}".to_owned()),
        _ if key == Can::Sampling.path()[0] && !is_newest => Some("{}".to_owned()),
        _ if key == Can::ElicitationForm.path()[0] && !revision.has_elicitation() => None,
        _ if key == Can::ElicitationForm.path()[0] && !is_newest => Some("{}".to_owned()),
        _ if key == tasks => None,
        _ if key == Can::TasksExtension.path()[0] => {
            Some(rewritten(value, |name, value| (name != meta::TASKS_EXTENSION).then(|| value.to_owned())))
        }
        _ => Some(value.to_owned()),
    })
}

/// An object (JSON text) with what `each` makes of the value of every member; `None` leaves the member out.
fn rewritten(object: &str, each: impl Fn(&str, &str) -> Option<String>) -> String {
    let members = members::of(object).into_iter().filter_map(|member| {
        let key = &object[member.key];
        let value = each(&field::unescape(key)?, &object[member.value])?;
        Some(format!("{key}:{value}"))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_discover_result_becomes_a_handshake() {
        let discovered = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"instructions":"be \u006eice",
            "capabilities":{"tools":{"listChanged":true},"tasks":{},"extensions":{"a/b":{}},"experimental":{"x":1.0},"logging":{}},
            "ttlMs":0,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}"#;
        assert_eq!(
            initialize_result(discovered, "calendar"),
            r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true},"experimental":{"x":1.0},"logging":{}},"serverInfo":{"name":"s","version":"1"},"instructions":"be \u006eice"}"#
        );
        assert_eq!(
            initialize_result(r#"{"supportedVersions":[],"capabilities":{}}"#, "calendar"),
            r#"{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"calendar","version":"unknown"}}"#
        );
    }

    #[track_caller]
    fn check(raw: &str, revision: Revision, expect: &str) {
        assert_eq!(modern_capabilities(raw, revision), expect);
    }

    #[test]
    fn a_client_can_do_what_its_revision_has() {
        let all = r#"{"roots":{"listChanged":true},"sampling":{"tools":{}},"elicitation":{"url":{},"form":{}},"tasks":{"list":{}},"experimental":{"a":{"b":1}}}"#;
        let rest = r#""experimental":{"a":{"b":1}}}"#;
        check(
            all,
            Revision::V2025_11_25,
            &format!(r#"{{"roots":{{}},"sampling":{{"tools":{{}}}},"elicitation":{{"url":{{}},"form":{{}}}},{rest}"#),
        );
        check(all, Revision::V2025_06_18, &format!(r#"{{"roots":{{}},"sampling":{{}},"elicitation":{{}},{rest}"#));
        check(all, Revision::V2025_03_26, &format!(r#"{{"roots":{{}},"sampling":{{}},{rest}"#));
        check(
            r#"{"extensions":{"io.modelcontextprotocol/tasks":{},"a/b":{}},"roots":null}"#,
            Revision::V2025_11_25,
            r#"{"extensions":{"a/b":{}}}"#,
        );
        check("{}", Revision::V2024_11_05, "{}");
    }
}
