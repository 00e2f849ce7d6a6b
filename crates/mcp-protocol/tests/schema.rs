//! Holds the words and shapes of this crate against the official schemas.
//!
//! They are read from `$MCP_SPEC_DIR/<revision>/schema.json`. Without that folder nothing is checked, and
//! `cargo xtask test` lists each test as skipped; under `MCP_TESTS_STRICT=1` it fails.
#![expect(clippy::disallowed_types, reason = "a schema is a tree, and the validator wants it as one")]

use std::{env, fs, path::PathBuf};

use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{
    CREATED_TASK_ID_PATH, CacheHints, CacheScope, CancelledParams, ClientCapability, DiscoverAnswer, EMPTY_ROOTS,
    Envelope, InitializeParams, InitializeResult, InputRequest, InputRequired, InputResponses, ListKind, ListPage,
    LogLevel, ProgressParams, RESULT_TASK_ID_PATH, Revision, ServerCapability, SubscriptionFilter, TASK_ID_PATH,
    TaskPage, UnsupportedVersion, acknowledged, code, list_params, listen_result, meta, method, related_task_path,
    set_level_params,
};
use serde_json::{Value, json};

// Shared as a file, for a crate this low may not depend on one that tests share.
#[path = "../../../tests/it/skip.rs"]
mod skip;

const INFO: &str = r#"{"name":"proxy","version":"1"}"#;

/// One revision's schema.
struct Schema {
    revision: Revision,
    root: Value,
}

impl Schema {
    /// All five, or none if the folder is not named.
    fn all() -> Vec<Self> {
        let Some(folder) = env::var_os("MCP_SPEC_DIR").map(PathBuf::from) else {
            skip::lacking("the official schemas; `MCP_SPEC_DIR` names a folder with <revision>/schema.json");
            return Vec::new();
        };
        let read = |revision: Revision| {
            let file = folder.join(revision.as_str()).join("schema.json");
            let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let root = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            Self { revision, root }
        };
        Revision::ALL.into_iter().map(read).collect()
    }

    fn definitions(&self) -> &Value {
        [&self.root["definitions"], &self.root["$defs"]]
            .into_iter()
            .find(|found| found.is_object())
            .unwrap_or(&Value::Null)
    }

    /// A definition; older revisions write some params inside the message, newer ones beside it.
    fn definition(&self, name: &str) -> Option<&Value> {
        let definitions = self.definitions();
        let inline = || definitions.get(name.strip_suffix("Params")?)?.pointer("/properties/params");
        definitions.get(name).or_else(inline)
    }

    /// Follows a reference, if this is one.
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        name.map_or(schema, |name| &self.definitions()[name])
    }

    /// Whether a definition has this member, and whether it must be there.
    fn member(&self, definition: &str, name: &str) -> Option<bool> {
        let definition = self.definition(definition)?;
        definition["properties"].get(name)?;
        let required = definition["required"].as_array();
        Some(required.is_some_and(|required| required.contains(&json!(name))))
    }

    /// Whether properties lead this way from a definition.
    fn leads(&self, definition: &str, path: &[&str]) -> bool {
        let mut at = self.definition(definition).unwrap_or(&Value::Null);
        for key in path {
            at = self.resolved(&at["properties"][*key]);
        }
        at.is_object()
    }

    #[track_caller]
    fn validate(&self, definition: &str, text: &str) {
        let found = self.definition(definition);
        assert!(found.is_some(), "{}: no {definition}", self.revision);
        let mut schema = found.cloned().unwrap_or_default();
        for keyword in ["definitions", "$defs", "$schema"] {
            if let Some(value) = self.root.get(keyword) {
                schema[keyword] = value.clone();
            }
        }
        let instance: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        if let Err(error) = jsonschema::validate(&schema, &instance) {
            panic!("{} {definition}: {error} in {text}", self.revision);
        }
    }

    fn is_modern(&self) -> bool {
        self.revision >= Revision::V2026_07_28
    }
}

fn envelope() -> Envelope<'static> {
    let log_level = Some(LogLevel::Debug);
    Envelope { version: Revision::LATEST, capabilities: "{}", client_info: Some(INFO), log_level }
}

fn text(message: &Message) -> String {
    String::from_utf8_lossy(&message.to_bytes()).into_owned()
}

