//! The configuration as a whole.

use std::sync::Arc;

use crate::{
    answer::{Answer, json_text},
    ask::Ask,
    route::Route,
    state::State,
};

pub(crate) const ROUTES: &[Route] =
    &[Route::get("/config/schema", "getSchema", "The JSON Schema of the configuration file.", |state, ask| {
        Box::pin(schema(state, ask))
    })
    .gives("Schema")];

async fn schema(_: Arc<State>, _: Ask) -> Answer {
    Ok(json_text(http::StatusCode::OK, mcp_config::schema()))
}
