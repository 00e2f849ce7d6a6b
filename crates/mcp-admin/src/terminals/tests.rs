use super::*;

/// Terminals with a script for a shell.
pub(super) fn terminals(script: &str, limits: TerminalLimits) -> Terminals {
    let arguments = ["-c", script].map(Into::into).to_vec();
    Terminals::new(limits, Shell { program: "sh".into(), arguments, directory: "/".into() }, CancellationToken::new())
}

pub(super) fn attach(terminals: &Terminals, id: &str) -> Attachment {
    let ticket = terminals.ticket(id).unwrap();
    terminals.attach(id, &ticket).unwrap()
}

const SIZE: Size = Size { cols: 100, rows: 30 };

/// What is shown until `text` is.
async fn until(attachment: &mut Attachment, text: &str) -> String {
    let mut shown = String::new();
    while !shown.contains(text) {
        match attachment.next().await {
            Next::Output(bytes) => shown.push_str(&String::from_utf8_lossy(&bytes)),
            other => panic!("{other:?} after {shown:?}"),
        }
    }
    shown
}

/// All that is still shown, and how it ends.
async fn rest(attachment: &mut Attachment) -> (String, Next) {
    let mut shown = String::new();
    loop {
        match attachment.next().await {
            Next::Output(bytes) => shown.push_str(&String::from_utf8_lossy(&bytes)),
            end => return (shown, end),
        }
    }
}

fn lives(number: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with('Z'))
}

#[tokio::test]
async fn what_is_typed_comes_back_and_the_program_knows_its_terminal() {
    let terminals = terminals("echo $TERM; exec cat", TerminalLimits::default());
    let id = terminals.start(SIZE).unwrap();
    let mut attachment = attach(&terminals, &id);
    until(&mut attachment, "xterm-256color\r\n").await;
    attachment.hands().type_in("größe\n".into()).await;
    // Once by the terminal, once by the program.
    until(&mut attachment, "größe\r\ngröße\r\n").await;
    terminals.close().await;
}

#[tokio::test]
async fn the_size_is_what_the_window_says() {
    let terminals = terminals("stty size; read line; stty size", TerminalLimits::default());
    let id = terminals.start(SIZE).unwrap();
    let mut attachment = attach(&terminals, &id);
    until(&mut attachment, "30 100\r\n").await;
    attachment.hands().resize(Size { cols: 120, rows: 40 });
    attachment.hands().type_in("\n".into()).await;
    let (shown, end) = rest(&mut attachment).await;
    assert!(shown.contains("40 120\r\n"), "{shown}");
    assert_eq!(end, Next::Exit(Exit { code: Some(0), signal: None }));
}

#[test]
fn a_size_that_programs_cannot_cope_with_is_bounded() {
    assert_eq!(Size { cols: 0, rows: u16::MAX }.bounded(), Size { cols: 2, rows: 1000 });
}

#[tokio::test]
async fn an_exit_is_told_and_the_terminal_gone() {
    let terminals = terminals("read line; echo bye; exit 7", TerminalLimits::default());
    let id = terminals.start(SIZE).unwrap();
    let mut attachment = attach(&terminals, &id);
    attachment.hands().type_in("\n".into()).await;
    let (shown, end) = rest(&mut attachment).await;
    assert!(shown.ends_with("bye\r\n"), "{shown}");
    assert_eq!(end, Next::Exit(Exit { code: Some(7), signal: None }));
    assert!(terminals.list().is_empty());
    assert!(matches!(terminals.ticket(&id), Err(TerminalError::Unknown)));
}

#[tokio::test]
async fn killing_ends_everything_that_was_started() {
    let script =
        "trap '' HUP TERM; setsid sleep 1000 & echo $!; (sleep 1000 & echo $!); echo $$; while :; do read a; done";
    let limits = TerminalLimits { grace: Duration::from_millis(100), ..TerminalLimits::default() };
    let terminals = terminals(script, limits);
    let id = terminals.start(SIZE).unwrap();
    let mut attachment = attach(&terminals, &id);
    let mut shown = String::new();
    while shown.matches('\n').count() < 3 {
        shown.push_str(&until(&mut attachment, "\n").await);
    }
    let numbers: Vec<_> = shown.lines().collect();
    assert!(numbers.iter().all(|number| lives(number)), "{numbers:?}");
    terminals.kill(&id).await.unwrap();
    assert!(!numbers.iter().any(|number| lives(number)), "{numbers:?}");
    assert_eq!(rest(&mut attachment).await.1, Next::Exit(Exit { code: None, signal: Some(9) }));
    assert!(matches!(terminals.kill(&id).await, Err(TerminalError::Unknown)));
}