#[test]
fn every_method_of_every_schema_is_known_and_the_other_way_round() {
    let schemas = Schema::all();
    // Not of the core schemas: of the tasks extension.
    let extension = [method::TASKS_UPDATE, method::TASKS_CHANGED];
    let known: Vec<_> = method::REQUESTS.into_iter().chain(method::NOTIFICATIONS).collect();
    let mut seen = Vec::new();
    for schema in &schemas {
        let definitions = schema.definitions().as_object().into_iter().flatten();
        let methods =
            definitions.filter_map(|(_, definition)| definition.pointer("/properties/method/const")?.as_str());
        for name in methods {
            assert!(known.contains(&name), "{}: `{name}` is not known", schema.revision);
            assert!(!schema.is_modern() || !method::is_removed_in_modern(name), "`{name}` is not gone");
            assert!(schema.is_modern() || !method::is_new_in_modern(name), "`{name}` is not new");
            seen.push(name);
        }
    }
    for name in known {
        assert!(schemas.is_empty() || seen.contains(&name) != extension.contains(&name), "`{name}` is in no schema");
    }
}

#[test]
fn what_left_and_what_came_in_the_modern_era_is_told_rightly() {
    let schemas = Schema::all();
    let has = |modern: bool, name: &str| {
        let of_era = schemas.iter().filter(|schema| schema.is_modern() == modern);
        let mut all = of_era.flat_map(|schema| schema.definitions().as_object().into_iter().flatten());
        all.any(|(_, definition)| definition.pointer("/properties/method/const") == Some(&json!(name)))
    };
    for name in method::REQUESTS.into_iter().chain(method::NOTIFICATIONS) {
        // Those live on in the tasks extension.
        if schemas.is_empty() || name.contains("tasks") && !method::is_removed_in_modern(name) {
            continue;
        }
        assert_eq!(method::is_removed_in_modern(name), has(false, name) && !has(true, name), "{name}");
        assert_eq!(method::is_new_in_modern(name), !has(false, name) && has(true, name), "{name}");
    }
}

#[test]
fn requests_that_may_interact_or_be_cached_are_those_of_the_schema() {
    for schema in Schema::all().iter().filter(|schema| schema.is_modern()) {
        for (name, definition) in schema.definitions().as_object().into_iter().flatten() {
            let Some(method) = definition.pointer("/properties/method/const").and_then(Value::as_str) else { continue };
            let Some(stem) = name.strip_suffix("Request") else { continue };
            let interacts = schema.member(&format!("{stem}RequestParams"), "inputResponses").is_some();
            assert_eq!(method::may_interact(method), interacts, "{method}");
            let cached = schema.member(&format!("{stem}Result"), "ttlMs") == Some(true);
            assert_eq!(method::is_cacheable(method), cached, "{method}");
        }
    }
}

