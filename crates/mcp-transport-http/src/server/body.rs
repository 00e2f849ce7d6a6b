//! Reads the body of a request within bounds.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Instant, timeout_at};

use super::Refusal;

/// Bounds of a request's body.
#[derive(Clone, Debug)]
pub struct BodyLimits {
    /// Its length in bytes. Default: 4 MiB.
    pub bytes: usize,
    /// How long nothing may come. Default: 30 s.
    pub idle: Duration,
    /// How long it may come at any rate. Default: 5 s.
    pub grace: Duration,
    /// How many bytes must come every second after that. Default: 1024.
    pub rate: u32,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { bytes: 4 << 20, idle: Duration::from_secs(30), grace: Duration::from_secs(5), rate: 1024 }
    }
}

/// Reads a whole body. One that comes in one piece is not copied, and needs no timer if it is already there.
///
/// # Errors
///
/// [`Refusal::TooLarge`], [`Refusal::Slow`], or [`Refusal::Broken`]. Nothing of a body that is too large is kept, and what
/// there still is of it is taken in for a moment: many clients do not look for an answer before they have sent everything, and
/// see a broken connection in its place if nobody reads.
///
/// # Cancel safety
///
/// What was read is lost with the future; the rest stays in the body.
pub async fn read_body<B: Body<Data = Bytes>>(body: B, limits: &BodyLimits) -> Result<Bytes, Refusal> {
    let mut body = pin!(body);
    let outcome = collect(body.as_mut(), limits).await;
    if let Err(Refusal::TooLarge { .. }) = outcome {
        drain(body).await;
    }
    outcome
}

/// How many bytes of a body that is refused are taken in at most, and for how long.
const DRAINED: u64 = 16 << 20;
const DRAINING: Duration = Duration::from_secs(2);

/// Takes in what a client still sends of a body that nobody wants, if that is not too much.
async fn drain<B: Body<Data = Bytes>>(mut body: Pin<&mut B>) {
    let mut left = DRAINED;
    let until = Instant::now() + DRAINING;
    while body.size_hint().lower() <= left {
        let Ok(Some(Ok(frame))) = timeout_at(until, next(body.as_mut())).await else { return };
        let length = frame.data_ref().map_or(0, Bytes::len);
        let Some(rest) = left.checked_sub(u64::try_from(length).unwrap_or(u64::MAX)) else { return };
        left = rest;
    }
}

async fn collect<B: Body<Data = Bytes>>(mut body: Pin<&mut B>, limits: &BodyLimits) -> Result<Bytes, Refusal> {
    let mut collected = Collected::new(limits.bytes, body.size_hint())?;
    let mut pace = None;
    loop {
        let frame = match poll_fn(|context| Poll::Ready(body.as_mut().poll_frame(context))).await {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                let pace = pace.get_or_insert_with(|| Pace::new(Instant::now()));
                let deadline = pace.deadline(Instant::now(), collected.length(), limits);
                timeout_at(deadline, next(body.as_mut())).await.map_err(|_| Refusal::Slow)?
            }
        };
        match frame {
            None => return Ok(collected.into_bytes()),
            Some(Err(_)) => return Err(Refusal::Broken),
            // What comes after a body (trailers) is of no interest.
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    collected.push(data)?;
                }
            }
        }
    }
}

async fn next<B: Body>(mut body: Pin<&mut B>) -> Option<Result<Frame<B::Data>, B::Error>> {
    poll_fn(|context| body.as_mut().poll_frame(context)).await
}

/// When a body began to let us wait, and how far it had come then.
#[derive(Debug)]
struct Pace {
    begin: Instant,
    last: Instant,
    length: usize,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self { begin: now, last: now, length: 0 }
    }

    /// Until when more has to come, with `length` bytes there.
    fn deadline(&mut self, now: Instant, length: usize, limits: &BodyLimits) -> Instant {
        // Empty pieces are no progress.
        if self.length < length {
            (self.last, self.length) = (now, length);
        }
        let earned = u64::try_from(length).unwrap_or(u64::MAX).saturating_mul(1000) / u64::from(limits.rate.max(1));
        let paced = self.begin + limits.grace + Duration::from_millis(earned);
        paced.min(self.last + limits.idle)
    }
}

/// How much room is made at once for a body that was declared.
const EAGER: usize = 256 * 1024;

/// The pieces so far: one is kept as it is.
#[derive(Debug)]
struct Collected {
    limit: usize,
    /// How much more is known to come.
    expected: usize,
    first: Bytes,
    joined: Vec<u8>,
}

impl Collected {
    fn new(limit: usize, hint: http_body::SizeHint) -> Result<Self, Refusal> {
        let expected = usize::try_from(hint.lower()).unwrap_or(usize::MAX);
        if limit < expected {
            return Err(Refusal::TooLarge { limit });
        }
        Ok(Self { limit, expected, first: Bytes::new(), joined: Vec::new() })
    }

    fn length(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    fn push(&mut self, data: Bytes) -> Result<(), Refusal> {
        if self.limit - self.length() < data.len() {
            return Err(Refusal::TooLarge { limit: self.limit });
        }
        if self.length() == 0 {
            self.first = data;
            return Ok(());
        }
        if self.joined.is_empty() {
            // A declaration alone must not cost us its length.
            self.joined.reserve(self.expected.min(EAGER).max(self.first.len() + data.len()));
            self.joined.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.joined.extend_from_slice(&data);
        Ok(())
    }

    fn into_bytes(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { self.joined.into() }
    }
}

#[cfg(test)]
mod tests;
