use http::HeaderValue;

use super::*;

fn listed(rules: &[(&str, Source)]) -> Result<RequestEnv, RuleError> {
    RequestEnv::listed(rules.iter().map(|(variable, source)| ((*variable).to_owned(), source.clone())).collect())
}

fn from_query(name: &str) -> Source {
    Source::Query(name.to_owned())
}

fn from_header(name: &'static str) -> Source {
    Source::Header(HeaderName::from_static(name))
}

fn read_all(env: &RequestEnv, headers: &HeaderMap, query: &str) -> Result<String, RefusedVariable> {
    let found = env.read(headers, Some(query))?;
    Ok(found.iter().map(|(name, value)| format!("{name}={}", value.expose())).collect::<Vec<_>>().join(";"))
}

fn read(env: &RequestEnv, query: &str) -> Result<String, RefusedVariable> {
    read_all(env, &HeaderMap::new(), query)
}

#[test]
fn what_is_the_proxys_own_sets_nothing_and_is_allowed() {
    let ours = "auth_key=a&key=b&session_id=c&sessionId=d&dialect=e&auth_key=f";
    for env in [RequestEnv::none(), RequestEnv::any()] {
        assert_eq!(read(&env, ours).as_deref(), Ok(""));
        assert_eq!(env.read(&HeaderMap::new(), None), Ok(BTreeMap::new()));
    }
    assert!(RequestEnv::none().is_none() && !RequestEnv::any().is_none());
}

#[test]
fn without_a_rule_nothing_foreign_is_allowed() {
    let refused = read(&RequestEnv::none(), "key=k&TOKEN=s3cret").unwrap_err();
    assert_eq!(refused, RefusedVariable::NotAllowed("TOKEN".to_owned()));
    let text = refused.to_string();
    assert!(text.contains("`TOKEN`") && text.contains("`requestEnv`") && text.contains("`--request-env`"), "{text}");
}

#[test]
fn a_rule_says_what_sets_which_variable() {
    let rules = [("TOKEN", from_query("token")), ("USER_ID", from_header("x-user")), ("COPY", from_query("token"))];
    let env = listed(&rules).unwrap();
    let mut headers = HeaderMap::from_iter([(HeaderName::from_static("x-user"), HeaderValue::from_static("u 1"))]);
    assert_eq!(read_all(&env, &headers, "token=t").as_deref(), Ok("COPY=t;TOKEN=t;USER_ID=u 1"));
    assert_eq!(read_all(&env, &headers, "").as_deref(), Ok("USER_ID=u 1"));
    for foreign in ["TOKEN=t", "token=t&USER_ID=u", "x-user=u"] {
        assert!(matches!(read(&env, foreign), Err(RefusedVariable::NotAllowed(_))), "{foreign}");
    }
    headers.append("x-user", HeaderValue::from_static("u 2"));
    let twice = read_all(&env, &headers, "token=t");
    assert_eq!(twice, Err(RefusedVariable::Repeated("x-user".to_owned())));
}

#[test]
fn any_parameter_sets_the_variable_of_its_name() {
    let read = |query| read(&RequestEnv::any(), query);
    assert_eq!(read("A=1&B_2=&key=k").as_deref(), Ok("A=1;B_2="));
    assert_eq!(read("%41=x+y%2Bz%3D%C3%A4%zz").as_deref(), Ok("A=x y+z=ä%zz"));
    assert_eq!(read("A=1&%41=2"), Err(RefusedVariable::Repeated("A".to_owned())));
}

#[test]
fn what_no_caller_may_choose_is_refused_always() {
    let dangerous = read(&RequestEnv::any(), "LD_PRELOAD=/tmp/s3cret.so").unwrap_err();
    let source = VariableError::Dangerous("LD_PRELOAD".to_owned());
    assert_eq!(dangerous, RefusedVariable::Variable { place: "LD_PRELOAD".to_owned(), source });
    let rule = listed(&[("node_options", from_query("x"))]).unwrap_err();
    assert!(matches!(rule, RuleError::Variable { source: VariableError::Dangerous(_), .. }), "{rule}");
}

#[test]
fn no_rule_takes_what_the_proxy_reads_itself() {
    for place in [
        from_query("key"),
        from_query("auth_key"),
        from_query("sessionId"),
        from_header("authorization"),
        from_header("x-api-key"),
        from_header(header::SESSION_ID),
    ] {
        let rule = listed(&[("TOKEN", place.clone())]).unwrap_err();
        assert!(matches!(rule, RuleError::Ours { .. }), "{place:?}");
    }
}

#[test]
fn a_value_is_plain_text_of_some_length() {
    let read = |value: &str| read(&RequestEnv::any(), &format!("A={value}"));
    assert!(read(&"x".repeat(4096)).is_ok());
    let long = read(&"x".repeat(4097)).unwrap_err();
    assert!(matches!(long, RefusedVariable::Variable { source: VariableError::TooLong(_), .. }), "{long}");
    for value in ["a%0Ab", "%1b[2J", "%7f", "%C2%85", "%ff"] {
        assert_eq!(read(value), Err(RefusedVariable::NotText("A".to_owned())), "{value}");
    }
    assert!(read("a%00").is_err());
}

#[test]
fn an_error_shows_a_short_printable_name_and_no_value() {
    let query = format!("%1b[2J{}=s3cret", "ä".repeat(1000));
    for env in [RequestEnv::none(), RequestEnv::any()] {
        let text = read(&env, &query).unwrap_err().to_string();
        assert!(text.contains("`?[2J????") && text.len() < 300 && text.is_ascii(), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}
