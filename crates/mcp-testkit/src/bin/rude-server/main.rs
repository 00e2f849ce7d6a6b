//! An MCP server over stdio that misbehaves as its arguments say; without any it behaves.
//!
//! Its tools: `echo` gives `text` back, `env` its environment, `cwd` its working directory, each as one text.

mod behaviour;
mod family;

use std::{
    env,
    io::{self, BufRead, Write},
    process::ExitCode,
};

use bytes::Bytes;
use mcp_jsonrpc::{Kind, Message, quote};
use mcp_protocol::{
    meta,
    method::{INITIALIZE, PROGRESS, SERVER_DISCOVER, TOOLS_CALL},
};
use mcp_testkit::Greeting;

use self::behaviour::Behaviour;

const GREETING: Greeting = Greeting {
    name: "rude-server",
    capabilities: r#"{"tools":{}}"#,
    tools: concat!(
        r#"[{"name":"echo","inputSchema":{"type":"object","properties":{"text":{"type":"string"}}}},"#,
        r#"{"name":"env","inputSchema":{"type":"object"}},{"name":"cwd","inputSchema":{"type":"object"}}]"#,
    ),
};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let behaviours = match words.iter().map(|word| word.parse()).collect::<Result<Vec<Behaviour>, String>>() {
        Ok(behaviours) => behaviours,
        Err(why) => {
            complain(&why);
            return ExitCode::from(2);
        }
    };
    let served = family::begin(&behaviours).and_then(|()| Rude { behaviours, answered: 0 }.serve());
    served.unwrap_or_else(|error| {
        complain(&error.to_string());
        ExitCode::FAILURE
    })
}

struct Rude {
    behaviours: Vec<Behaviour>,
    answered: usize,
}

impl Rude {
    fn is(&self, behaviour: Behaviour) -> bool {
        self.behaviours.contains(&behaviour)
    }

    fn serve(mut self) -> io::Result<ExitCode> {
        for line in io::stdin().lock().lines() {
            let Ok(message) = Message::parse(Bytes::from(line?)) else { continue };
            if message.kind() != Kind::Request || self.is(Behaviour::Mute) {
                continue;
            }
            if message.method() == Some(INITIALIZE) {
                print(&answer(&message))?;
                continue;
            }
            if let Some(end) = self.answer(&message)? {
                return Ok(end);
            }
            if self.is(Behaviour::Deaf) {
                family::stay();
            }
        }
        if self.is(Behaviour::Stubborn) {
            family::stay();
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Answers in its own way; an exit code ends the process.
    fn answer(&mut self, request: &Message) -> io::Result<Option<ExitCode>> {
        let answer = answer(request);
        // The handshake of either era is no request to count.
        let is_handshake = request.method() == Some(SERVER_DISCOVER);
        for behaviour in &self.behaviours {
            match *behaviour {
                Behaviour::DiesAfter(n) if n <= self.answered && !is_handshake => {
                    complain("that was enough");
                    return Ok(Some(ExitCode::from(7)));
                }
                Behaviour::HalfLine => {
                    complain("only half of it");
                    let half = answer.to_bytes();
                    io::stdout().write_all(&half[..half.len() / 2])?;
                    io::stdout().flush()?;
                    return Ok(Some(ExitCode::from(3)));
                }
                Behaviour::Silent => return Ok(None),
                Behaviour::ClosesStdout => {
                    family::close_stdout()?;
                    family::stay();
                }
                other => make_noise(other, request)?,
            }
        }
        self.answered += usize::from(!is_handshake);
        print(&answer)?;
        if self.is(Behaviour::Twice) {
            print(&answer)?;
        }
        Ok(None)
    }
}

/// What comes before an answer.
fn make_noise(behaviour: Behaviour, request: &Message) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match behaviour {
        Behaviour::Garbage => stdout.write_all(b"Server running!\n\n{\"jsonrpc\":\"2.0\"\n[]\nnull\n{}\n\"text\"\n"),
        Behaviour::InvalidUtf8 => stdout.write_all(b"\xff\xfe\n{\"jsonrpc\":\"2.0\",\"method\":\"\xc3\x28\"}\n\0\n"),
        Behaviour::HugeLine(bytes) => {
            let portion = vec![b'x'; 64 * 1024];
            let mut left = bytes;
            while left > 0 {
                let length = left.min(portion.len());
                stdout.write_all(&portion[..length])?;
                left -= length;
            }
            stdout.write_all(b"\n")
        }
        Behaviour::FloodStderr(bytes) => {
            let line = format!("{}\n", "e".repeat(99));
            (0..bytes.div_ceil(line.len())).try_for_each(|_| io::stderr().write_all(line.as_bytes()))
        }
        Behaviour::FloodProgress(count) => {
            let token = request.value(&meta::PROGRESS_TOKEN_PATH).unwrap_or("\"nobody's\"");
            (1..=count).try_for_each(|step| {
                let params = format!(r#"{{"progressToken":{token},"progress":{step},"total":{count}}}"#);
                writeln!(stdout, "{}", text_of(&Message::notification(PROGRESS, Some(&params))))
            })
        }
        _ => Ok(()),
    }
}

/// The answer of a server that behaves.
fn answer(request: &Message) -> Message {
    let id = request.id().filter(|_| request.method() == Some(TOOLS_CALL));
    let Some(id) = id else {
        return GREETING.answer(request).unwrap_or_else(|| Greeting::unknown(request));
    };
    let text = match request.value(&["params", "name"]) {
        Some(r#""env""#) => {
            let variables = env::vars_os().map(|(name, value)| format!("{}={}\n", name.display(), value.display()));
            quote(&variables.collect::<String>())
        }
        Some(r#""cwd""#) => quote(&env::current_dir().unwrap_or_default().to_string_lossy()),
        _ => request.value(&["params", "arguments", "text"]).unwrap_or("\"\"").to_owned(),
    };
    Message::response(&id, &format!(r#"{{"content":[{{"type":"text","text":{text}}}]}}"#))
}

fn print(message: &Message) -> io::Result<()> {
    let mut line = Vec::new();
    message.append_to(&mut line);
    line.push(b'\n');
    io::stdout().write_all(&line)
}

fn text_of(message: &Message) -> String {
    String::from_utf8_lossy(&message.to_bytes()).into_owned()
}

#[expect(clippy::print_stderr, reason = "stderr is where a server complains")]
fn complain(what: &str) {
    eprintln!("rude-server: {what}");
}
