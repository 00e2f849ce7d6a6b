//! Joins one client on stdin and stdout to one server behind a URL.

use std::process::ExitCode;

use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use mcp_config::{Composer, Defaults, IdleTimeout, ServerEntry, ServerSettings, Settings, Target, Variables, Wire};
use mcp_proxy_core::{Proxy, aggregator::Rules, remote::ServerUrl, stdio::own, transport::Kinds};

use crate::{
    CliError, Common,
    run::{begin, exit},
    signal,
    sources::{overrides, settle, variables},
};

/// A client on stdin and stdout, and a server behind a URL.
#[derive(Debug)]
pub struct Bridge {
    /// What the program is called.
    pub name: &'static str,
    /// How to log, and bounds.
    pub common: Common,
    /// Where the server is.
    pub url: String,
    /// Headers of every request, as in `Name: value`; `${NAME}` in a value is replaced.
    pub headers: Vec<String>,
    /// Headers whose values are those of variables, as in `Name=VARIABLE`.
    pub header_env: Vec<String>,
    /// The variable with the bearer token.
    pub bearer_env: Option<String>,
}

const SERVER: &str = "remote";

/// Serves the server to the client until either hangs up for good, and says how to exit.
#[must_use]
pub fn run_bridge(bridge: &Bridge) -> ExitCode {
    exit(bridge.name, go(bridge))
}

fn go(bridge: &Bridge) -> Result<(), CliError> {
    let variables = variables()?;
    let settings = settle(&overrides(&bridge.common)?, &variables, None)?;
    let headers = headers(bridge, &variables)?;
    let url = ServerUrl::parse(&bridge.url).map_err(|error| CliError::Setting(format!("`--url`: {error}")))?;
    let runtime = begin(&settings)?;
    let outcome = runtime.block_on(serve(bridge, url, headers, &settings));
    // A stdin that nobody closes must not keep us.
    runtime.shutdown_background();
    outcome
}

async fn serve(bridge: &Bridge, url: ServerUrl, headers: HeaderMap, settings: &Settings) -> Result<(), CliError> {
    let limits = settings.bounds();
    let composer = Composer::new(limits.clone(), Kinds::default());
    let entry = ServerEntry {
        name: SERVER.into(),
        target: Target::Remote { url, wire: Wire::Detect, headers },
        // Whoever starts one server by hand wants it to stay.
        settings: ServerSettings { idle_timeout: Some(IdleTimeout::Never), ..ServerSettings::default() },
        rules: Rules::default(),
    };
    let server = composer.server(&entry, &Defaults::of(settings))?;
    let proxy = Proxy::builder().name(bridge.name).limits(limits).server_with(server).build()?;
    let (input, output) = own().map_err(CliError::Streams)?;
    let outcome = proxy.serve_bytes(SERVER, input, output, signal::told_to_stop()).await;
    proxy.close().await;
    outcome.map_err(CliError::Streams)
}

/// The headers of every request. What is told of them has no value in it.
fn headers(bridge: &Bridge, variables: &Variables) -> Result<HeaderMap, CliError> {
    let wrong = |text: String| CliError::Setting(text);
    let of_variable = |option: &str, variable: &str| {
        let value = variables.get(variable).filter(|value| !value.is_empty());
        value.ok_or_else(|| wrong(format!("`{option}` names the variable `{variable}`, which is not set")))
    };
    let mut headers = HeaderMap::new();
    for text in &bridge.headers {
        let (name, value) = text.split_once(':').ok_or_else(|| wrong("`--header` must be `Name: value`".to_owned()))?;
        let value =
            variables.expand(value.trim()).map_err(|error| wrong(format!("`--header {}`: {error}", name.trim())))?;
        insert(&mut headers, "--header", name.trim(), &value)?;
    }
    for text in &bridge.header_env {
        let pair = text.split_once('=').ok_or_else(|| wrong("`--header-env` must be `Name=VARIABLE`".to_owned()))?;
        insert(&mut headers, "--header-env", pair.0.trim(), &of_variable("--header-env", pair.1.trim())?)?;
    }
    if let Some(variable) = &bridge.bearer_env {
        let token = of_variable("--bearer-env", variable)?;
        insert(&mut headers, "--bearer-env", AUTHORIZATION.as_str(), &format!("Bearer {}", token.trim()))?;
    }
    Ok(headers)
}

fn insert(headers: &mut HeaderMap, option: &str, name: &str, value: &str) -> Result<(), CliError> {
    let wrong = |why: &str| CliError::Setting(format!("`{option}`: {why}"));
    let header = HeaderName::try_from(name).map_err(|_| wrong("this is no name of a header"))?;
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| wrong(&format!("the value of `{header}` must be visible ASCII, for it is that of a header")))?;
    value.set_sensitive(true);
    match headers.try_insert(header, value) {
        Ok(None) => Ok(()),
        Ok(Some(_)) => Err(wrong("a header is set twice; keep one")),
        Err(_) => Err(wrong("there are too many headers")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use mcp_proxy_core::transport::Secret;

    use super::*;

    fn bridge(headers: &[&str], header_env: &[&str], bearer_env: Option<&str>) -> Result<HeaderMap, String> {
        let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        let bridge = Bridge {
            name: "mcp-hub",
            common: Common::default(),
            url: "https://example.com/mcp".to_owned(),
            headers: texts(headers),
            header_env: texts(header_env),
            bearer_env: bearer_env.map(str::to_owned),
        };
        let set = [("TOKEN", "s3cret"), ("BAD", "s3cret\n!"), ("EMPTY", "")];
        let set: BTreeMap<_, _> = set.map(|(name, value)| (name.to_owned(), Secret::new(value))).into();
        super::headers(&bridge, &Variables::new(set, BTreeMap::new())).map_err(|error| error.to_string())
    }

    #[test]
    fn secrets_come_from_variables_and_stay_out_of_sight() {
        let headers = bridge(&["X-Tenant: a:b", "X-Key:k-${TOKEN}"], &["X-Other=TOKEN"], Some("TOKEN")).unwrap();
        let value = |name: &str| headers[name].to_str().unwrap().to_owned();
        assert_eq!((value("x-tenant"), value("x-key")), ("a:b".to_owned(), "k-s3cret".to_owned()));
        assert_eq!((value("x-other"), value("authorization")), ("s3cret".to_owned(), "Bearer s3cret".to_owned()));
        assert!(!format!("{headers:?}").contains("s3cret"));
    }

    #[test]
    fn what_cannot_be_a_header_is_refused_without_its_value() {
        for (headers, header_env, bearer_env, told) in [
            (&["s3cret"][..], &[][..], None, "must be `Name: value`"),
            (&["a b: s3cret"], &[], None, "no name of a header"),
            (&["X-Key: ${NONE}"], &[], None, "--header X-Key`: the variable `NONE` is not set"),
            (&["X-Key: ${BAD}"], &[], None, "the value of `x-key` must be visible ASCII"),
            (&["Authorization: s3cret"], &[], Some("TOKEN"), "set twice"),
            (&[], &["X-Key"], None, "must be `Name=VARIABLE`"),
            (&[], &["X-Key=NONE"], None, "the variable `NONE`, which is not set"),
            (&[], &[], Some("EMPTY"), "the variable `EMPTY`, which is not set"),
        ] {
            let refused = bridge(headers, header_env, bearer_env).unwrap_err();
            assert!(refused.contains(told) && !refused.contains("s3cret"), "{refused}");
        }
    }
}
