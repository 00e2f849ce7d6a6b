use std::{collections::HashSet, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::InUse;

fn named(name: &str) -> Principal {
    Principal::Named(name.into())
}

fn create(registry: &Registry<u32>, owner: &Principal, now: Instant) -> Result<Arc<OpenSession<u32>>, CreateError> {
    registry.create(owner.clone(), Revision::V2025_11_25, now, |_| 7)
}

#[test]
fn a_session_is_found_by_its_owner_and_by_nobody_else() {
    let registry = Registry::new(SessionLimits::default());
    let open = create(&registry, &named("ann"), Instant::now()).unwrap();
    let found = registry.lookup(open.id().expose(), &named("ann")).unwrap();
    assert!(Arc::ptr_eq(&found, &open));
    assert_eq!(found.update(|session| session.owner().clone()), named("ann"));
    for other in [named("bob"), Principal::Anonymous, Principal::Proxy] {
        assert!(registry.lookup(open.id().expose(), &other).is_none());
    }
    for nobodys in ["", "constructor", &"x".repeat(4096)] {
        assert!(registry.lookup(nobodys, &named("ann")).is_none());
    }
}

#[test]
fn what_served_an_ended_session_comes_back_once() {
    let registry = Registry::new(SessionLimits::default());
    let open = create(&registry, &Principal::Anonymous, Instant::now()).unwrap();
    let weak = Arc::downgrade(&open);
    let ended = registry.end(open.id()).unwrap();
    assert_eq!((*ended.live, ended.reason, &ended.id), (7, EndReason::Requested, open.id()));
    assert!(registry.end(open.id()).is_none());
    assert!(registry.lookup(open.id().expose(), &Principal::Anonymous).is_none());
    assert!(!open.is_alive());
    drop(open);
    assert!(weak.upgrade().is_none(), "the registry holds nothing of it");
    assert!(registry.is_empty());
}

#[test]
fn nothing_is_made_for_a_session_that_there_is_no_room_for() {
    let registry = Registry::new(SessionLimits { total: 1, ..SessionLimits::default() });
    let first = create(&registry, &Principal::Anonymous, Instant::now()).unwrap();
    let refused = registry.create(Principal::Anonymous, Revision::V2025_11_25, Instant::now(), |_| unreachable!());
    assert_eq!(refused.map(drop), Err(CreateError::TooMany { limit: 1 }));
    drop(registry.end(first.id()));
    assert!(create(&registry, &Principal::Anonymous, Instant::now()).is_ok());
}

#[test]
fn the_default_limits_hold_at_their_last_one() {
    let registry = Registry::new(SessionLimits::default());
    let now = Instant::now();
    for _ in 0..100 {
        create(&registry, &named("ann"), now).unwrap();
    }
    let refused = create(&registry, &named("ann"), now).map(drop);
    assert_eq!(refused, Err(CreateError::TooManyOfPrincipal { limit: 100 }));
    for _ in 0..9_900 {
        create(&registry, &Principal::Anonymous, now).unwrap();
    }
    assert_eq!(create(&registry, &named("bob"), now).map(drop), Err(CreateError::TooMany { limit: 10_000 }));
    assert_eq!(registry.end_all().len(), 10_000);
    assert!(registry.is_empty());
}

#[test]
fn a_sweep_lets_go_of_old_events_although_nobody_asks() {
    let registry = Registry::new(SessionLimits::default());
    let now = Instant::now();
    let open = create(&registry, &Principal::Anonymous, now).unwrap();
    open.mark_initialized();
    open.update(|session| {
        let stream = session.replay.open_stream().stream();
        session.replay.push(stream, mcp_jsonrpc::Message::notification("x", None), now);
    });
    assert!(registry.pool.held() > 0);
    assert!(registry.sweep(now + Duration::from_mins(5)).is_empty());
    assert_eq!(registry.pool.held(), 0);
}

#[test]
fn the_end_of_a_session_frees_its_events_even_while_it_is_held() {
    let registry = Registry::new(SessionLimits::default());
    let open = create(&registry, &Principal::Anonymous, Instant::now()).unwrap();
    let message = mcp_jsonrpc::Message::notification("x", None);
    let stream = open.update(|session| session.replay.open_stream().stream());
    open.update(|session| session.replay.push(stream, message.clone(), Instant::now()));
    let ended = registry.end(open.id());
    assert!(ended.is_some());
    assert_eq!(registry.pool.held(), 0);
    assert_eq!(open.update(|session| session.replay.push(stream, message, Instant::now())), None);
    assert_eq!(registry.pool.held(), 0);
}

#[derive(Clone, Debug)]
enum Step {
    Create { owner: usize },
    Lookup { session: usize, principal: usize },
    Initialize { session: usize },
    Begin { session: usize, stream: bool },
    Finish { using: usize },
    End { session: usize },
    Sweep { after: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let session = || 0..12_usize;
    prop_oneof![
        4 => (0..3_usize).prop_map(|owner| Step::Create { owner }),
        2 => (session(), 0..3_usize).prop_map(|(session, principal)| Step::Lookup { session, principal }),
        2 => session().prop_map(|session| Step::Initialize { session }),
        2 => (session(), any::<bool>()).prop_map(|(session, stream)| Step::Begin { session, stream }),
        2 => (0..6_usize).prop_map(|using| Step::Finish { using }),
        1 => session().prop_map(|session| Step::End { session }),
        3 => (0..12_u64).prop_map(|after| Step::Sweep { after }),
    ]
}

/// A session as the model has it.
#[derive(Debug)]
struct Modelled {
    open: Arc<OpenSession<u32>>,
    owner: usize,
    created: u64,
    last: u64,
    touched: bool,
    calls: u32,
    streams: u32,
    initialized: bool,
}

proptest! {
    #[test]
    fn the_registry_agrees_with_a_list(steps in prop::collection::vec(step(), 0..120)) {
        let seconds = Duration::from_secs;
        let limits = SessionLimits {
            total: 8,
            per_principal: 3,
            idle: seconds(20),
            pre_initialize: seconds(10),
            absolute: seconds(50),
            ..SessionLimits::default()
        };
        let principals = [Principal::Anonymous, named("ann"), named("bob")];
        let registry = Registry::new(limits);
        let (start, mut now) = (Instant::now(), 0);
        let mut model: Vec<Modelled> = Vec::new();
        let mut over: Vec<Arc<OpenSession<u32>>> = Vec::new();
        let mut uses: Vec<(InUse<u32>, bool)> = Vec::new();

        for step in steps {
            match step {
                Step::Create { owner } => {
                    let of_owner = model.iter().filter(|one| one.owner == owner).count();
                    let expected = if model.len() >= 8 {
                        Err(CreateError::TooMany { limit: 8 })
                    } else if owner != 0 && of_owner >= 3 {
                        Err(CreateError::TooManyOfPrincipal { limit: 3 })
                    } else {
                        Ok(())
                    };
                    let made = create(&registry, &principals[owner], start + seconds(now));
                    prop_assert_eq!(made.as_ref().map(|_| ()).map_err(|error| *error), expected);
                    if let Ok(open) = made {
                        model.push(Modelled {
                            open, owner, created: now, last: now, touched: false, calls: 0, streams: 0, initialized: false,
                        });
                    }
                }
                Step::Lookup { session, principal } => {
                    if let Some(one) = model.get_mut(session) {
                        let found = registry.lookup(one.open.id().expose(), &principals[principal]);
                        prop_assert_eq!(found.is_some(), one.owner == principal);
                        one.touched |= found.is_some();
                    }
                    if let Some(one) = over.get(session) {
                        prop_assert!(registry.lookup(one.id().expose(), &principals[principal]).is_none());
                    }
                }
                Step::Initialize { session } => {
                    if let Some(one) = model.get_mut(session) {
                        one.open.mark_initialized();
                        one.initialized = true;
                    }
                }
                Step::Begin { session, stream } => {
                    if let Some(one) = model.get_mut(session) {
                        uses.push((if stream { one.open.begin_stream() } else { one.open.begin_call() }, stream));
                        *(if stream { &mut one.streams } else { &mut one.calls }) += 1;
                        one.touched = true;
                    }
                }
                Step::Finish { using } => {
                    if using < uses.len() {
                        let (used, stream) = uses.remove(using);
                        if let Some(one) = model.iter_mut().find(|one| Arc::ptr_eq(&one.open, used.session())) {
                            *(if stream { &mut one.streams } else { &mut one.calls }) -= 1;
                            one.touched = true;
                        }
                    }
                }
                Step::End { session } => {
                    if session < model.len() {
                        let one = model.remove(session);
                        prop_assert!(registry.end(one.open.id()).is_some());
                        prop_assert!(registry.end(one.open.id()).is_none());
                        over.push(one.open);
                    }
                }
                Step::Sweep { after } => {
                    now += after;
                    let ended: HashSet<_> =
                        registry.sweep(start + seconds(now)).into_iter().map(|one| (one.id, one.reason.to_string())).collect();
                    let mut expected = HashSet::new();
                    model.retain_mut(|one| {
                        if std::mem::take(&mut one.touched) || one.calls > 0 || (one.initialized && one.streams > 0) {
                            one.last = now;
                        }
                        let limit = if one.initialized { 20 } else { 10 };
                        let reason = if now - one.created >= 50 {
                            EndReason::TooOld
                        } else if now - one.last < limit {
                            return true;
                        } else if one.initialized {
                            EndReason::Idle
                        } else {
                            EndReason::NeverInitialized
                        };
                        expected.insert((one.open.id().clone(), reason.to_string()));
                        over.push(Arc::clone(&one.open));
                        false
                    });
                    prop_assert_eq!(ended, expected);
                }
            }
            prop_assert_eq!(registry.len(), model.len());
            prop_assert!(model.iter().all(|one| one.open.is_alive()) && !over.iter().any(|one| one.is_alive()));
        }
    }
}

#[test]
fn what_is_open_is_listed_with_what_it_does() {
    let registry = Registry::new(SessionLimits::default());
    let start = Instant::now();
    let seconds = |count| start + Duration::from_secs(count);
    let (ann, bob) =
        (create(&registry, &named("ann"), start).unwrap(), create(&registry, &named("bob"), seconds(1)).unwrap());
    drop(ann.hold());
    drop(bob.begin_call());
    let call = bob.begin_call();
    let seen = |now| -> Vec<_> {
        let listed = registry.list(now).into_iter();
        listed.map(|it| (it.open.owner().clone(), it.last_used, it.open.calls(), it.open.pending())).collect()
    };
    let just_used = [(named("ann"), seconds(2), 0, 0), (named("bob"), seconds(2), 2, 1)];
    assert_eq!(seen(seconds(2)), just_used);
    assert_eq!(seen(seconds(2)), just_used, "looking at them is no use of them");
    assert!(registry.sweep(seconds(3)).is_empty());
    assert_eq!(seen(seconds(9)), [(named("ann"), seconds(3), 0, 0), (named("bob"), seconds(9), 2, 1)]);
    drop(call);
    let ended = registry.end_where(|open| *open.owner() == named("bob"));
    assert!(ended.iter().map(|it| &it.id).eq([bob.id()]));
    assert_eq!(registry.list(seconds(10)).len(), 1);
}
