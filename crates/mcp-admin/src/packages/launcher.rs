//! Command lines of `npx`, `uvx` and `docker run`, or what one would write behind them.

use std::collections::BTreeMap;

use mcp_config::split_words;

use super::{
    Answers, Entry, Input, PackageError, Preview,
    arguments::{Argument, Options},
    input::{Inputs, Place},
    name,
};

const NPX: Options = Options {
    long: &["package", "cache", "registry", "workspace", "node-options", "userconfig", "prefix"],
    short: "pw",
};
const UVX: Options = Options {
    long: &[
        "from",
        "with",
        "with-editable",
        "with-requirements",
        "python",
        "index",
        "index-url",
        "default-index",
        "extra-index-url",
        "find-links",
        "constraints",
        "overrides",
        "env-file",
        "directory",
        "project",
        "cache-dir",
        "prerelease",
        "resolution",
        "python-preference",
        "refresh-package",
        "upgrade-package",
        "color",
    ],
    short: "wpicfCP",
};
const DOCKER: Options = Options {
    long: &[
        "add-host",
        "annotation",
        "attach",
        "cap-add",
        "cap-drop",
        "cgroupns",
        "cidfile",
        "cpu-shares",
        "cpus",
        "cpuset-cpus",
        "device",
        "dns",
        "dns-search",
        "entrypoint",
        "env",
        "env-file",
        "expose",
        "gpus",
        "group-add",
        "hostname",
        "ip",
        "ipc",
        "label",
        "label-file",
        "link",
        "log-driver",
        "log-opt",
        "mac-address",
        "memory",
        "memory-swap",
        "mount",
        "name",
        "network",
        "net",
        "network-alias",
        "pid",
        "pids-limit",
        "platform",
        "publish",
        "pull",
        "restart",
        "runtime",
        "security-opt",
        "shm-size",
        "stop-signal",
        "stop-timeout",
        "storage-opt",
        "sysctl",
        "tmpfs",
        "ulimit",
        "user",
        "userns",
        "uts",
        "volume",
        "volumes-from",
        "workdir",
    ],
    short: "aceluhmpvw",
};

/// Words that mean something to a shell when they stand alone, or begin a redirection.
const OF_A_SHELL: [&str; 8] = ["|", "||", "&", "&&", ";", ">", ">>", "<"];

/// `npx PACKAGE …`.
pub(super) fn npx(text: &str, answers: &Answers) -> Result<Preview, PackageError> {
    let Line { env, mut words } = Line::read(text, "npx", "package")?;
    let (options, rest) = NPX.split(&words);
    let package = value(&options, &["--package", "-p"]).or(rest.first().map(String::as_str));
    let name = name::short(package.ok_or(PackageError::Empty("package"))?);
    // Without it npx asks on a terminal that is not there.
    let agreed = options.iter().any(|option| matches!(option, Argument::Alone("-y" | "--yes")));
    if !agreed {
        words.insert(0, "-y".to_owned());
    }
    Ok(made(name, "npx", words, env, Inputs::new(answers)))
}

/// `uvx PACKAGE …`.
pub(super) fn uvx(text: &str, answers: &Answers) -> Result<Preview, PackageError> {
    let Line { env, words } = Line::read(text, "uvx", "package")?;
    let (_, rest) = UVX.split(&words);
    // With `--from` this is the program in the package, which is the better name.
    let name = name::short(rest.first().ok_or(PackageError::Empty("package"))?);
    Ok(made(name, "uvx", words, env, Inputs::new(answers)))
}

/// `docker run … IMAGE …`.
pub(super) fn docker(text: &str, answers: &Answers) -> Result<Preview, PackageError> {
    let Line { mut env, words } = Line::read(text, "docker", "image")?;
    let words = match words.split_first() {
        Some((first, rest)) if first == "container" && rest.first().is_some_and(|word| word == "run") => &rest[1..],
        Some((first, rest)) if first == "run" => rest,
        Some((first, _)) if matches!(first.as_str(), "compose" | "exec" | "start" | "build" | "pull" | "mcp") => {
            return Err(PackageError::NotRun);
        }
        _ => &words,
    };
    let (options, rest) = DOCKER.split(words);
    let image = rest.first().ok_or(PackageError::Empty("image"))?;
    let mut inputs = Inputs::new(answers);
    let mut args: Vec<String> = ["run", "-i", "--rm"].map(str::to_owned).into();
    for option in options {
        match option {
            Argument::With("--env", variable) => args.extend(passed_on(variable, &mut env, &mut inputs)),
            // Also in `-ie`.
            Argument::With(option, variable) if !option.starts_with("--") && option.ends_with('e') => {
                args.extend(alone(&option[..option.len() - 1], &mut env, &mut inputs));
                args.extend(passed_on(variable, &mut env, &mut inputs));
            }
            Argument::With(option, value) => args.extend([option.to_owned(), value.to_owned()]),
            Argument::Alone(option) => args.extend(alone(option, &mut env, &mut inputs)),
        }
    }
    args.extend(rest.iter().cloned());
    Ok(made(name::short(image), "docker", args, env, inputs))
}

