//! The echo server on pipes: all lines of a read are answered in one write.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use memchr::memchr_iter;

use super::later::Later;
use super::{Echo, LINE};
use crate::ask::Ask;

const READ: usize = 64 << 10;
/// Answers are written at the latest when there is so much of them.
const ENOUGH: usize = 256 << 10;
const NOTE: &[u8] =
    b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"one of a flood of notes\"}}\n";
const STEP: Duration = Duration::from_millis(5);

/// Serves until stdin ends.
pub(crate) fn serve(echo: &Echo) -> Result<(), String> {
    run(echo).map_err(|error| error.to_string())
}

fn run(echo: &Echo) -> io::Result<()> {
    let rate = Arc::new(AtomicU32::new(0));
    let mut later = None;
    let mut flood = None;
    let mut stdin = io::stdin().lock();
    let (mut text, mut out) = (Vec::new(), Vec::new());
    loop {
        let had = text.len();
        text.resize(had + READ, 0);
        let read = stdin.read(&mut text[had..])?;
        text.truncate(had + read);
        if read == 0 {
            return Ok(());
        }
        let mut done = 0;
        for end in memchr_iter(b'\n', &text[had..]) {
            let line = &text[done..had + end];
            done = had + end + 1;
            let Ok(ask) = serde_json::from_slice::<Ask<'_>>(line) else { continue };
            let arguments = &ask.params.arguments;
            if let Some(wanted) = arguments.flood {
                rate.store(wanted, Ordering::Relaxed);
                flood.get_or_insert_with(|| pour(Arc::clone(&rate)));
            }
            let delay = echo.delay(arguments);
            if delay.is_zero() {
                echo.answer(&ask, LINE, &mut out);
            } else {
                let mut answer = Vec::new();
                echo.answer(&ask, LINE, &mut answer);
                later.get_or_insert_with(|| Later::new(|answer| drop(write(answer)))).put(delay, answer);
            }
            if out.len() > ENOUGH {
                write(&out)?;
                out.clear();
            }
        }
        text.drain(..done);
        write(&out)?;
        out.clear();
    }
}

/// The lock of stdout keeps what several threads write apart.
fn write(bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Writes so many notes per second, in bursts.
fn pour(rate: Arc<AtomicU32>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut last = Instant::now();
        let mut owed = 0.0;
        loop {
            thread::park_timeout(STEP);
            owed += last.elapsed().as_secs_f64() * f64::from(rate.load(Ordering::Relaxed));
            last = Instant::now();
            let mut burst = Vec::new();
            while owed >= 1.0 && burst.len() < ENOUGH {
                burst.extend_from_slice(NOTE);
                owed -= 1.0;
            }
            // What could not be written in time is not made up for.
            owed = owed.min(1.0);
            if write(&burst).is_err() {
                return;
            }
        }
    })
}
