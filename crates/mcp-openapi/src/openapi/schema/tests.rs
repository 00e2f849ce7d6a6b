use std::fmt::Write as _;

use super::*;

/// The components of a schema as `name=text`, the schema itself first.
fn lifted(raw: &str) -> Result<Vec<String>, Unfit> {
    let components = lift(raw, "t_input", &mut Identifiers::default())?;
    Ok(components.into_iter().map(|(name, text)| format!("{name}={text}")).collect())
}

#[track_caller]
fn same(raw: &str) {
    assert_eq!(lifted(raw), Ok(vec![format!("t_input={raw}")]));
}

#[track_caller]
fn becomes(raw: &str, text: &str) {
    assert_eq!(lifted(raw), Ok(vec![format!("t_input={text}")]));
}

#[track_caller]
fn unfit(raw: &str) {
    assert_eq!(lifted(raw), Err(Unfit), "{raw}");
}

#[test]
fn what_means_the_same_in_a_document_stays_as_it_is() {
    same("{}");
    same(
        r#"{"type":"object","properties":{"a":{"type":"string","minLength":1,"x-y":[1]},"b":{"enum":[1.50,null]}},"required":["a"],"additionalProperties":false}"#,
    );
    same(
        r#"{"anyOf":[{"type":["string","null"]},{"items":{"const":{"a":[ 1 ]}}}],"patternProperties":{"^x":{}},"default":"ä"}"#,
    );
    same(r#"{"properties":{"$ref":{"type":"string"},"properties":{"title":"x"}},"if":{},"then":{"not":{}}}"#);
}

#[test]
fn parts_that_are_referred_to_become_components() {
    let raw = r##"{"$schema":"x","type":"object","properties":{"tree":{"$ref":"#/$defs/Node"},"b":{"$ref":"#/$defs/Node","title":"B"}},"$defs":{"Node":{"properties":{"next":{"$ref":"#/$defs/Node"},"all":{"$ref":"#"}}},"Unused":{"type":7}}}"##;
    let node = "#/components/schemas/t_input_Node";
    assert_eq!(
        lifted(raw).unwrap(),
        [
            format!(
                r#"t_input={{"type":"object","properties":{{"tree":{{"$ref":"{node}"}},"b":{{"$ref":"{node}","title":"B"}}}}}}"#
            ),
            format!(
                r##"t_input_Node={{"properties":{{"next":{{"$ref":"{node}"}},"all":{{"$ref":"#/components/schemas/t_input"}}}}}}"##
            ),
        ]
    );
}

#[test]
fn references_are_found_however_they_are_written() {
    for (reference, part) in [
        ("#/definitions/a%20b~1c", "a_b_c"),
        ("#/properties/list/items", "items"),
        ("#/allOf/1", "1"),
        ("http://x/s.json#/allOf/1", "1"),
    ] {
        let raw = format!(
            r#"{{"$id":"http://x/s.json#","properties":{{"r":{{"$ref":"{reference}"}},"list":{{"items":{{"title":"part"}}}}}},"definitions":{{"a b/c":{{"title":"part"}}}},"allOf":[{{}},{{"title":"part"}}]}}"#
        );
        let lifted = lifted(&raw).unwrap();
        assert!(
            lifted[0].contains(&format!(r##""r":{{"$ref":"#/components/schemas/t_input_{part}"}}"##)),
            "{reference}"
        );
        assert_eq!(lifted[1..], [format!(r#"t_input_{part}={{"title":"part"}}"#)]);
    }
}

#[test]
fn references_that_lead_nowhere_or_outside_are_not_followed() {
    for target in ["#/$defs/none", "#anchor", "http://x/other.json", "other.json#/a", "#/type/0", "#/%zz", "#/allOf/9"]
    {
        becomes(
            &format!(r#"{{"type":"object","not":{{"$ref":"{target}"}},"allOf":[{{}}]}}"#),
            &format!(r#"{{"type":"object","not":{{"x-mcp-ref":"{target}"}},"allOf":[{{}}]}}"#),
        );
    }
}

#[test]
fn older_spellings_are_brought_up_to_date() {
    becomes(
        r#"{"items":[{"type":"string"},true],"additionalItems":false}"#,
        r#"{"prefixItems":[{"type":"string"},{}],"items":{"not":{}}}"#,
    );
    becomes(r#"{"items":[],"minItems":0}"#, r#"{"minItems":0}"#);
    becomes(r#"{"items":{},"additionalItems":false}"#, r#"{"items":{}}"#);
    becomes(r#"{"properties":{"a":true,"b":false}}"#, r#"{"properties":{"a":{},"b":{"not":{}}}}"#);
    becomes(r##"{"$anchor":"a","title":"x","$dynamicRef":"#a","discriminator":{}}"##, r#"{"title":"x"}"#);
}

#[test]
fn keywords_that_are_not_known_become_extensions() {
    becomes(r#"{"nullable":true,"x-a":1,"a":2}"#, r#"{"x-nullable":true,"x-a":1}"#);
    becomes(r#"{"$ref":"http://x","x-mcp-ref":"y"}"#, r#"{"x-mcp-ref":"http://x"}"#);
    unfit(r#"{"x-a":{"$ref":"http://x"}}"#);
}

#[test]
fn what_is_no_schema_is_unfit() {
    let deep = |levels| r#"{"not":"#.repeat(levels) + "{}" + &"}".repeat(levels);
    same(&deep(MAX_DEPTH - 1));
    let deep = deep(MAX_DEPTH);
    let long = format!(r#"{{"title":"{}"}}"#, "x".repeat(LONGEST));
    for raw in [
        "",
        "null",
        "[]",
        "7",
        "\"object\"",
        "{",
        r#"{"type":"any"}"#,
        r#"{"type":"object","type":"object"}"#,
        r#"{"properties":[]}"#,
        r#"{"properties":{"a":"string"}}"#,
        r#"{"properties":{"a":{"required":true}}}"#,
        r#"{"anyOf":[]}"#,
        r#"{"anyOf":{}}"#,
        r#"{"items":null}"#,
        r#"{"$ref":7}"#,
        r#"{"items":[{}],"prefixItems":[{}]}"#,
        r#"{"default":{"$ref":"http://x"}}"#,
        &deep,
        &long,
    ] {
        unfit(raw);
    }
}

#[test]
fn a_schema_that_unfolds_without_end_is_unfit() {
    // Each part stands in all the parts around it, and is referred to.
    let mut raw = r#"{"title":"x"}"#.to_owned();
    for _ in 0..100 {
        raw = format!(r#"{{"not":{raw},"description":"{}"}}"#, "x".repeat(500));
    }
    let mut references = String::new();
    for depth in 1..100 {
        write!(references, r##"{{"$ref":"#{}"}},"##, "/not".repeat(depth)).unwrap();
    }
    unfit(&format!(r#"{{"not":{raw},"allOf":[{references}{{}}]}}"#));
    let many: Vec<_> = (0..=MOST_PARTS).map(|i| format!(r##"{{"$ref":"#/allOf/{i}"}}"##)).collect();
    unfit(&format!(r#"{{"allOf":[{}]}}"#, many.join(",")));
    let nowhere: Vec<_> = (0..=MOST_PARTS).map(|i| format!(r##"{{"$ref":"#/none/{i}"}}"##)).collect();
    unfit(&format!(r#"{{"allOf":[{}]}}"#, nowhere.join(",")));
}

#[test]
fn a_schema_that_leads_back_to_itself_is_unfit_unless_the_value_gets_smaller() {
    unfit(r##"{"$ref":"#"}"##);
    unfit(
        r##"{"properties":{"a":{"$ref":"#/$defs/a"}},"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"allOf":[{"$ref":"#/$defs/a"}]}}}"##,
    );
    unfit(r##"{"items":{"$ref":"#/$defs/a"},"$defs":{"a":{"anyOf":[{},{"not":{"$ref":"#/$defs/a"}}]}}}"##);
    assert!(lifted(r##"{"anyOf":[{"items":{"$ref":"#"}},{"properties":{"a":{"not":{"$ref":"#"}}}}]}"##).is_ok());
}

#[test]
fn arguments_are_always_an_object() {
    let read = |raw: Option<&str>| {
        let components = input(raw, "t_input", &mut Identifiers::default());
        assert_eq!((components.len(), components[0].0.as_str()), (1, "t_input"));
        components[0].1.clone()
    };
    assert_eq!(read(Some(r#"{"type":"object"}"#)), r#"{"type":"object"}"#);
    assert_eq!(read(Some(r#"{"properties":{}}"#)), r#"{"properties":{},"type":"object"}"#);
    assert_eq!(read(Some(r#"{"type":"string"}"#)), r#"{"type":"object","x-mcp-input-schema":"{\"type\":\"string\"}"}"#);
    assert_eq!(read(Some("true")), r#"{"type":"object"}"#);
    assert_eq!(read(Some("7")), r#"{"type":"object","x-mcp-input-schema":"7"}"#);
    assert_eq!(read(None), r#"{"type":"object"}"#);
    assert_eq!(read(Some(&"[".repeat(LONGEST + 1))), r#"{"type":"object"}"#);
}
