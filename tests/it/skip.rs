//! Says that a test cannot run here, so that `cargo xtask test` can list it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::{env, thread};

/// Notes that the running test lacks `what`; the test then returns. Under `MCP_TESTS_STRICT=1` it fails here instead.
pub(crate) fn lacking(what: &str) {
    let name = env::var("NEXTEST_TEST_NAME").ok();
    let name = name.or_else(|| thread::current().name().map(str::to_owned)).unwrap_or_default();
    assert!(env::var_os("MCP_TESTS_STRICT").is_none_or(|strict| strict != "1"), "{name} lacks {what}");
    if let Some(path) = env::var_os("MCP_TESTS_SKIPS") {
        // One write, so that lines of tests that run at the same time do not mix.
        let line = format!("{name}: {what}\n");
        let file = OpenOptions::new().append(true).create(true).open(path);
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        assert!(written.is_ok(), "the file that MCP_TESTS_SKIPS names cannot be written: {written:?}");
    }
}
