//! Every test in one command, and the counts at its end.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs, io};

mod count;

use count::Counts;

/// Where tests that cannot run here leave a line each: `name: why`. `MCP_TESTS_STRICT=1` makes them fail instead.
const SKIPS: &str = "MCP_TESTS_SKIPS";

pub(crate) fn run(root: &Path, args: &[String]) -> ExitCode {
    match try_run(root, args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the tests could not be run: {error}");
            ExitCode::FAILURE
        }
    }
}

fn try_run(root: &Path, args: &[String]) -> io::Result<bool> {
    let skips = SkipLog::new(root)?;
    // The interop tests run the programs as a user does, so these must be there and be current.
    if !cargo(root).args(["build", "--workspace", "--bins"]).status()?.success() {
        return Ok(false);
    }
    // First, so that the runner's summary comes last.
    let whole = args.is_empty();
    let docs = !whole || cargo(root).args(["test", "--quiet", "--workspace", "--doc"]).status()?.success();

    let nextest =
        cargo(root).args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status()?.success();
    let mut runner = cargo(root);
    runner.args(if nextest { ["nextest", "run"].as_slice() } else { ["test", "--no-fail-fast"].as_slice() });
    if !args.iter().any(|arg| arg == "-p" || arg.starts_with("--package")) {
        runner.arg("--workspace");
    }
    runner.arg("--all-targets").args(args).env(SKIPS, &skips.0);
    let (passed, counts) = tee(runner, nextest)?;

    let skipped = skips.read();
    if skipped.is_empty() {
        println!("nothing was skipped for want of a peer, a schema or a browser");
    } else {
        println!("skipped, because something they need is not here:");
        for (what, tests) in by_need(&skipped) {
            println!("  {what}\n    {}", tests.join(" "));
        }
    }
    if !docs {
        println!("the doc tests FAILED, see above");
    }
    println!("{}", counts.line(skipped.len()));
    Ok(passed && docs)
}

/// The tests that lack the same thing, together.
fn by_need(skipped: &[String]) -> BTreeMap<&str, Vec<&str>> {
    let mut needs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (test, what) in skipped.iter().filter_map(|line| line.split_once(": ")) {
        needs.entry(what).or_default().push(test);
    }
    needs
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Runs the tests, shows what the runner prints and reads the counts in it: nextest sums up on stderr, `cargo test` on
/// stdout.
fn tee(mut runner: Command, nextest: bool) -> io::Result<(bool, Counts)> {
    if nextest {
        runner.stderr(Stdio::piped());
    } else {
        runner.stdout(Stdio::piped());
    }
    let mut child = runner.spawn()?;
    let sum = if nextest { count::NEXTEST } else { count::LIBTEST };
    let mut counts = Counts::default();
    let output: Box<dyn io::Read> = match (child.stdout.take(), child.stderr.take()) {
        (Some(stdout), _) => Box::new(stdout),
        (None, Some(stderr)) => Box::new(stderr),
        (None, None) => Box::new(io::empty()),
    };
    let mut screen = io::stdout();
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        counts.read(sum, &String::from_utf8_lossy(&line));
        screen.write_all(&line)?;
        screen.write_all(b"\n")?;
    }
    Ok((child.wait()?.success(), counts))
}

/// The file that tests append to; gone at the end.
struct SkipLog(PathBuf);

impl SkipLog {
    fn new(root: &Path) -> io::Result<Self> {
        let folder = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        fs::create_dir_all(&folder)?;
        let path = root.join(folder).join(format!("skipped-{}.log", std::process::id()));
        fs::write(&path, "")?;
        Ok(Self(path))
    }

    fn read(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.0).unwrap_or_default();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines.dedup();
        lines
    }
}

impl Drop for SkipLog {
    fn drop(&mut self) {
        // Left behind it would only be a small file in target/.
        let _ = fs::remove_file(&self.0);
    }
}
