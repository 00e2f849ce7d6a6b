use super::*;

#[track_caller]
fn check(method: &Method, path: &str, action: Action) {
    assert_eq!(Route::find(method, path), Ok(of("a b", action)), "{path}");
    assert_eq!(Route::find(method, path), Route::find(method, &format!("{path}/")), "{path}");
}

fn name() -> String {
    "x/y".to_owned()
}

#[test]
fn each_action_has_its_path() {
    let (get, post) = (&Method::GET, &Method::POST);
    check(post, "/api/mcp/a%20b/initialize", Action::Initialize);
    check(get, "/api/mcp/a%20b/tools", Action::Tools);
    check(post, "/api/mcp/a%20b/tools/x%2Fy/execute", Action::Call { tool: name() });
    check(get, "/api/mcp/a%20b/resources", Action::Resources);
    check(get, "/api/mcp/a%20b/resources/templates", Action::ResourceTemplates);
    check(get, "/api/mcp/a%20b/resources/read", Action::ReadResource);
    check(get, "/api/mcp/a%20b/prompts", Action::Prompts);
    check(post, "/api/mcp/a%20b/prompts/x%2Fy", Action::Prompt { prompt: name() });
    check(post, "/api/mcp/a%20b/complete", Action::Complete);
    check(post, "/api/mcp/a%20b/input", Action::Input);
    check(get, "/api/mcp/a%20b/calls/x%2Fy", Action::Outcome { call: name() });
    check(&Method::DELETE, "/api/mcp/a%20b/calls/x%2Fy", Action::Cancel { call: name() });
    check(get, "/api/mcp/a%20b/openapi.json", Action::Document);
    check(get, "/a%20b/openapi.json", Action::ShortDocument);
    check(get, "/a%20b/docs", Action::ShortDocs);
    check(post, "/a%20b/x%2Fy", Action::ShortCall { tool: name() });
}

#[test]
fn what_is_of_no_server_has_its_path_too() {
    let find = |path| Route::find(&Method::GET, path);
    assert_eq!(find("/api/list-servers"), Ok(Route::Servers));
    assert_eq!(find("/openapi.json"), Ok(Route::Document));
    for (path, file) in [
        ("/docs", DocsFile::Page),
        ("/docs/", DocsFile::Page),
        ("/docs/page.js", DocsFile::Script),
        ("/docs/page.css", DocsFile::Style),
        ("/a/docs/page.js", DocsFile::Script),
        ("/a/docs/page.css", DocsFile::Style),
    ] {
        assert_eq!(find(path), Ok(Route::Docs(file)), "{path}");
    }
}

#[test]
fn names_that_look_like_ours_are_names_where_a_name_stands() {
    for (path, server, action) in [
        ("/api/mcp/api/tools/execute/execute", "api", Action::Call { tool: "execute".to_owned() }),
        ("/api/mcp/mcp/tools/~../execute", "mcp", Action::Call { tool: "..".to_owned() }),
        ("/a/docs", "a", Action::ShortCall { tool: "docs".to_owned() }),
        ("/a/openapi.json", "a", Action::ShortCall { tool: "openapi.json".to_owned() }),
        ("/a/~", "a", Action::ShortCall { tool: String::new() }),
        ("/mcp/tools", "mcp", Action::ShortCall { tool: "tools".to_owned() }),
    ] {
        assert_eq!(Route::find(&Method::POST, path), Ok(of(server, action)), "{path}");
    }
}

#[test]
fn other_paths_are_unknown() {
    let long = "/x".repeat(40);
    for path in [
        "",
        "/",
        "*",
        "//",
        "/a",
        "/api",
        "/api/x",
        "/api/mcp",
        "/api/mcp/a",
        "/api/mcp/a/x",
        "/api/mcp//tools",
        "/api/mcp/../tools",
        "/api/mcp/%2e%2e/tools",
        "/api/mcp/a/tools/%zz/execute",
        "/api/mcp/a/tools/%ff/execute",
        "/api/mcp/a/tools//execute",
        "/api/mcp/a/tools//",
        "/docs/page.html",
        "/docs/x",
        "/openapi.json/x",
        "/a/mcp",
        "/a/sse",
        "/a/message",
        "/a/messages",
        "/a/b/c",
        &long,
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            assert_eq!(Route::find(&method, path), Err(NoRoute::Unknown), "{method} {path}");
        }
    }
}

#[test]
fn a_wrong_method_names_the_right_ones() {
    for (method, path, allowed) in [
        (Method::POST, "/api/list-servers", "GET"),
        (Method::GET, "/api/mcp/a/initialize", "POST"),
        (Method::GET, "/api/mcp/a/tools/b/execute", "POST"),
        (Method::POST, "/api/mcp/a/calls/1", "GET, DELETE"),
        (Method::PUT, "/a/docs", "GET, POST"),
        (Method::DELETE, "/a/openapi.json", "GET, POST"),
        (Method::GET, "/a/b", "POST"),
        (Method::HEAD, "/docs/page.js", "GET"),
    ] {
        assert_eq!(Route::find(&method, path), Err(NoRoute::WrongMethod { allowed }), "{method} {path}");
    }
}
