//! The list of tools: the first is `echo`, and the others do the same.

use std::fmt::Write as _;

/// The name of the tool at a place of the list.
pub(crate) fn name(at: usize) -> String {
    if at == 0 { "echo".to_owned() } else { format!("echo_{at}") }
}

/// As many tools as asked for, small ones.
pub(super) fn list(count: usize) -> String {
    let mut list = String::from("[");
    for at in 0..count.max(1) {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(
            list,
            r#"{comma}{{"name":"{}","description":"Gives back its text.","inputSchema":{{"type":"object","properties":{{"text":{{"type":"string"}}}}}}}}"#,
            name(at)
        );
    }
    list.push(']');
    list
}
