use super::*;

/// A circuit on a clock that is moved by hand.
struct Scene {
    circuit: Circuit,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        Self { circuit: Circuit::new(BreakerOptions::default()), now: Instant::now() }
    }

    /// The same after as many failures as open it.
    fn open() -> Self {
        let mut scene = Self::new();
        scene.fail(5);
        assert_eq!(scene.sight(), Sight::Open);
        scene
    }

    fn admit(&mut self) -> Result<Ticket, Duration> {
        self.circuit.admit(self.now)
    }

    fn end(&mut self, call: &Ticket, verdict: Verdict) -> Option<Turn> {
        self.circuit.end(call, verdict, self.now)
    }

    fn call(&mut self, verdict: Verdict) -> Option<Turn> {
        let call = self.admit().unwrap();
        self.end(&call, verdict)
    }

    fn fail(&mut self, times: u32) {
        for _ in 0..times {
            self.call(Verdict::Fails);
        }
    }

    fn wait(&mut self, time: u64) {
        self.now += seconds(time);
    }

    fn sight(&self) -> Sight {
        self.circuit.sight(self.now)
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn only_as_many_failures_in_a_row_open_it() {
    let mut scene = Scene::new();
    assert_eq!(scene.sight(), Sight::Whole);
    scene.fail(4);
    assert_eq!(scene.sight(), Sight::Failing);
    assert_eq!(scene.call(Verdict::Unclear), None);
    assert_eq!(scene.sight(), Sight::Failing, "what says nothing breaks no row");
    scene.call(Verdict::Works);
    assert_eq!(scene.sight(), Sight::Whole);
    scene.fail(4);
    assert!(scene.admit().is_ok());
    assert_eq!(scene.call(Verdict::Fails), Some(Turn::Opened(seconds(10))));
    assert_eq!((scene.sight(), scene.admit()), (Sight::Open, Err(seconds(10))));
}

#[test]
fn calls_of_one_time_count_together_and_late_ones_not_at_all() {
    let mut scene = Scene::new();
    let calls: Vec<_> = (0..8).map(|_| scene.admit().unwrap()).collect();
    let turns: Vec<_> = calls[..6].iter().map(|call| scene.end(call, Verdict::Fails)).collect();
    assert_eq!(turns, [None, None, None, None, Some(Turn::Opened(seconds(10))), None]);
    assert_eq!(scene.end(&calls[6], Verdict::Works), None);
    assert_eq!(scene.sight(), Sight::Open);
    scene.wait(10);
    let probe = scene.admit().unwrap();
    assert_eq!(scene.end(&calls[7], Verdict::Works), None);
    assert_eq!(scene.sight(), Sight::Probing);
    assert_eq!(scene.end(&probe, Verdict::Works), Some(Turn::Closed));
    assert_eq!(scene.sight(), Sight::Whole);
}

#[test]
fn after_the_pause_one_call_decides() {
    let mut scene = Scene::open();
    scene.wait(9);
    assert_eq!(scene.admit(), Err(seconds(1)));
    scene.wait(1);
    assert_eq!(scene.sight(), Sight::Probing);
    let probe = scene.admit().unwrap();
    assert_eq!((scene.admit(), scene.sight()), (Err(SOON), Sight::Probing));
    assert_eq!(scene.end(&probe, Verdict::Works), Some(Turn::Closed));
    scene.fail(4);
    assert_eq!(scene.call(Verdict::Fails), Some(Turn::Opened(seconds(10))), "it all begins anew");
}

#[test]
fn pauses_double_up_to_the_longest() {
    let mut scene = Scene::open();
    for pause in [10, 20, 40, 60, 60] {
        assert_eq!(scene.admit(), Err(seconds(pause)));
        scene.wait(pause);
        assert!(matches!(scene.call(Verdict::Fails), Some(Turn::Opened(_))));
    }
    assert_eq!(BreakerOptions::default().pause(u32::MAX), seconds(60));
    let odd = BreakerOptions { pause: seconds(90), ..BreakerOptions::default() };
    assert_eq!(odd.pause(3), seconds(90), "no pause is shorter than the first");
}

#[test]
fn a_probe_that_says_nothing_or_takes_too_long_gives_way_to_the_next() {
    let mut scene = Scene::open();
    scene.wait(10);
    assert_eq!(scene.call(Verdict::Unclear), None);
    assert_eq!(scene.sight(), Sight::Probing);
    let slow = scene.admit().unwrap();
    scene.wait(59);
    assert_eq!(scene.admit(), Err(SOON));
    scene.wait(1);
    let next = scene.admit().unwrap();
    assert_eq!(scene.end(&slow, Verdict::Fails), None);
    assert_eq!(scene.end(&next, Verdict::Works), Some(Turn::Closed));
}

#[test]
fn whoever_sees_to_the_server_closes_it() {
    let mut scene = Scene::open();
    assert!(scene.circuit.reset());
    assert_eq!(scene.sight(), Sight::Whole);
    assert!(scene.admit().is_ok());
    assert!(!scene.circuit.reset());
}

#[test]
fn one_failure_is_enough_where_so_many_are_asked_for() {
    for failures in [0, 1] {
        let options = BreakerOptions { failures, ..BreakerOptions::default() };
        let mut scene = Scene { circuit: Circuit::new(options), ..Scene::new() };
        assert!(scene.call(Verdict::Fails).is_some());
    }
}
