//! Many clients on many threads, while everything changes.

use std::sync::Arc;

use mcp_aggregator::{HubOptions, Pattern, Rules};
use mcp_protocol::{code, method::TOOLS_CALL};

use crate::{
    client::{Client, hub, members},
    server::{Plan, Server},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_gets_their_own_answer_whatever_changes_meanwhile() {
    let servers: Vec<_> = (0..4).map(|n| Server::with_tools(&format!("s{n}"), &["x", "y"])).collect();
    for server in &servers {
        server.plan(TOOLS_CALL, Plan::ByHand);
        let server = Arc::clone(server);
        // It gives back what it was asked with.
        tokio::spawn(async move {
            loop {
                let call = server.next().await;
                let params = call.request.message().params().unwrap().to_owned();
                call.answers(&params).await;
            }
        });
    }
    let all: Vec<_> = servers.iter().collect();
    let hub = hub(&all);
    let changing = tokio::spawn({
        let (hub, kept) = (Arc::clone(&hub), members(&all));
        async move {
            for n in 0_usize.. {
                let deny = if n.is_multiple_of(2) { vec![Pattern::new("y")] } else { Vec::new() };
                let rules = [(format!("s{}", n % 4).into(), Rules { deny, ..Rules::default() })].into();
                hub.set_options(HubOptions { rules, ..HubOptions::default() });
                hub.look("s1");
                hub.set_members(kept[..3 + n % 2].to_vec());
                tokio::task::yield_now().await;
            }
        }
    });
    let clients = (0..8).map(|n: usize| {
        let hub = Arc::clone(&hub);
        tokio::spawn(async move {
            let client = Client::of(&hub).await;
            let mut answers = 0;
            for turn in 0..200 {
                let name = format!("s{}__{}", turn % 4, if n.is_multiple_of(2) { "x" } else { "y" });
                let own = format!(r#","arguments":{{"client":{n},"turn":{turn}}}}}"#);
                let Ok(reply) = client.send(1, TOOLS_CALL, &format!(r#"{{"name":"{name}"{own}"#)).await else {
                    continue;
                };
                let Ok(response) = reply.response().await else { continue };
                match response.result() {
                    Some(result) => assert!(result.ends_with(&own), "{result} is not {own}"),
                    None => assert_eq!(code::of(&response), Some(code::INVALID_PARAMS), "{response:?}"),
                }
                answers += usize::from(!response.is_error());
                if turn % 16 == 0 {
                    client.tools().await;
                }
            }
            client.connection.close().await;
            answers
        })
    });
    for answers in futures::future::join_all(clients).await {
        let answers = answers.unwrap();
        assert!(50 < answers, "{answers} of 200");
    }
    changing.abort();
}
