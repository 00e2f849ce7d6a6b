//! Reads `tool_config.json`, in which mcp-proxy-server keeps what is different about tools.

use std::path::Path;

use jsonc_parser::common::Ranged;
use mcp_proxy_core::aggregator::Naming;

use super::{
    Reader,
    item::{Exposed, Sort},
    object::join,
};
use crate::{Diagnostic, File, Severity, key::TOOL, suggest::suggest};

/// Reads the text of a `tool_config.json`, which is called `path` in what is told about it, and adds its rules to those of the
/// servers of `file`. Its keys are the names of servers and tools with what is between them in `naming`. Where the server's own
/// entry has a rule for a tool, that counts.
///
/// If one of what it gives back is an error, `file` is not changed.
pub fn add_tool_config(
    file: &mut File,
    path: &Path,
    text: &str,
    naming: &Naming,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Vec<Diagnostic> {
    let mut reader = Reader::new(path, text, lookup);
    reader.exposed = Exposed::of(file);
    let mut changed = file.clone();
    reader.tool_config(&mut changed, naming.separator());
    let diagnostics = reader.told_in_order();
    if diagnostics.iter().all(|it| it.severity == Severity::Warning) {
        *file = changed;
    }
    diagnostics
}

impl Reader<'_> {
    fn tool_config(&mut self, file: &mut File, separator: &str) {
        let Some(root) = self.root("{\"tools\": {}}") else { return };
        let sections = self.named(&root, "");
        for (section, path) in sections {
            if section.name.as_str() != "tools" {
                let is_note = section.name.as_str().starts_with("//") || section.name.as_str() == "$schema";
                if !is_note {
                    self.unknown(section, &path, ["tools"].into_iter());
                }
                continue;
            }
            let what = "an object, with a rule under each name";
            let Some(tools) = self.must_be(section.value.as_object(), &section.value, &path, what) else { continue };
            for (property, path) in self.named(tools, &path) {
                let key = property.name.as_str();
                let Some(entry) = self.must_be(property.value.as_object(), &property.value, &path, "an object") else {
                    continue;
                };
                let Some((server, tool)) = owner(file, key, separator) else {
                    let names: Vec<_> = file.servers.iter().map(|entry| entry.name.to_string()).collect();
                    let said = key.split_once(separator).map_or(key, |(server, _)| server);
                    let meant = suggest(said, names.iter().map(String::as_str));
                    let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
                    let why = format!("belongs to no server; write SERVER{separator}TOOL{meant}");
                    self.warn(property.start(), &path, why);
                    continue;
                };
                if file.servers[server].rules.tools.contains_key(tool) {
                    let name = &file.servers[server].name;
                    let other = join(&join(&join("mcpServers", name), "tools"), tool);
                    self.warn(
                        property.start(),
                        &path,
                        format_args!("has no effect beside `{other}` of the configuration"),
                    );
                    continue;
                }
                let rule = self.item(entry, &path, &TOOL, Sort::Tool);
                file.servers[server].rules.tools.insert(tool.into(), rule);
            }
        }
    }
}

/// The server and the tool that a key is about. Where the names of two servers would do, the longer one is meant.
fn owner<'k>(file: &File, key: &'k str, separator: &str) -> Option<(usize, &'k str)> {
    let found = file.servers.iter().enumerate().filter_map(|(n, entry)| {
        let tool = key.strip_prefix(&*entry.name)?.strip_prefix(separator)?;
        (!tool.is_empty()).then_some((n, tool))
    });
    found.min_by_key(|(_, tool)| tool.len())
}
