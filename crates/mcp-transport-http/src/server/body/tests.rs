use std::{collections::VecDeque, convert::Infallible, task::Context};

use http_body::SizeHint;
use tokio::time::{Sleep, sleep};

use super::*;

/// A body that gives its pieces with a wait before each.
struct Scripted {
    pieces: VecDeque<(Duration, Result<Frame<Bytes>, ()>)>,
    wait: Option<Pin<Box<Sleep>>>,
    declared: u64,
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = ();

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ()>>> {
        let Some((wait, _)) = self.pieces.front() else { return Poll::Ready(None) };
        let wait = *wait;
        if !wait.is_zero() {
            let timer = self.wait.get_or_insert_with(|| Box::pin(sleep(wait)));
            std::task::ready!(timer.as_mut().poll(context));
            self.wait = None;
        }
        Poll::Ready(self.pieces.pop_front().map(|(_, piece)| piece))
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.declared);
        hint
    }
}

fn body(pieces: &[(u64, &'static [u8])]) -> Scripted {
    let piece = |(millis, data): &(u64, &'static [u8])| {
        (Duration::from_millis(*millis), Ok(Frame::data(Bytes::from_static(data))))
    };
    Scripted { pieces: pieces.iter().map(piece).collect(), wait: None, declared: 0 }
}

fn limits(bytes: usize) -> BodyLimits {
    BodyLimits { bytes, ..BodyLimits::default() }
}

/// Reads without a runtime, so that a timer would panic.
fn read_at_once<B: Body<Data = Bytes>>(body: B, limits: &BodyLimits) -> Result<Bytes, Refusal> {
    let mut reading = pin!(read_body(body, limits));
    match reading.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("all of it is there"),
    }
}

#[test]
fn what_is_there_is_read_without_a_timer_and_one_piece_without_a_copy() {
    let whole = http_body_util::Full::new(Bytes::from_static(b"{\"a\":1}"));
    let data = Bytes::from_static(b"whole");
    let read = read_at_once(http_body_util::Full::new(data.clone()), &limits(5)).unwrap();
    assert_eq!(read.as_ptr(), data.as_ptr());
    assert_eq!(read_at_once(whole, &limits(100)).unwrap(), "{\"a\":1}");
    assert_eq!(read_at_once(body(&[(0, b"ab"), (0, b""), (0, b"cd"), (0, b"e")]), &limits(5)).unwrap(), "abcde");
    assert_eq!(read_at_once(http_body_util::Empty::<Bytes>::new(), &limits(0)).unwrap(), "");
}

#[tokio::test(start_paused = true)]
async fn the_limit_holds_declared_or_not() {
    let too_large = Err(Refusal::TooLarge { limit: 4 });
    assert_eq!(read_body(body(&[(0, b"ab"), (0, b"cd")]), &limits(4)).await.unwrap(), "abcd");
    assert_eq!(read_body(body(&[(0, b"ab"), (0, b"cde")]), &limits(4)).await, too_large);
    assert_eq!(read_body(body(&[(0, b"abcde")]), &limits(4)).await, too_large);
    let declared = Scripted { declared: 5, ..body(&[]) };
    assert_eq!(read_body(declared, &limits(4)).await, too_large);
}

#[tokio::test(start_paused = true)]
async fn what_still_comes_of_a_body_that_is_too_large_is_taken_in_for_a_moment() {
    let begin = Instant::now();
    let too_large = Err(Refusal::TooLarge { limit: 4 });
    let late: Vec<_> = (0..3).map(|_| (500, &b"abcde"[..])).collect();
    assert_eq!(read_body(body(&late), &limits(4)).await, too_large);
    assert_eq!(begin.elapsed().as_millis(), 1500, "its client is done before it is answered");
    let endless: Vec<_> = (0..100).map(|_| (500, &b"abcde"[..])).collect();
    assert_eq!(read_body(body(&endless), &limits(4)).await, too_large);
    assert_eq!(begin.elapsed().as_millis(), 1500 + 500 + 2000);
    let absurd = Scripted { declared: u64::MAX, ..body(&[(9999, b"never read")]) };
    assert_eq!(read_body(absurd, &limits(4)).await, too_large);
    assert_eq!(begin.elapsed().as_millis(), 4000, "of what is far too long nothing is");
}

#[test]
fn a_body_that_breaks_off_is_told_and_trailers_are_left_out() {
    let mut broken = body(&[(0, b"ab")]);
    broken.pieces.push_back((Duration::ZERO, Err(())));
    assert_eq!(read_at_once(broken, &limits(9)), Err(Refusal::Broken));
    let mut trailed = body(&[(0, b"ab")]);
    trailed.pieces.push_back((Duration::ZERO, Ok(Frame::trailers(http::HeaderMap::new()))));
    assert_eq!(read_at_once(trailed, &limits(9)).unwrap(), "ab");
}

#[tokio::test(start_paused = true)]
async fn a_body_of_which_nothing_comes_is_slow_after_the_grace() {
    assert_eq!(read_body(body(&[(4_999, b"ab")]), &limits(9)).await.unwrap(), "ab");
    let begin = Instant::now();
    assert_eq!(read_body(body(&[(5_100, b"ab")]), &limits(9)).await, Err(Refusal::Slow));
    assert_eq!(begin.elapsed().as_secs(), 5);
    let drip: Vec<_> = (0..100).map(|_| (100, &b"a"[..])).collect();
    assert_eq!(read_body(body(&drip), &limits(999)).await, Err(Refusal::Slow), "a byte now and then is no progress");
    let empty: Vec<_> = (0..100).map(|_| (100, &b""[..])).collect();
    assert_eq!(read_body(body(&empty), &limits(999)).await, Err(Refusal::Slow));
}

#[tokio::test(start_paused = true)]
async fn a_body_may_take_its_time_at_the_rate_but_not_stand_still() {
    static CHUNK: [u8; 1024] = [b'x'; 1024];
    static LARGE: [u8; 64 * 1024] = [b'x'; 64 * 1024];
    let steady: Vec<_> = (0..60).map(|_| (1000, &CHUNK[..])).collect();
    assert_eq!(read_body(body(&steady), &limits(1 << 20)).await.unwrap().len(), 60 * 1024);
    assert_eq!(read_body(body(&[(0, &LARGE), (29_900, b"y")]), &limits(1 << 20)).await.unwrap().len(), LARGE.len() + 1);
    assert_eq!(read_body(body(&[(0, &LARGE), (30_100, b"y")]), &limits(1 << 20)).await, Err(Refusal::Slow));
}

#[tokio::test]
async fn any_error_type_will_do() {
    let body =
        http_body_util::StreamBody::new(futures::stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from("a")))]));
    assert_eq!(read_body(body, &limits(9)).await.unwrap(), "a");
}