#[tokio::test]
async fn a_shell_with_jobs_is_hung_up_on() {
    let shell = Shell { program: "sh".into(), arguments: vec!["-i".into()], directory: "/".into() };
    let terminals = Terminals::new(TerminalLimits::default(), shell, CancellationToken::new());
    let id = terminals.start(SIZE).unwrap();
    let mut attachment = attach(&terminals, &id);
    attachment.hands().type_in("sleep 1000 & echo =$!=\n".into()).await;
    // The line is also echoed, with the words as they were typed.
    let mut shown = String::new();
    let number = loop {
        shown.push_str(&until(&mut attachment, "\n").await);
        // The prompt may stand before it, on the same line.
        if let Some(number) = shown.split('=').find(|word| word.parse::<u32>().is_ok()) {
            break number.to_owned();
        }
    };
    assert!(lives(&number));
    terminals.close().await;
    assert!(!lives(&number));
    assert!(terminals.list().is_empty());
    assert!(matches!(terminals.start(SIZE), Err(TerminalError::Closed)));
}

#[tokio::test]
async fn who_comes_back_sees_what_was_before_and_who_had_it_loses_it() {
    let terminals = terminals("echo before; exec cat", TerminalLimits::default());
    let id = terminals.start(SIZE).unwrap();
    let mut first = attach(&terminals, &id);
    until(&mut first, "before\r\n").await;
    assert!(terminals.list()[0].attached);

    let mut second = attach(&terminals, &id);
    assert_eq!(first.next().await, Next::Gone(Gone::TakenOver));
    drop(first);
    assert!(terminals.list()[0].attached, "it is the second's");
    until(&mut second, "before\r\n").await;
    drop(second);
    assert!(!terminals.list()[0].attached);
    until(&mut attach(&terminals, &id), "before\r\n").await;
    terminals.close().await;
}

#[tokio::test]
async fn a_ticket_opens_once() {
    let terminals = terminals("exec cat", TerminalLimits::default());
    let id = terminals.start(SIZE).unwrap();
    let ticket = terminals.ticket(&id).unwrap();
    assert!(terminals.attach(&id, &ticket).is_ok());
    assert!(matches!(terminals.attach(&id, &ticket), Err(TerminalError::Ticket)));
    assert!(matches!(terminals.attach(&id, "made up"), Err(TerminalError::Ticket)));
    terminals.close().await;
}

#[tokio::test]
async fn only_so_many_are_open() {
    let terminals = terminals("exec cat", TerminalLimits { at_once: 1, ..TerminalLimits::default() });
    let id = terminals.start(SIZE).unwrap();
    assert!(matches!(terminals.start(SIZE), Err(TerminalError::TooMany(1))));
    let info = &terminals.list()[0];
    assert_eq!((info.id.as_str(), info.size, info.title.as_str()), (id.as_str(), SIZE, "sh"));
    assert!(lives(&info.pid.to_string()));
    terminals.kill(&id).await.unwrap();
    terminals.start(SIZE).unwrap();
    terminals.close().await;
}

#[tokio::test]
async fn an_idle_one_ends() {
    let limits = TerminalLimits { idle: Duration::from_millis(100), ..TerminalLimits::default() };
    let terminals = terminals("exec cat", limits);
    let id = terminals.start(SIZE).unwrap();
    let mut attachment = attach(&terminals, &id);
    assert_eq!(rest(&mut attachment).await.1, Next::Exit(Exit { code: None, signal: Some(1) }));
}

#[tokio::test]
async fn who_takes_nothing_holds_the_program_up_for_a_while_and_no_longer() {
    let limits = TerminalLimits { scrollback: 4096, patience: Duration::from_secs(1), ..TerminalLimits::default() };
    let terminals = terminals("head -c 100000 /dev/zero | tr '\\0' x; echo done; exec cat", limits);
    let id = terminals.start(SIZE).unwrap();
    let mut slow = attach(&terminals, &id);
    assert_eq!(slow.hands().lost().await, Gone::TooSlow);
    assert_eq!(slow.next().await, Next::Gone(Gone::TooSlow));
    // The program goes on, also while the slow one is still there.
    until(&mut attach(&terminals, &id), "done\r\n").await;
    terminals.close().await;
}

#[tokio::test]
async fn who_takes_it_all_gets_it_all() {
    let limits = TerminalLimits { scrollback: 4096, ..TerminalLimits::default() };
    let terminals = terminals("read line; stty -opost; head -c 1000000 /dev/zero | tr '\\0' x", limits);
    let id = terminals.start(SIZE).unwrap();
    let mut attachment = attach(&terminals, &id);
    attachment.hands().type_in("\n".into()).await;
    let (shown, end) = rest(&mut attachment).await;
    assert_eq!(shown.matches('x').count(), 1_000_000);
    assert!(matches!(end, Next::Exit(_)), "{end:?}");
}

#[tokio::test]
async fn a_shell_that_is_not_there_is_an_error() {
    let shell = Shell { program: "/no/such/shell".into(), arguments: Vec::new(), directory: "/".into() };
    let terminals = Terminals::new(TerminalLimits::default(), shell, CancellationToken::new());
    assert!(matches!(terminals.start(SIZE), Err(TerminalError::Start(_))));
    assert!(terminals.list().is_empty());
}
