use http::Request;

use super::*;

fn guard(hosts: &[&str], public_url: Option<&str>, origins: &[&str]) -> Guard {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    let allowed =
        Allowed { hosts: owned(hosts), public_url: public_url.map(ToOwned::to_owned), origins: owned(origins) };
    Guard::new(&allowed).unwrap()
}

fn head(uri: &str, headers: &[(&str, &[u8])]) -> Parts {
    let mut request = Request::builder().uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

/// Checks a request to `host`, from `origin` if that is not empty.
fn check(guard: &Guard, host: &str, origin: &str) -> Result<Option<String>, String> {
    let mut headers = vec![("host", host.as_bytes())];
    headers.extend((!origin.is_empty()).then_some(("origin", origin.as_bytes())));
    match guard.check(&head("/mcp", &headers)) {
        Ok(pass) => Ok(pass.origin.map(|value| value.to_str().unwrap().to_owned())),
        Err(Refusal::Host { host }) => Err(format!("host {host}")),
        Err(Refusal::Origin { origin }) => Err(format!("origin {origin}")),
        Err(other) => Err(format!("{other:?}")),
    }
}

#[test]
fn addresses_and_localhost_are_always_ours_at_any_port() {
    let guard = guard(&[], None, &[]);
    for host in
        ["localhost", "LOCALHOST:1", "127.0.0.1:8000", "[::1]:8000", "192.168.1.5", "[2001:db8::1]", "0.0.0.0:80"]
    {
        assert_eq!(check(&guard, host, ""), Ok(None), "{host}");
    }
}

#[test]
fn other_names_must_be_configured() {
    let guard = guard(&["mcp.example", "other.example:8443", "web.example:443"], Some("https://public.example/x"), &[]);
    for host in [
        "mcp.example",
        "MCP.example.:1234",
        "other.example:8443",
        "web.example",
        "web.example:443",
        "public.example",
        "public.example:443",
    ] {
        assert_eq!(check(&guard, host, ""), Ok(None), "{host}");
    }
    for host in
        ["evil.example", "mcp.example.evil.example", "other.example", "other.example:1", "localhost.evil.example:80"]
    {
        assert_eq!(check(&guard, host, ""), Err(format!("host {host}")));
    }
    let refusal = guard.check(&head("/", &[("host", b"evil.example:8000")])).unwrap_err();
    assert!(refusal.to_string().contains("--allow-host evil.example:8000"), "{refusal}");
}

#[test]
fn one_host_is_said_and_said_once() {
    let guard = guard(&[], None, &[]);
    let check = |uri, headers: &[(&str, &[u8])]| guard.check(&head(uri, headers)).map(drop);
    assert_eq!(check("/", &[]), Err(Refusal::UnclearHost));
    assert_eq!(check("/", &[("host", b"localhost"), ("host", b"localhost")]), Err(Refusal::UnclearHost));
    for value in [&b""[..], b"a b", b"\xff", b"user@localhost", b"localhost,evil"] {
        assert_eq!(check("/", &[("host", value)]), Err(Refusal::UnclearHost));
    }
    assert_eq!(check("http://localhost/mcp", &[]), Ok(()), "the target of HTTP/2");
    let evil = Err(Refusal::Host { host: "evil.example".to_owned() });
    assert_eq!(check("http://evil.example/mcp", &[("host", b"localhost")]), evil);
    assert_eq!(check("http://localhost/mcp", &[("host", b"evil.example")]), evil);
    let mut old = head("/", &[]);
    old.version = Version::HTTP_10;
    assert!(guard.check(&old).is_ok());
}

#[test]
fn a_host_that_was_let_through_once_lets_nothing_else_through() {
    let guard = guard(&[], None, &[]);
    let host = ("host", &b"localhost:1"[..]);
    for _ in 0..2 {
        assert!(guard.check(&head("/mcp", &[host])).is_ok());
        assert_eq!(check(&guard, "localhost:1", "http://evil.example"), Err("origin http://evil.example".to_owned()));
        assert_eq!(check(&guard, "evil.example", ""), Err("host evil.example".to_owned()));
        assert!(matches!(guard.check(&head("/mcp", &[host, host])), Err(Refusal::UnclearHost)));
        let elsewhere = guard.check(&head("http://evil.example/mcp", &[host]));
        assert!(matches!(elsewhere, Err(Refusal::Host { .. })));
    }
}

#[test]
fn a_page_of_our_own_may_come_and_no_other() {
    let guard = guard(&["mcp.example"], None, &[]);
    for (host, origin) in [
        ("localhost:8000", "http://localhost:8000"),
        ("127.0.0.1:80", "http://127.0.0.1"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("mcp.example", "http://mcp.example"),
        ("mcp.example", "https://mcp.example"),
        ("mcp.example:443", "https://mcp.example"),
    ] {
        assert_eq!(check(&guard, host, origin), Ok(None), "{origin}");
    }
    for origin in [
        "http://evil.example",
        "http://localhost:6274",
        "http://localhost",
        "http://127.0.0.1:8000",
        "app://localhost:8000",
        "http://localhost:8000.evil.example",
    ] {
        let found = check(&guard, "localhost:8000", origin);
        assert!(
            found == Err(format!("origin {origin}")) || found == Err("UnclearOrigin".to_owned()),
            "{origin} {found:?}"
        );
    }
    let refusal = guard.check(&head("/", &[("host", b"localhost"), ("origin", b"http://localhost:6274")])).unwrap_err();
    assert!(refusal.to_string().contains("--allow-origin http://localhost:6274"), "{refusal}");
}

#[test]
fn the_public_url_says_which_scheme_its_pages_have() {
    let guard = guard(&[], Some("https://public.example"), &[]);
    assert_eq!(check(&guard, "public.example", "https://public.example"), Ok(None));
    assert!(check(&guard, "public.example", "http://public.example").is_err());
    assert_eq!(check(&guard, "public.example:443", "https://public.example:443"), Ok(None));
    // A reverse proxy that passes its own port on.
    assert_eq!(check(&guard, "public.example:8000", "https://public.example"), Ok(None));
}

#[test]
fn a_listed_origin_may_come_and_is_named_in_the_answer() {
    let guard = guard(&[], None, &["http://localhost:6274/", "https://app.example", "vscode-webview://abc"]);
    for origin in ["http://localhost:6274", "https://app.example", "https://APP.example:443", "vscode-webview://abc"] {
        assert_eq!(check(&guard, "localhost:8000", origin), Ok(Some(origin.to_owned())));
        assert!(check(&guard, "evil.example", origin).is_err(), "the host comes first");
    }
    for origin in ["http://app.example", "https://app.example:8443", "https://sub.app.example"] {
        assert!(check(&guard, "localhost:8000", origin).is_err(), "{origin}");
    }
    assert_eq!(check(&guard, "localhost:8000", "http://localhost:8000"), Ok(None), "our own needs no permission");
}

#[test]
fn one_origin_is_said_and_said_once() {
    let guard = guard(&[], None, &["https://app.example"]);
    for value in ["null", "https://app.example, https://app.example", "https://app.example/", "app.example", "*"] {
        assert_eq!(check(&guard, "localhost", value), Err("UnclearOrigin".to_owned()), "{value}");
    }
    let twice: &[(&str, &[u8])] =
        &[("host", b"localhost"), ("origin", b"https://app.example"), ("origin", b"https://app.example")];
    assert_eq!(guard.check(&head("/", twice)).map(drop), Err(Refusal::UnclearOrigin));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let new = |hosts: &[&str], public: Option<&str>, origins: &[&str]| {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let allowed =
            Allowed { hosts: owned(hosts), public_url: public.map(ToOwned::to_owned), origins: owned(origins) };
        Guard::new(&allowed).map(drop)
    };
    assert_eq!(new(&["http://a"], None, &[]), Err(GuardError::Host("http://a".to_owned())));
    assert_eq!(new(&["*"], None, &[]), Err(GuardError::Host("*".to_owned())));
    assert_eq!(new(&[], None, &["*"]), Err(GuardError::AnyOrigin));
    assert_eq!(new(&[], None, &["null"]), Err(GuardError::Origin("null".to_owned())));
    assert_eq!(new(&[], None, &["https://a/b"]), Err(GuardError::Origin("https://a/b".to_owned())));
    for url in ["", "a.example", "/x", "ftp://a", "https://user:secret@a"] {
        assert_eq!(new(&[], Some(url), &[]), Err(GuardError::PublicUrl), "{url}");
    }
    assert_eq!(new(&[], Some("http://a:8080/base"), &["http://b"]), Ok(()));
}
