use super::*;

fn made(kind: PackageKind, text: &str) -> Result<Preview, PackageError> {
    preview(kind, text, &Answers::new(), 0)
}

fn command(kind: PackageKind, text: &str) -> String {
    made(kind, text).map_or_else(|error| format!("error: {error}"), |made| made.command)
}

fn env(preview: &Preview) -> Vec<(&str, &str)> {
    match &preview.entry {
        Entry::Stdio { env, .. } => env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        Entry::Remote { .. } => panic!("no process"),
    }
}

#[test]
fn a_name_or_a_whole_command_line_makes_the_same_entry() {
    let named = made(PackageKind::Npx, "@modelcontextprotocol/server-filesystem /data").unwrap();
    assert_eq!(named.command, "npx -y @modelcontextprotocol/server-filesystem /data");
    assert_eq!(named.name, "filesystem");
    for text in [
        "npx -y @modelcontextprotocol/server-filesystem /data",
        "$ npx @modelcontextprotocol/server-filesystem /data\n",
        "/usr/bin/npx -y \\\n  @modelcontextprotocol/server-filesystem '/data'",
        "npx.cmd -y @modelcontextprotocol/server-filesystem /data",
    ] {
        assert_eq!(made(PackageKind::Npx, text).unwrap(), named, "{text}");
    }
    let json = serde_json::to_string(&named.entry).unwrap();
    assert_eq!(json, r#"{"command":"npx","args":["-y","@modelcontextprotocol/server-filesystem","/data"]}"#);
}

#[test]
fn options_and_variables_are_kept() {
    let npx = made(PackageKind::Npx, "A=1 TOKEN='x y' npx --yes --package=@a/b-mcp serve --port 1").unwrap();
    assert_eq!(npx.command, "npx --yes --package=@a/b-mcp serve --port 1");
    assert_eq!((npx.name.as_str(), env(&npx)), ("b", vec![("A", "1"), ("TOKEN", "x y")]));
    let uvx = made(PackageKind::Uvx, "uvx --from git+https://x/y@1 --python 3.12 mcp-server-time --local UTC").unwrap();
    assert_eq!(uvx.command, "uvx --from git+https://x/y@1 --python 3.12 mcp-server-time --local UTC");
    assert_eq!(uvx.name, "time");
}

#[test]
fn a_container_speaks_on_its_stdin_and_gets_secrets_from_the_environment() {
    for (text, expected) in [
        ("mcp/time", "docker run -i --rm mcp/time"),
        ("docker run -it --rm mcp/time --x", "docker run -i --rm mcp/time --x"),
        ("docker container run -d -v /a:/b --name x mcp/time", "docker run -i --rm -v /a:/b --name x mcp/time"),
        ("docker run --rm --interactive --net=host -p 1:2 x", "docker run -i --rm --net=host -p 1:2 x"),
        ("docker run -ie A=1 -eB=2 --env=C=3 --env D=4 x", "docker run -i --rm -e A -e B -e C -e D x"),
        ("docker run -v/a:/b x", "docker run -i --rm -v/a:/b x"),
        ("docker compose up", "error: only `docker run` starts a server"),
    ] {
        assert_eq!(command(PackageKind::Docker, text), expected, "{text}");
    }
    let text = "docker run -i -e GITHUB_TOKEN -e A=s3cret ghcr.io/github/github-mcp-server";
    let asked = made(PackageKind::Docker, text).unwrap();
    assert_eq!(env(&asked), [("A", "s3cret"), ("GITHUB_TOKEN", "${input:GITHUB_TOKEN}")]);
    assert!(!asked.command.contains("s3cret"), "{}", asked.command);
    let [input] = &asked.inputs[..] else { panic!("{:?}", asked.inputs) };
    assert!(input.required && input.secret && input.name == "GITHUB_TOKEN");
    let answers = Answers::from([("GITHUB_TOKEN".to_owned(), "t0p".to_owned())]);
    let answered = preview(PackageKind::Docker, text, &answers, 0).unwrap();
    assert_eq!(env(&answered), [("A", "s3cret"), ("GITHUB_TOKEN", "t0p")]);
    assert!(!format!("{answered:?}").contains("s3cret"));
}

#[test]
fn what_is_no_command_line_of_it_is_refused() {
    for (kind, text, expected) in [
        (PackageKind::Npx, "", "no package is named"),
        (PackageKind::Npx, "npx -y", "no package is named"),
        (PackageKind::Npx, "npx a && rm -rf /", "`&&` means something to a shell"),
        (PackageKind::Npx, "npx a\nnpx b", "`a new line` means something to a shell"),
        (PackageKind::Npx, "npx 'a", "the command line must be"),
        (PackageKind::Npx, "uvx a", "this is no command line of `npx`"),
        (PackageKind::Uvx, "sudo uvx a", "this is no command line of `uvx`"),
        (PackageKind::Docker, "docker run -i --rm", "no image is named"),
    ] {
        let error = made(kind, text).unwrap_err().to_string();
        assert!(error.starts_with(expected) || error.contains(expected), "{text}: {error}");
    }
    assert_eq!(made(PackageKind::Npx, &"x".repeat(LARGEST + 1)), Err(PackageError::TooLong));
}

const SERVER: &str = r#"{
    "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
    "name": "io.github.someone/files-mcp", "description": "Files.", "version": "1.0.2",
    "packages": [
        {
            "registryType": "npm", "identifier": "@someone/files", "version": "1.0.2", "transport": {"type": "stdio"},
            "packageArguments": [
                {"type": "named", "name": "--mode", "default": "local", "choices": ["local", "far"]},
                {"type": "named", "name": "--verbose"},
                {"type": "named", "name": "--cache", "description": "A folder.", "format": "filepath"},
                {"type": "positional", "valueHint": "folder", "isRequired": true, "isRepeated": true}
            ],
            "environmentVariables": [
                {"name": "FILES_KEY", "description": "A key.", "isRequired": true, "isSecret": true},
                {"name": "LEVEL", "default": "info"}, {"name": "EXTRA"}
            ]
        },
        {
            "registryType": "oci", "identifier": "docker.io/someone/files:1.0.2", "transport": {"type": "stdio"},
            "runtimeHint": "docker",
            "runtimeArguments": [
                {"type": "named", "name": "--mount", "value": "type=bind,src={from},dst={to}", "variables": {
                    "from": {"isRequired": true, "format": "filepath"}, "to": {"default": "/data"}}},
                {"type": "named", "name": "--user", "value": "{uid}", "variables": {"uid": {}}}
            ],
            "packageArguments": [{"type": "positional", "value": "/data"}],
            "environmentVariables": [{"name": "FILES_KEY", "isRequired": true, "isSecret": true}]
        },
        {"registryType": "mcpb", "identifier": "https://x/y.mcpb", "transport": {"type": "stdio"}},
        {"registryType": "npm", "identifier": "served", "transport": {"type": "streamable-http", "url": "http://x"}},
        {"registryType": "npm", "identifier": "--eval=evil", "transport": {"type": "stdio"}}
    ],
    "remotes": [
        {"type": "streamable-http", "url": "https://{tenant}.example.com/mcp{x}",
            "variables": {"tenant": {"isRequired": true}},
            "headers": [
                {"name": "Authorization", "value": "Bearer {token}", "variables": {"token": {"isSecret": true, "isRequired": true}}},
                {"name": "X-Region", "default": "eu"}, {"name": "X-More"}
            ]}
    ]
}"#;