#[test]
fn members_that_are_read_are_in_the_schema_and_as_required_as_there() {
    let of = |since: &str, until: &str, definition, member, required| {
        let (since, until): (Revision, Revision) = (since.parse().unwrap(), until.parse().unwrap());
        (since, until, definition, member, required)
    };
    let (first, last, modern) = ("2024-11-05", "2025-11-25", "2026-07-28");
    let rules = [
        of(first, last, "InitializeRequestParams", "protocolVersion", true),
        of(first, last, "InitializeRequestParams", "capabilities", true),
        of(first, last, "InitializeRequestParams", "clientInfo", true),
        of(first, last, "InitializeResult", "protocolVersion", true),
        of(first, last, "InitializeResult", "capabilities", true),
        of(first, last, "InitializeResult", "serverInfo", true),
        of(first, last, "InitializeResult", "instructions", false),
        of(modern, modern, "DiscoverResult", "supportedVersions", true),
        of(modern, modern, "DiscoverResult", "capabilities", true),
        of(modern, modern, "DiscoverResult", "instructions", false),
        of(modern, modern, "DiscoverResult", "_meta", false),
        of(first, "2025-06-18", "CancelledNotificationParams", "requestId", true),
        of(last, last, "CancelledNotificationParams", "requestId", false),
        of(modern, modern, "CancelledNotificationParams", "requestId", true),
        of(first, modern, "CancelledNotificationParams", "reason", false),
        of(first, modern, "ProgressNotificationParams", "progressToken", true),
        of(first, modern, "ProgressNotificationParams", "progress", true),
        of(first, modern, "LoggingMessageNotificationParams", "level", true),
        of(first, modern, "ResourceUpdatedNotificationParams", "uri", true),
        of(modern, modern, "RequestMetaObject", meta::PROTOCOL_VERSION, true),
        of(modern, modern, "RequestMetaObject", meta::CLIENT_CAPABILITIES, true),
        of(modern, modern, "RequestMetaObject", meta::CLIENT_INFO, false),
        of(modern, modern, "RequestMetaObject", meta::LOG_LEVEL, false),
        of(modern, modern, "RequestMetaObject", meta::PROGRESS_TOKEN, false),
        of(modern, modern, "ResultMetaObject", meta::SERVER_INFO, false),
        of(last, modern, "ElicitRequestURLParams", "mode", true),
        of(last, modern, "ElicitRequestURLParams", "url", true),
        of(last, last, "ElicitRequestURLParams", "elicitationId", true),
        of("2025-06-18", modern, "ElicitResult", "action", true),
        of("2025-06-18", modern, "ElicitResult", "content", false),
        of(first, modern, "CreateMessageResult", "role", true),
        of(first, modern, "CreateMessageResult", "content", true),
        of(first, modern, "ListRootsResult", "roots", true),
        of(modern, modern, "NotificationMetaObject", meta::SUBSCRIPTION_ID, false),
        of(modern, modern, "SubscriptionsListenRequestParams", "notifications", true),
        of(modern, modern, "SubscriptionsAcknowledgedNotificationParams", "notifications", true),
        of(modern, modern, "InputRequiredResult", "resultType", true),
        of(modern, modern, "InputRequiredResult", "inputRequests", false),
        of(modern, modern, "InputRequiredResult", "requestState", false),
        of(modern, modern, "InputResponseRequestParams", "inputResponses", false),
        of(modern, modern, "InputResponseRequestParams", "requestState", false),
        of(modern, modern, "CacheableResult", "ttlMs", true),
        of(modern, modern, "CacheableResult", "cacheScope", true),
    ];
    for schema in Schema::all() {
        for (since, until, definition, member, required) in rules {
            if since <= schema.revision && schema.revision <= until {
                let told = schema.member(definition, member);
                assert_eq!(told, Some(required), "{} {definition}.{member}", schema.revision);
            }
        }
        for (kind, page, item) in [
            (ListKind::Tools, "ListToolsResult", "Tool"),
            (ListKind::Prompts, "ListPromptsResult", "Prompt"),
            (ListKind::Resources, "ListResourcesResult", "Resource"),
            (ListKind::ResourceTemplates, "ListResourceTemplatesResult", "ResourceTemplate"),
        ] {
            assert_eq!(schema.member(page, kind.field()), Some(true), "{} {page}", schema.revision);
            assert_eq!(schema.member(page, "nextCursor"), Some(false), "{} {page}", schema.revision);
            assert_eq!(schema.member(item, kind.key()), Some(true), "{} {item}", schema.revision);
        }
    }
}

#[test]
fn names_that_headers_repeat_are_required_members() {
    for schema in Schema::all().iter().filter(|schema| schema.is_modern()) {
        for (method, params) in [
            (method::TOOLS_CALL, "CallToolRequestParams"),
            (method::PROMPTS_GET, "GetPromptRequestParams"),
            (method::RESOURCES_READ, "ReadResourceRequestParams"),
        ] {
            let field = method::name_field(method).unwrap_or_default();
            assert_eq!(schema.member(params, field), Some(true), "{params}.{field}");
        }
    }
}

#[test]
fn capabilities_are_declared_where_the_schema_has_them() {
    let schemas = Schema::all();
    let somewhere = |definition: &str, path: &[&str]| schemas.iter().any(|schema| schema.leads(definition, path));
    // The schema knows `extensions`, not which there are.
    let core = |path: &'static [&str]| if path[0] == "extensions" { &path[..1] } else { path };
    for capability in ServerCapability::ALL {
        assert!(schemas.is_empty() || somewhere("ServerCapabilities", core(capability.path())), "{capability:?}");
    }
    for capability in ClientCapability::ALL {
        assert!(schemas.is_empty() || somewhere("ClientCapabilities", core(capability.path())), "{capability:?}");
    }
    for schema in &schemas {
        for (since, path) in [
            (Revision::V2025_03_26, ServerCapability::Completions.path()),
            (Revision::V2024_11_05, ServerCapability::ResourcesSubscribe.path()),
        ] {
            assert_eq!(schema.leads("ServerCapabilities", path), since <= schema.revision, "{path:?}");
        }
        let url = ClientCapability::ElicitationUrl.path();
        assert_eq!(schema.leads("ClientCapabilities", url), schema.revision.has_url_elicitation());
        assert_eq!(schema.leads("ClientCapabilities", &url[..1]), schema.revision.has_elicitation());
        for tasks in [ServerCapability::CoreTasks.path(), ServerCapability::TasksList.path()] {
            assert_eq!(schema.leads("ServerCapabilities", tasks), schema.revision.has_core_tasks());
        }
    }
}