/// A variable of a container: its value goes into our environment, so that it is not in the command line, where every user
/// of the machine can read it.
fn passed_on(variable: &str, env: &mut BTreeMap<String, String>, inputs: &mut Inputs<'_>) -> [String; 2] {
    let (name, value) = variable.split_once('=').map_or((variable, None), |(name, value)| (name, Some(value)));
    if let Some(value) = value {
        env.insert(name.to_owned(), value.to_owned());
    } else if !env.contains_key(name) {
        let input = Input { name: name.to_owned(), place: Place::Env, required: true, ..Input::default() };
        if let Some(answer) = inputs.ask(Input { secret: is_secret(name), ..input }) {
            env.insert(name.to_owned(), answer);
        }
    }
    ["-e".to_owned(), name.to_owned()]
}

/// An option of one word: what would keep the server from speaking with us is left out, and what we add anyway.
fn alone(option: &str, env: &mut BTreeMap<String, String>, inputs: &mut Inputs<'_>) -> Vec<String> {
    if let Some(variable) = option.strip_prefix("--env=") {
        return passed_on(variable, env, inputs).into();
    }
    match option {
        "--interactive" | "--rm" | "--tty" | "--detach" => Vec::new(),
        long if long.starts_with("--") => vec![long.to_owned()],
        short => {
            let letters = &short[1..];
            if !letters.chars().all(|letter| letter.is_ascii_alphabetic() && !DOCKER.short.contains(letter)) {
                return match letters.strip_prefix('e') {
                    Some(variable) => passed_on(variable.strip_prefix('=').unwrap_or(variable), env, inputs).into(),
                    None => vec![short.to_owned()],
                };
            }
            // A terminal of its own would garble the messages, and a detached one has none.
            // `-` alone is what is left of `-e`.
            let kept: String = letters.chars().filter(|letter| !matches!(letter, 'i' | 't' | 'd')).collect();
            if kept.is_empty() { Vec::new() } else { vec![format!("-{kept}")] }
        }
    }
}

/// Whether the name of a variable says that its value is a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "AUTH", "_PAT"]
        .iter()
        .any(|word| name.contains(word))
}

/// A command line without its program.
struct Line {
    env: BTreeMap<String, String>,
    words: Vec<String>,
}

impl Line {
    /// Reads `A=b PROGRAM ARGUMENTS`, or the arguments alone.
    fn read(text: &str, program: &'static str, what: &'static str) -> Result<Self, PackageError> {
        // Lines that a `\` joins are one; a prompt that was copied along is no word.
        let text = text.trim().replace("\\\r\n", " ").replace("\\\n", " ");
        let text = text.strip_prefix("$ ").unwrap_or(&text);
        if text.contains('\n') {
            return Err(PackageError::Shell("a new line".to_owned()));
        }
        let mut words = split_words(text)?;
        if let Some(word) = words.iter().find(|word| OF_A_SHELL.contains(&word.as_str())) {
            return Err(PackageError::Shell(word.clone()));
        }
        let begins = words.iter().position(|word| assignment(word).is_none()).unwrap_or(words.len());
        let rest = words.split_off(begins);
        let env = words.iter().filter_map(|word| assignment(word)).collect();
        let last = |word: &String| word.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let first = rest.first().ok_or(PackageError::Empty(what))?;
        let first_name = last(first);
        let others = [
            "npx", "uvx", "docker", "podman", "node", "npm", "python", "python3", "uv", "sudo", "claude", "sh", "bash",
        ];
        let words =
            if first_name.strip_suffix(".cmd").or(first_name.strip_suffix(".exe")).unwrap_or(&first_name) == program {
                rest[1..].to_vec()
            } else if others.contains(&first.as_str()) {
                return Err(PackageError::OtherProgram(program));
            } else {
                rest
            };
        Ok(Self { env, words })
    }
}

fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let fit = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    fit.then(|| (name.to_owned(), value.to_owned()))
}

fn value<'a>(options: &[Argument<'a>], names: &[&str]) -> Option<&'a str> {
    options.iter().find_map(|option| match option {
        Argument::With(name, value) if names.contains(name) => Some(*value),
        Argument::Alone(option) => {
            option.split_once('=').filter(|(name, _)| names.contains(name)).map(|(_, value)| value)
        }
        Argument::With(..) => None,
    })
}

fn made(name: String, command: &str, args: Vec<String>, env: BTreeMap<String, String>, inputs: Inputs<'_>) -> Preview {
    let entry = Entry::Stdio { command: command.to_owned(), args, env };
    Preview { name, command: entry.command(), entry, inputs: inputs.into_asked(), choices: Vec::new(), choice: 0 }
}