#[test]
fn a_package_of_the_registry_asks_for_what_it_wants() {
    let made = made(PackageKind::Registry, SERVER).unwrap();
    assert_eq!(made.name, "files");
    assert_eq!(
        made.choices,
        ["npx @someone/files", "docker docker.io/someone/files:1.0.2", "http https://{tenant}.example.com/mcp{x}"]
    );
    assert_eq!(made.command, "npx -y @someone/files@1.0.2 --mode local --verbose '${input:folder}'");
    assert_eq!(env(&made), [("FILES_KEY", "${input:FILES_KEY}"), ("LEVEL", "info")]);
    let asked: Vec<_> = made.inputs.iter().map(|input| (input.name.as_str(), input.required, input.secret)).collect();
    assert_eq!(
        asked,
        [
            ("FILES_KEY", true, true),
            ("LEVEL", false, false),
            ("EXTRA", false, false),
            ("mode", false, false),
            ("cache", false, false),
            ("folder", true, false)
        ]
    );
    let answers = [("folder", "/a b\n/c"), ("cache", "/tmp"), ("mode", "far"), ("FILES_KEY", "k"), ("LEVEL", "")];
    let answers = answers.map(|(name, answer)| (name.to_owned(), answer.to_owned())).into();
    let answered = preview(PackageKind::Registry, SERVER, &answers, 0).unwrap();
    assert_eq!(answered.command, "npx -y @someone/files@1.0.2 --mode far --verbose --cache /tmp '/a b' /c");
    assert_eq!(env(&answered), [("FILES_KEY", "k"), ("LEVEL", "info")]);
}