#[test]
fn tasks_are_named_where_the_schema_has_them() {
    for schema in Schema::all().iter().filter(|schema| schema.revision.has_core_tasks()) {
        assert!(schema.leads("CreateTaskResult", &CREATED_TASK_ID_PATH[1..]));
        assert!(schema.leads("Task", &RESULT_TASK_ID_PATH[1..]));
        assert!(schema.leads("RelatedTaskMetadata", &related_task_path("params")[3..]));
        for about in ["GetTaskRequest", "CancelTaskRequest", "GetTaskPayloadRequest"] {
            assert!(schema.leads(about, &TASK_ID_PATH), "{about}");
        }
        let task = r#"{"taskId":"1","status":"working","createdAt":"t","lastUpdatedAt":"t","ttl":null}"#;
        schema.validate("ListTasksResult", &TaskPage::write(&[task.to_owned()], Some("c")));
    }
}

#[test]
fn log_levels_and_error_codes_are_those_of_the_schema() {
    for schema in Schema::all() {
        let mut levels: Vec<_> = LogLevel::ALL.into_iter().map(LogLevel::as_str).collect();
        levels.sort_unstable();
        let mut told = schema.definitions()["LoggingLevel"]["enum"].clone();
        if let Some(told) = told.as_array_mut() {
            told.sort_unstable_by(|a, b| a.as_str().cmp(&b.as_str()));
        }
        assert_eq!(told, json!(levels), "{}", schema.revision);
        let codes: &[(&str, i64)] = match schema.revision {
            Revision::V2025_11_25 => &[("URLElicitationRequiredError", code::URL_ELICITATION_REQUIRED)],
            Revision::V2026_07_28 => &[
                ("HeaderMismatchError", code::HEADER_MISMATCH),
                ("MissingRequiredClientCapabilityError", code::MISSING_CLIENT_CAPABILITY),
                ("UnsupportedProtocolVersionError", code::UNSUPPORTED_VERSION),
            ],
            _ => &[],
        };
        for (error, code) in codes {
            let told = schema.definitions()[error].pointer("/properties/error/allOf/1/properties/code/const");
            assert_eq!(told, Some(&json!(code)), "{error}");
        }
        if schema.is_modern() {
            for (error, code) in [
                ("ParseError", code::PARSE_ERROR),
                ("InvalidRequestError", code::INVALID_REQUEST),
                ("MethodNotFoundError", code::METHOD_NOT_FOUND),
                ("InvalidParamsError", code::INVALID_PARAMS),
                ("InternalError", code::INTERNAL_ERROR),
            ] {
                assert_eq!(
                    schema.definitions()[error].pointer("/properties/code/const"),
                    Some(&json!(code)),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn what_is_written_in_the_legacy_era_is_valid() {
    let id = Id::from(7);
    for schema in Schema::all().iter().filter(|schema| !schema.is_modern()) {
        let version = schema.revision.as_str();
        let params = InitializeParams::write(version, r#"{"roots":{"listChanged":true},"sampling":{}}"#, INFO);
        let request = Message::request(&id, method::INITIALIZE, Some(&params));
        schema.validate("InitializeRequest", &text(&request));
        schema.validate("InitializeRequestParams", &params);
        let result = InitializeResult::write("1", r#"{"tools":{"listChanged":true}}"#, INFO, Some("\"hello\""));
        schema.validate("InitializeResult", &result);
        schema.validate("InitializeResult", &InitializeResult::with_version(&result, version).unwrap_or_default());
        let initialized = Message::notification(method::INITIALIZED, None);
        schema.validate("InitializedNotification", &text(&initialized));
        schema.validate("ListRootsResult", EMPTY_ROOTS);
        let cancelled = Message::notification(method::CANCELLED, Some(&CancelledParams::write(&id, Some("timeout"))));
        schema.validate("CancelledNotification", &text(&cancelled));
        let level = Message::request(&id, method::LOGGING_SET_LEVEL, Some(&set_level_params(LogLevel::Notice)));
        schema.validate("SetLevelRequest", &text(&level));
        let list = Message::request(&id, method::TOOLS_LIST, Some(&list_params(Some("next"))));
        schema.validate("ListToolsRequest", &text(&list));
        let tool = r#"{"name":"t","inputSchema":{"type":"object"}}"#;
        let page = ListPage::new(vec![tool], Some("next".into())).write(ListKind::Tools);
        schema.validate("ListToolsResult", &page);
    }
}

#[test]
fn what_is_written_in_the_modern_era_is_valid() {
    let id = Id::from(7);
    for schema in Schema::all().iter().filter(|schema| schema.is_modern()) {
        let discover = Message::request(&id, method::SERVER_DISCOVER, Some(&envelope().params()));
        schema.validate("DiscoverRequest", &text(&discover));
        let answer = DiscoverAnswer {
            supported: &Revision::ALL,
            capabilities: r#"{"tools":{"listChanged":true}}"#,
            server_info: Some(INFO),
            instructions: Some("\"hello\""),
            cache: CacheHints { ttl_ms: 0, scope: CacheScope::Private },
        };
        schema.validate("DiscoverResult", &answer.write());
        let filter = SubscriptionFilter {
            tools_list_changed: true,
            resource_subscriptions: vec!["file:///a".to_owned()],
            ..SubscriptionFilter::default()
        };
        let listen = format!(r#"{{"_meta":{{{}}},"notifications":{}}}"#, envelope().members(), filter.write());
        let listen = Message::request(&id, method::SUBSCRIPTIONS_LISTEN, Some(&listen));
        schema.validate("SubscriptionsListenRequest", &text(&listen));
        schema.validate("SubscriptionsAcknowledgedNotification", &text(&acknowledged(&id, &filter)));
        schema.validate("SubscriptionsListenResult", &listen_result(&id));
        let cancelled = Message::notification(method::CANCELLED, Some(&CancelledParams::write(&id, None)));
        schema.validate("CancelledNotification", &text(&cancelled));
        let request = |key: &'static str, method: &'static str, params| InputRequest {
            key: key.into(),
            method: method.into(),
            params,
        };
        let form = r#"{"mode":"form","message":"m","requestedSchema":{"type":"object","properties":{}}}"#;
        let asked = InputRequired {
            requests: vec![
                request("roots", method::ROOTS_LIST, None),
                request("form", method::ELICITATION_CREATE, Some(form)),
            ],
            state: Some("\"sealed\""),
        };
        schema.validate("InputRequiredResult", &asked.write());
        let answers = InputResponses {
            responses: vec![("roots".into(), EMPTY_ROOTS), ("form".into(), r#"{"action":"cancel"}"#)],
            state: asked.state,
        };
        let again = format!(r#"{{"name":"t","_meta":{{{}}},{}}}"#, envelope().members(), answers.members());
        schema.validate("CallToolRequestParams", &again);
        let unsupported = UnsupportedVersion::write(["2026-07-28"], "2025-11-25");
        let error = Message::error_response(Some(&id), code::UNSUPPORTED_VERSION, "no", Some(&unsupported));
        schema.validate("UnsupportedProtocolVersionError", &text(&error));
        for capability in ClientCapability::ALL {
            // What is legacy is never asked for here.
            if capability != ClientCapability::RootsListChanged {
                let data = capability.missing_data();
                let error = Message::error_response(Some(&id), code::MISSING_CLIENT_CAPABILITY, "no", Some(&data));
                schema.validate("MissingRequiredClientCapabilityError", &text(&error));
            }
        }
    }
}

#[test]
fn what_the_schema_allows_is_read() {
    for schema in Schema::all() {
        let progress = r#"{"progressToken":"t","progress":0.5,"total":1}"#;
        schema.validate("ProgressNotificationParams", progress);
        assert!(ProgressParams::read(progress).is_ok());
        if schema.revision == Revision::V2025_11_25 {
            schema.validate("CancelledNotificationParams", "{}");
            assert!(CancelledParams::read("{}").is_ok());
        }
    }
}
