//! What the configuration says of installs.

use crate::{
    installs::{InstallPlan, InstallState, PlanError},
    state::State,
};

/// Every server that can be installed, with what would be done.
pub(super) fn plans(_state: &State) -> Vec<(String, Result<InstallPlan, PlanError>)> {
    Vec::new()
}

/// Where the install of a server stands; `None` if it has none.
pub(crate) fn state_of(state: &State, server: &str) -> Option<InstallState> {
    let (_, plan) = plans(state).into_iter().find(|(name, _)| name == server)?;
    Some(plan.map_or(InstallState::Failed, |plan| state.installs.state(plan).state))
}
