//! Tasks, and where messages name them (2025-11-25, tasks; tasks extension of 2026-07-28).

use std::borrow::Cow;

use mcp_jsonrpc::{field, quote};

use super::{ShapeError, member};
use crate::meta;

/// The member that names a task, wherever one is named.
pub const TASK_ID: &str = "taskId";
/// Where requests and notifications about a task name it.
pub const TASK_ID_PATH: [&str; 2] = ["params", TASK_ID];
/// Where a result that is a task names it.
pub const RESULT_TASK_ID_PATH: [&str; 2] = ["result", TASK_ID];
/// Where the result of a legacy request that has begun a task names it.
pub const CREATED_TASK_ID_PATH: [&str; 3] = ["result", "task", TASK_ID];

/// One page of the list of tasks; the tasks stay JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskPage<'a> {
    /// JSON text of each task.
    pub tasks: Vec<&'a str>,
    /// What to ask the next page with; `None` on the last one.
    pub next_cursor: Option<Cow<'a, str>>,
}

impl<'a> TaskPage<'a> {
    /// Reads a result (JSON text).
    ///
    /// # Errors
    ///
    /// Fails if the tasks are no array, or the cursor is no string.
    pub fn read(result: &'a str) -> Result<Self, ShapeError> {
        let shape = "page of the list of tasks";
        let rule = |rule| ShapeError::Rule { shape, rule };
        let tasks = member(shape, result, &["tasks"])?.filter(|raw| raw.starts_with('['));
        let tasks = tasks.ok_or(rule("tasks must be an array"))?;
        let places = field::elements(tasks, usize::MAX).map_err(|_| rule("it must be JSON"))?;
        let next_cursor = member(shape, result, &["nextCursor"])?.filter(|raw| *raw != "null");
        let text = |raw| field::unescape(raw).ok_or(rule("nextCursor must be a string"));
        Ok(Self {
            tasks: places.into_iter().map(|place| &tasks[place]).collect(),
            next_cursor: next_cursor.map(text).transpose()?,
        })
    }

    /// JSON text of a result that holds these tasks (JSON text each).
    #[must_use]
    pub fn write(tasks: &[String], next_cursor: Option<&str>) -> String {
        let cursor = next_cursor.map(|cursor| format!(r#","nextCursor":{}"#, quote(cursor)));
        format!(r#"{{"tasks":[{}]{}}}"#, tasks.join(","), cursor.unwrap_or_default())
    }
}

/// The task that the params (JSON text) of a request or a notification about one name.
///
/// # Errors
///
/// Fails without a `taskId` that is a string.
pub fn task_id(params: &str) -> Result<Cow<'_, str>, ShapeError> {
    let shape = "params about a task";
    let no_id = ShapeError::Rule { shape, rule: "taskId must be a string" };
    member(shape, params, &[TASK_ID])?.and_then(field::unescape).ok_or(no_id)
}

/// Whether the params (JSON text) of a legacy request ask for a task instead of the result.
#[must_use]
pub fn wants_task(params: &str) -> bool {
    matches!(field::find(params, &["task"]), Ok(Some(place)) if params[place.clone()].starts_with('{'))
}

/// Where a message names the task that it belongs to: in its `params` or in its `result`.
#[must_use]
pub const fn related_task_path(part: &'static str) -> [&'static str; 4] {
    [part, meta::META, meta::RELATED_TASK, TASK_ID]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_read_unescaped() {
        assert_eq!(task_id(r#"{"_meta":{},"taskId":"a\/b"}"#).as_deref(), Ok("a/b"));
        for text in ["{}", r#"{"taskId":1}"#, r#"{"taskId":"a","taskId":"b"}"#, "[]"] {
            assert!(task_id(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_request_asks_for_a_task_by_an_object() {
        assert!(wants_task(r#"{"name":"x","task":{}}"#) && wants_task(r#"{"task": {"ttl":1}}"#));
        for text in ["{}", r#"{"task":null}"#, r#"{"arguments":{"task":{}}}"#, r#"{"task":{},"task":{}}"#] {
            assert!(!wants_task(text), "{text}");
        }
    }

    #[test]
    fn a_page_reads_back() {
        let text = r#"{"nextCursor":"a\"b","tasks":[ {"taskId":"1"} ,{"taskId":"2"}],"_meta":{}}"#;
        let page = TaskPage::read(text).unwrap();
        assert_eq!(page.tasks, [r#"{"taskId":"1"}"#, r#"{"taskId":"2"}"#]);
        assert_eq!(page.next_cursor.as_deref(), Some("a\"b"));
        let tasks: Vec<_> = page.tasks.iter().map(ToString::to_string).collect();
        assert_eq!(TaskPage::read(&TaskPage::write(&tasks, page.next_cursor.as_deref())), Ok(page));
        assert_eq!(TaskPage::write(&[], None), r#"{"tasks":[]}"#);
        for text in ["{}", r#"{"tasks":{}}"#, r#"{"tasks":[],"nextCursor":1}"#] {
            assert!(TaskPage::read(text).is_err(), "{text}");
        }
    }
}
