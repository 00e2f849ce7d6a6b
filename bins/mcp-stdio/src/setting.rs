//! Bounds on the command line.

use std::{str::FromStr, time::Duration};

use mcp_proxy_core::Limits;

/// One bound, named and read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    name: &'static str,
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Count(usize),
    Bytes(usize),
    Time(Duration),
}

/// Where a bound is kept.
enum Place {
    Count(fn(&mut Limits) -> &mut usize),
    Bytes(fn(&mut Limits) -> &mut usize),
    Time(fn(&mut Limits) -> &mut Duration),
}

use Place::{Bytes, Count, Time};

const PLACES: [(&str, Place); 39] = [
    ("connections", Count(|limits| &mut limits.connections)),
    ("connections_per_address", Count(|limits| &mut limits.connections_per_address)),
    ("head_time", Time(|limits| &mut limits.head_time)),
    ("head_bytes", Bytes(|limits| &mut limits.head_bytes)),
    ("headers", Count(|limits| &mut limits.headers)),
    ("keep_alive", Time(|limits| &mut limits.keep_alive)),
    ("body", Bytes(|limits| &mut limits.body)),
    ("batch", Count(|limits| &mut limits.batch)),
    ("line", Bytes(|limits| &mut limits.line)),
    ("budget", Bytes(|limits| &mut limits.budget)),
    ("calls_per_session", Count(|limits| &mut limits.calls_per_session)),
    ("calls_per_server", Count(|limits| &mut limits.calls_per_server)),
    ("calls", Count(|limits| &mut limits.calls)),
    ("queue_wait", Time(|limits| &mut limits.queue_wait)),
    ("long_calls", Count(|limits| &mut limits.long_calls)),
    ("call_idle", Time(|limits| &mut limits.call_idle)),
    ("call_time", Time(|limits| &mut limits.call_time)),
    ("answer_time", Time(|limits| &mut limits.answer_time)),
    ("handshake", Time(|limits| &mut limits.handshake)),
    ("probe", Time(|limits| &mut limits.probe)),
    ("notes", Count(|limits| &mut limits.notes.count)),
    ("note_bytes", Bytes(|limits| &mut limits.notes.bytes)),
    ("sessions", Count(|limits| &mut limits.sessions.total)),
    ("session_idle", Time(|limits| &mut limits.sessions.idle)),
    ("session_start", Time(|limits| &mut limits.sessions.pre_initialize)),
    ("session_time", Time(|limits| &mut limits.sessions.absolute)),
    ("replay_events", Count(|limits| &mut limits.sessions.replay.events)),
    ("replay_bytes", Bytes(|limits| &mut limits.sessions.replay.bytes)),
    ("children", Count(|limits| &mut limits.children)),
    ("children_per_server", Count(|limits| &mut limits.children_per_server)),
    ("interactive_children", Count(|limits| &mut limits.interactive_children)),
    ("sessions_per_principal", Count(|limits| &mut limits.sessions.per_principal)),
    ("replay_age", Time(|limits| &mut limits.sessions.replay.age)),
    ("replay_total", Bytes(|limits| &mut limits.sessions.replay.total)),
    ("stream_comment", Time(|limits| &mut limits.stream_comment)),
    ("stream_after", Time(|limits| &mut limits.stream_after)),
    ("write_stall", Time(|limits| &mut limits.write_stall)),
    ("drain", Time(|limits| &mut limits.drain)),
    ("shutdown", Time(|limits| &mut limits.shutdown)),
];

impl Setting {
    /// Sets the bound.
    pub(crate) fn apply(&self, limits: &mut Limits) {
        let Some((_, place)) = PLACES.iter().find(|(name, _)| *name == self.name) else { return };
        match (place, self.value) {
            (Count(place), Value::Count(value)) | (Bytes(place), Value::Bytes(value)) => *place(limits) = value,
            (Time(place), Value::Time(value)) => *place(limits) = value,
            _ => {}
        }
    }
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
        let Some((name, place)) = PLACES.iter().find(|(known, _)| *known == name) else {
            let known: Vec<_> = PLACES.iter().map(|(name, _)| *name).collect();
            return Err(format!("there is no limit `{name}`; there are: {}", known.join(", ")));
        };
        let value = match place {
            Count(_) => {
                value.parse().ok().filter(|count| 0 < *count).map(Value::Count).ok_or("write a number from 1 on")
            }
            Bytes(_) => bytes(value).map(Value::Bytes).ok_or("write a size such as 512KiB, 8MiB or 1GiB"),
            Time(_) => time(value).map(Value::Time).ok_or("write a time such as 500ms, 30s, 5m or 2h"),
        };
        Ok(Self { name, value: value? })
    }
}

fn bytes(text: &str) -> Option<usize> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("B", 0)];
    let (number, shift) = units.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
    let number: usize = number.trim().parse().ok()?;
    number.checked_mul(1 << shift).filter(|bytes| 0 < *bytes)
}

fn time(text: &str) -> Option<Duration> {
    let units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
    let (number, unit) = units.iter().find_map(|(unit, millis)| Some((text.strip_suffix(unit)?, *millis)))?;
    let number: u64 = number.trim().parse().ok()?;
    // Longer than a year is no bound, and would not fit everywhere.
    number.checked_mul(unit).filter(|millis| (1..=31_622_400_000).contains(millis)).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_is_set_by_its_name() {
        let mut limits = Limits::default();
        for text in ["body=8MiB", "call_idle=5m", "calls=7", "session_idle=2h", "replay_bytes=512 KiB"] {
            text.parse::<Setting>().unwrap().apply(&mut limits);
        }
        assert_eq!((limits.body, limits.calls), (8 << 20, 7));
        assert_eq!(limits.call_idle, Duration::from_mins(5));
        assert_eq!(limits.sessions.idle, Duration::from_hours(2));
        assert_eq!(limits.sessions.replay.bytes, 512 << 10);
    }

    #[test]
    fn what_cannot_be_read_says_how_to_write_it() {
        let refused = |text: &str| text.parse::<Setting>().unwrap_err();
        assert!(refused("bodi=1MiB").contains("body, "));
        assert!(refused("body=8").contains("8MiB"));
        assert!(refused("call_idle=5").contains("30s"));
        assert!(refused("calls=0").contains("from 1 on"));
        assert!(refused("calls").contains("NAME=VALUE"));
        assert!(refused("drain=9999999999h").contains("30s"));
    }
}
