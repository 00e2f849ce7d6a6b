//! Which part of the hub a path leads to.

use std::sync::Arc;

use mcp_aggregator::{Hub, NoScope, Place};
use mcp_transport::Principal;

use super::{
    Front,
    head::Head,
    route::{Found, Route, is_name, leaf, segments},
    target::Target,
};
use crate::{rescue, rescue::Told, server::Server};

/// Finds the route of `path`, and the part of the hub it is about: `/mcp` is about everything, `/servers/NAME/mcp` about one
/// server, `/groups/NAME/mcp` about a group. `None` if it is no path of the hub's.
pub(super) fn find(path: &str, servers: &[Arc<Server>], hub: &Hub) -> Option<Found> {
    let (first, rest) = segments(path);
    let place = |route, place| Some(Found { route, server: None, is_named: true, place: Some(place) });
    let Some(rest) = rest else {
        return match leaf(first) {
            Route::Health(_) | Route::Unknown => None,
            route => place(route, Place::All),
        };
    };
    let (name, last) = rest.split_once('/')?;
    let route = match leaf(last) {
        Route::Health(_) | Route::Unknown => return None,
        route => route,
    };
    match first {
        "servers" => {
            let server = servers.iter().find(|server| is_name(name, server.name()));
            place(route, Place::Server(server.map_or_else(|| name.into(), |server| Arc::clone(server.name()))))
        }
        "groups" => {
            let options = hub.options();
            let group = options.groups.iter().find(|group| is_name(name, &group.name));
            place(route, Place::Group(group.map_or_else(|| name.into(), |group| Arc::clone(&group.name))))
        }
        _ => None,
    }
}

impl Front {
    /// Whether somebody's key does not open everything.
    pub(super) fn is_limited(&self, principal: &Principal) -> bool {
        let Principal::Named(name) = principal else { return false };
        self.hub().is_some_and(|hub| hub.options().grants.contains_key(name))
    }

    /// The part of the hub that a request is about, with what its caller may see of it.
    pub(super) fn part_of_hub(&self, place: &Place, head: &Head) -> Result<Target, Told> {
        let Some(hub) = self.hub() else { return Err(rescue::unknown_route()) };
        let scope = hub.scope(place.clone(), &head.principal).map_err(|error| match error {
            NoScope::UnknownServer(name) => {
                let servers = self.servers.now();
                rescue::unknown_server(&name, servers.iter().map(|server| &**server.name()))
            }
            NoScope::UnknownGroup(name) => {
                let options = hub.options();
                rescue::unknown_group(&name, options.groups.iter().map(|group| &*group.name))
            }
            other => rescue::forbidden(other.to_string()),
        })?;
        Ok(Target::Hub { hub: Arc::clone(hub), scope })
    }
}