#[test]
fn an_image_of_the_registry_is_run_with_its_mounts() {
    let answers = Answers::from([("from".to_owned(), "/home".to_owned())]);
    let made = preview(PackageKind::Registry, SERVER, &answers, 1).unwrap();
    assert_eq!(
        made.command,
        "docker run -i --rm -e FILES_KEY --mount type=bind,src=/home,dst=/data docker.io/someone/files:1.0.2 /data"
    );
}

#[test]
fn a_remote_of_the_registry_has_its_headers() {
    let made = preview(PackageKind::Registry, SERVER, &Answers::new(), 2).unwrap();
    let json = serde_json::to_string(&made.entry).unwrap();
    assert_eq!(
        json,
        r#"{"type":"http","url":"https://${input:tenant}.example.com/mcp{x}","headers":{"Authorization":"Bearer ${input:token}","X-Region":"eu"}}"#
    );
    let error = preview(PackageKind::Registry, SERVER, &Answers::new(), 3).unwrap_err();
    assert_eq!(error, PackageError::NoChoice(3));
}

#[test]
fn the_words_of_before_and_the_answer_of_a_registry_are_read_too() {
    let old = r#"{"server": {"name": "io.example/weather", "packages": [{
        "registry_type": "pypi", "registry_base_url": "https://pypi.org", "identifier": "weather-mcp-server",
        "version": "0.5.0", "runtime_hint": "uvx",
        "environment_variables": [{"name": "K", "is_required": true, "is_secret": true}]}]}, "_meta": {}}"#;
    let made = made(PackageKind::Registry, old).unwrap();
    assert_eq!(made.command, "uvx weather-mcp-server@0.5.0");
    assert!(made.inputs[0].required && made.inputs[0].secret);
}

#[test]
fn only_a_known_launcher_runs_and_the_registry_is_the_one_that_is_meant() {
    let package = |more: &str| {
        let text = format!(r#"{{"name": "a/b", "packages": [{{"identifier": "thing", "version": "1", {more}}}]}}"#);
        command(PackageKind::Registry, &text)
    };
    assert_eq!(package(r#""registryType": "npm", "runtimeHint": "sh""#), "npx -y thing@1");
    assert_eq!(package(r#""registryType": "npm", "runtimeHint": "bunx""#), "bunx thing@1");
    assert_eq!(
        package(r#""registryType": "npm", "registryBaseUrl": "https://npm.corp""#),
        "npx -y --registry=https://npm.corp thing@1"
    );
    assert_eq!(
        package(r#""registryType": "pypi", "registryBaseUrl": "https://pypi.corp""#),
        "uvx --default-index=https://pypi.corp thing@1"
    );
    assert_eq!(
        package(r#""registryType": "oci", "registryBaseUrl": "https://ghcr.io""#),
        "docker run -i --rm ghcr.io/thing:1"
    );
    assert!(package(r#""registryType": "cargo""#).contains("(cargo)"));
}

#[test]
fn what_is_no_server_json_is_refused() {
    for text in ["", "[]", "{}", "nonsense", r#"{"name": 1}"#, r#"{"name": "a", "packages": [{}]}"#] {
        assert!(matches!(made(PackageKind::Registry, text), Err(PackageError::Json(_))), "{text}");
    }
    assert!(matches!(made(PackageKind::Registry, r#"{"name": "a"}"#), Err(PackageError::NoWay(_))));
}
