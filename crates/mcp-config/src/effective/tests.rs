use std::collections::BTreeMap;

use super::*;
use crate::parse;

fn variables(environment: &[(&str, &str)], dot_env: &[(&str, &str)]) -> Variables {
    let map = |list: &[(&str, &str)]| -> BTreeMap<String, Secret> {
        list.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect()
    };
    Variables::new(map(environment), map(dot_env))
}

fn file(text: &str) -> ProxySettings {
    parse("f.json".as_ref(), text, &|_| None).file.unwrap().settings
}

fn flags(settings: ProxySettings) -> Overrides {
    Overrides { settings, ..Overrides::default() }
}

fn of_environment(environment: &[(&str, &str)]) -> Settings {
    Settings::settle(Overrides::default(), &variables(environment, &[]), ProxySettings::default()).unwrap()
}

#[test]
fn flags_win_over_the_environment_over_the_env_file_over_the_file_over_defaults() {
    let port = |flag: Option<u16>, environment: &[(&str, &str)], dot_env: &[(&str, &str)], text: &str| {
        let flags = flags(ProxySettings { port: flag, ..ProxySettings::default() });
        Settings::settle(flags, &variables(environment, dot_env), file(text)).unwrap().port
    };
    let (environment, dot_env, text) = ([("PORT", "2")], [("PORT", "3")], r#"{"port": 4}"#);
    let from = |value, source| Sourced { value, source };
    assert_eq!(port(Some(1), &environment, &dot_env, text), from(1, Origin::Flag));
    assert_eq!(port(None, &environment, &dot_env, text), from(2, Origin::Environment("PORT")));
    assert_eq!(port(None, &[], &dot_env, text), from(3, Origin::DotEnv("PORT")));
    assert_eq!(port(None, &[("PORT", "")], &[], text), from(4, Origin::File));
    assert_eq!(port(None, &[], &[], "{}"), from(8000, Origin::Default));
    assert_eq!(port(Some(1), &[("PORT", "x")], &[], text), from(1, Origin::Flag), "what does not count is not read");
}

#[test]
fn variables_of_the_systems_before_us_are_known() {
    let settings = of_environment(&[
        ("HOST", "lab-7"),
        ("IDLE_TIMEOUT", "300000"),
        ("AUTH_KEY", "k"),
        ("SHARED_SESSION", "false"),
        ("MCP_SERVER_CONFIG", "npx -y 'a b'"),
        ("REQUEST_ENV", "A,B"),
        ("LOGGING", "DEBUG"),
    ]);
    assert_eq!(settings.host.source, Origin::Default, "shells set $HOST to the name of the machine");
    assert_eq!(settings.idle_timeout.value, IdleTimeout::After(Duration::from_mins(5)));
    assert_eq!(settings.auth_key.value, Some(Secret::new("k")));
    assert_eq!(settings.session.value, SessionKind::Dedicated);
    assert_eq!(settings.server.value, Some(["npx", "-y", "a b"].map(OsString::from).to_vec()));
    assert_eq!(settings.request_env.value, "A,B".parse().unwrap());
    let logging = Sourced { value: "debug".to_owned(), source: Origin::Environment("LOGGING") };
    assert_eq!(settings.log_level, logging);
    let both = of_environment(&[("LOGGING", "warn"), ("RUST_LOG", "info,mcp_transport=debug")]);
    assert_eq!(both.log_level.value, "info,mcp_transport=debug");
    for (word, kind) in [
        ("True", SessionKind::Shared),
        ("1", SessionKind::Shared),
        ("YES", SessionKind::Shared),
        ("on", SessionKind::Dedicated),
    ] {
        assert_eq!(of_environment(&[("SHARED_SESSION", word)]).session.value, kind, "{word}");
    }
}

#[test]
fn every_variable_that_cannot_be_used_is_named_and_not_quoted() {
    let environment =
        [("PORT", "65536"), ("IDLE_TIMEOUT", "soon"), ("MCP_SERVER_CONFIG", "'s3cret"), ("LOGGING", "loud")];
    let variables = variables(&environment, &[("REQUEST_ENV", "PATH")]);
    let wrong = Settings::settle(Overrides::default(), &variables, ProxySettings::default()).unwrap_err();
    let wrong: Vec<_> = wrong.iter().map(ToString::to_string).collect();
    let begin = [
        "$MCP_SERVER_CONFIG must be a command line",
        "$REQUEST_ENV in .env must be",
        "$PORT must be a port",
        "$IDLE_TIMEOUT must be",
        "$LOGGING must be one of",
    ];
    assert!(wrong.iter().zip(begin).all(|(wrong, begin)| wrong.starts_with(begin)), "{wrong:?}");
    assert!(wrong.len() == begin.len() && !wrong.concat().contains("s3cret"), "{wrong:?}");
}

#[test]
fn half_of_tls_is_an_error_wherever_it_comes_from() {
    let settle = |flag: &str, text: &str| Settings::settle(flags(file(flag)), &Variables::default(), file(text));
    assert_eq!(settle("{}", r#"{"tlsKey": "k"}"#).unwrap_err(), [SettingError::HalfTls]);
    assert!(settle(r#"{"tlsCert": "c"}"#, r#"{"tlsKey": "k"}"#).is_ok());
}

#[test]
fn limits_are_merged_one_by_one() {
    let flags = flags(file(r#"{"limits": {"calls": 1, "batch": 2}}"#));
    let settings =
        Settings::settle(flags, &Variables::default(), file(r#"{"limits": {"calls": 8, "headers": 9}}"#)).unwrap();
    let bounds = settings.bounds();
    assert_eq!((bounds.calls, bounds.batch, bounds.headers, bounds.body), (1, 2, 9, Limits::default().body));
}

#[test]
fn the_path_of_the_file_is_a_setting_too() {
    let variables = variables(&[("CONFIG_PATH", "./mcp-config.json")], &[]);
    let path = |flag: Option<&str>| config_path(flag.map(Into::into), &variables).unwrap();
    assert_eq!(path(Some("a")), Sourced { value: "a".into(), source: Origin::Flag });
    let source = Origin::Environment("CONFIG_PATH");
    assert_eq!(path(None), Sourced { value: "./mcp-config.json".into(), source });
    assert_eq!(config_path(None, &Variables::default()), None);
}
