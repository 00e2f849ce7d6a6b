//! What the configuration says of installs.

use std::collections::HashMap;

use mcp_config::Live;

use crate::installs::{InstallPlan, InstallState, Installs, PlanError};

/// Every server that can be installed, with what would be done. None while a variable of the hub cannot be used, which is
/// told elsewhere.
pub(super) fn plans(live: &Live) -> Vec<(String, Result<InstallPlan, PlanError>)> {
    let installs = live.installs().unwrap_or_default().into_iter();
    let plan = |name: &str, install: mcp_config::Install| InstallPlan::new(name, &install.directory, install.commands);
    installs.map(|(name, install)| (name.as_ref().to_owned(), plan(&name, install))).collect()
}

/// Where the install of each server stands that has one.
pub(crate) fn states(live: &Live, installs: &Installs) -> HashMap<String, InstallState> {
    let state = |plan: Result<_, _>| plan.map_or(InstallState::Failed, |plan| installs.state(plan).state);
    plans(live).into_iter().map(|(name, plan)| (name, state(plan))).collect()
}
