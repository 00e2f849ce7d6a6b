use proptest::prelude::*;

use super::*;

const REGION: &str = r#"{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},
    "query":{"type":"string"},"deep":{"type":"object","properties":{"n":{"type":"integer","x-mcp-header":"N"}}}}}"#;

#[track_caller]
fn check(arguments: &str, headers: &[(&str, &str)], expect: &Result<(), MirrorError>) {
    let outcome = ParamHeaders::read(REGION).unwrap().check(Some(arguments), |name| {
        headers.iter().filter(|(known, _)| *known == name).map(|(_, value)| value.as_bytes()).collect()
    });
    assert_eq!(&outcome, expect);
}

#[track_caller]
fn refuse(property: &str, error: ParamError) {
    let schema = format!(r#"{{"type":"object","properties":{{"a":{property}}}}}"#);
    assert_eq!(ParamHeaders::read(&schema), Err(error), "{schema}");
}

const REGION_HEADER: &str = "mcp-param-region";

#[test]
fn annotated_arguments_become_headers_at_any_depth() {
    let headers = ParamHeaders::read(REGION).unwrap();
    let made = headers.of(Some(r#"{"query":"q","deep":{"n":42.0},"region":"us-west1"}"#));
    assert_eq!(made, [("mcp-param-n", "42".to_owned()), (REGION_HEADER, "us-west1".to_owned())]);
    assert!(headers.of(Some(r#"{"region":null,"deep":7}"#)).is_empty());
    assert!(headers.of(None).is_empty());
    let injected = headers.of(Some(r#"{"region":"a\r\nx: y"}"#));
    assert_eq!(injected, [(REGION_HEADER, "=?base64?YQ0KeDogeQ==?=".to_owned())]);
}

#[test]
fn headers_and_arguments_must_agree() {
    let mismatch = || Err(MirrorError::Mismatch { header: REGION_HEADER.into() });
    let region = r#"{"region":"us"}"#;
    check(region, &[(REGION_HEADER, "us")], &Ok(()));
    check(region, &[(REGION_HEADER, "=?base64?dXM=?=")], &Ok(()));
    check(region, &[(REGION_HEADER, "eu")], &mismatch());
    check(region, &[], &Err(MirrorError::Missing { header: REGION_HEADER.into() }));
    check(region, &[(REGION_HEADER, "=?base64?dXM?=")], &Err(MirrorError::Malformed { header: REGION_HEADER.into() }));
    let twice = [(REGION_HEADER, "us"), (REGION_HEADER, "us")];
    check(region, &twice, &Err(MirrorError::Repeated { header: REGION_HEADER.into() }));
    check(r#"{"region":"us","region":"eu"}"#, &[(REGION_HEADER, "us")], &mismatch());
    check("{}", &[], &Ok(()));
    check(r#"{"region":null}"#, &[], &Ok(()));
    check("{}", &[(REGION_HEADER, "us")], &mismatch());
    check(r#"{"region":{}}"#, &[], &Ok(()));
    check(r#"{"deep":{"n":42}}"#, &[("mcp-param-n", "42.0")], &Ok(()));
    check(r#"{"query":"q"}"#, &[("mcp-param-query", "other")], &Ok(()));
}

#[test]
fn a_tool_has_its_schema_inside_and_a_call_its_arguments() {
    let tool = format!(r#"{{"name":"t","inputSchema":{REGION}}}"#);
    let headers = ParamHeaders::of_tool(&tool).unwrap();
    assert_eq!(headers, ParamHeaders::read(REGION).unwrap());
    assert_eq!(headers.names().collect::<Vec<_>>(), ["mcp-param-n", REGION_HEADER]);
    assert_eq!(ParamHeaders::of_tool(r#"{"name":"t"}"#), Ok(ParamHeaders::default()));
    let twice = format!(r#"{{"name":"t","inputSchema":{REGION},"inputSchema":{{}}}}"#);
    assert_eq!(ParamHeaders::of_tool(&twice), Err(ParamError::Schema));

    let call = |arguments: &str| {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"t"{arguments}}}}}"#);
        Message::parse(bytes::Bytes::from(text)).unwrap()
    };
    let us = call(r#","arguments":{"region":"us"}"#);
    assert_eq!(headers.of_call(&us), [(REGION_HEADER, "us".to_owned())]);
    assert_eq!(headers.check_call(&us, |_| HeaderField::Absent).unwrap_err().code(), crate::code::HEADER_MISMATCH);
    assert_eq!(headers.check_call(&call(""), |_| HeaderField::Absent), Ok(()));
    let twice = call(r#","arguments":{},"arguments":{"region":"us"}"#);
    assert!(headers.check_call(&twice, |_| HeaderField::Absent).is_err());
    assert_eq!(ParamHeaders::default().check_call(&twice, |_| HeaderField::Absent), Ok(()));
}

#[test]
fn annotations_that_break_a_rule_refuse_the_tool() {
    refuse(r#"{"type":"string","x-mcp-header":""}"#, ParamError::Name);
    refuse(r#"{"type":"string","x-mcp-header":7}"#, ParamError::Name);
    for name in ["My Region", "a:b", "Région", "a\\u0007"] {
        refuse(&format!(r#"{{"type":"string","x-mcp-header":"{name}"}}"#), ParamError::Name);
    }
    for kind in [r#""number""#, r#""object""#, r#""array""#, r#""null""#, r#"["string","null"]"#] {
        refuse(&format!(r#"{{"type":{kind},"x-mcp-header":"A"}}"#), ParamError::Type);
    }
    refuse(r#"{"x-mcp-header":"A"}"#, ParamError::Type);
    refuse(r#"{"type":"string","\u0078-mcp-header":""}"#, ParamError::Name);
    let twice = r#"{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}"#;
    refuse(twice, ParamError::Duplicate);
    assert_eq!(ParamHeaders::read(r#"{"x-mcp-header""#), Err(ParamError::Schema));
}

#[test]
fn annotations_off_the_chain_of_properties_refuse_the_tool() {
    let inner = r#"{"type":"string","x-mcp-header":"A"}"#;
    for keyword in ["items", "not", "if", "additionalProperties", "contains"] {
        refuse(&format!(r#"{{"{keyword}":{inner}}}"#), ParamError::Place);
        refuse(&format!(r#"{{"{keyword}":{{"properties":{{"b":{inner}}}}}}}"#), ParamError::Place);
    }
    for keyword in ["oneOf", "anyOf", "allOf", "prefixItems"] {
        refuse(&format!(r#"{{"{keyword}":[true,{inner}]}}"#), ParamError::Place);
    }
    for keyword in ["$defs", "definitions", "patternProperties", "dependentSchemas"] {
        refuse(&format!(r#"{{"{keyword}":{{"b":{inner}}}}}"#), ParamError::Place);
    }
    assert_eq!(ParamHeaders::read(r#"{"type":"string","x-mcp-header":"A"}"#), Err(ParamError::Place));
}

#[test]
fn a_name_or_a_datum_is_no_annotation() {
    for schema in [
        r#"{"properties":{"x-mcp-header":{"type":"string"}}}"#,
        r#"{"$defs":{"x-mcp-header":{"type":"string"}}}"#,
        r#"{"properties":{"a":{"default":{"x-mcp-header":""},"enum":[{"x-mcp-header":1}]}}}"#,
        r#"{"properties":{"a":{"description":"x-mcp-header"}}}"#,
        r#"{"properties":true}"#,
    ] {
        assert!(ParamHeaders::read(schema).unwrap().is_empty(), "{schema}");
    }
}

#[test]
fn as_many_as_there_is_room_for_and_no_more() {
    let schema = |count| {
        let property = |n| format!(r#""p{n}":{{"type":"string","x-mcp-header":"P{n}"}}"#);
        format!(r#"{{"properties":{{{}}}}}"#, (0..count).map(property).collect::<Vec<_>>().join(","))
    };
    assert_eq!(ParamHeaders::read(&schema(ParamHeaders::MAX)).unwrap().params.len(), ParamHeaders::MAX);
    assert_eq!(ParamHeaders::read(&schema(ParamHeaders::MAX + 1)), Err(ParamError::TooMany));
}

proptest! {
    #[test]
    fn what_is_made_passes_the_check(region in any::<String>(), n in any::<i64>()) {
        let arguments = format!(r#"{{"region":{},"deep":{{"n":{n}}}}}"#, mcp_jsonrpc::quote(&region));
        let params = ParamHeaders::read(REGION).unwrap();
        let made = params.of(Some(&arguments));
        let checked = params.check(Some(&arguments), |name| {
            made.iter().filter(|(known, _)| *known == name).map(|(_, value)| value.as_bytes()).collect()
        });
        prop_assert_eq!(checked, Ok(()));
    }
}
