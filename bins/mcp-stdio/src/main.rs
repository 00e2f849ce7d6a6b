//! Serves a stdio MCP server over HTTP.
fn main() {}
