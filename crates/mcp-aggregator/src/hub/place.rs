//! Lets clients in.

use std::sync::Arc;

use mcp_protocol::{Era, ParamHeaders};
use mcp_transport::{Connection, Principal};

use super::{Hub, Spoken, lock};
use crate::{NoScope, Place, Scope, catalogue::Standing, face::Face, scope::at};

impl Hub {
    /// The part of the servers that a client at `place` sees.
    ///
    /// # Errors
    ///
    /// Fails if there is no such place, or if the caller's key does not open it.
    pub fn scope(&self, place: Place, principal: &Principal) -> Result<Arc<Scope>, NoScope> {
        let options = self.options();
        let name = match principal {
            Principal::Named(name) => Some(name),
            _ => None,
        };
        let scope = match &place {
            Place::All => return Ok(self.scope_of(place, name)),
            Place::Group(group) => {
                if !options.groups.iter().any(|known| known.name == *group) {
                    return Err(NoScope::UnknownGroup(Arc::clone(group)));
                }
                let grant = name.and_then(|name| options.grants.get(name));
                let opened = grant.and_then(|grant| grant.groups.as_ref());
                if opened.is_some_and(|groups| !groups.contains(group)) {
                    return Err(NoScope::Forbidden(format!("the group `{group}`")));
                }
                self.scope_of(place, name)
            }
            Place::Server(server) => {
                if !lock(&self.members).iter().any(|member| member.name() == server) {
                    return Err(NoScope::UnknownServer(Arc::clone(server)));
                }
                let scope = self.scope_of(place.clone(), name);
                if !scope.sight.filter(&options).has_server(server) {
                    return Err(NoScope::Forbidden(format!("the server `{server}`")));
                }
                scope
            }
        };
        Ok(scope)
    }

    /// The scope of a place that there is, for the client of that name.
    pub(super) fn scope_of(&self, place: Place, name: Option<&Arc<str>>) -> Arc<Scope> {
        let mut scopes = lock(&self.scopes);
        let key = (place.clone(), name.cloned());
        if let Some(scope) = scopes.get(&key) {
            return Arc::clone(scope);
        }
        // Those that nobody uses are forgotten from time to time; they can be made again.
        if scopes.len() == scopes.capacity() {
            scopes.retain(|_, scope| 1 < Arc::strong_count(scope));
        }
        let scope = Arc::new(Scope::new(place, name.cloned()));
        scopes.insert(key, Arc::clone(&scope));
        scope
    }

    /// A session's own view of the servers, ready to be called; waits for servers that are starting, until the deadline.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future opens nothing.
    pub async fn session(&self, scope: &Arc<Scope>) -> Arc<dyn Connection> {
        self.awaited(Era::Legacy, &scope.sight).await;
        let face = Face::new(&self.me, &scope.sight, Era::Legacy, true);
        self.follow(&face);
        // From here on the client hears of changes, and of none that came before.
        face.catch_up();
        face
    }

    /// What callers without a session use, in one era.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future opens nothing.
    pub async fn sessionless(&self, scope: &Arc<Scope>, era: Era) -> Arc<dyn Connection> {
        self.awaited(era, &scope.sight).await;
        let face = scope.sessionless[at(era)].get_or_init(|| Face::new(&self.me, &scope.sight, era, false));
        Arc::<Face>::clone(face)
    }

    /// Which arguments of a tool are repeated in headers of calls by modern clients, who know it by that name. `None` if it
    /// repeats none, is not there, or says so in a way that is not to be followed.
    #[must_use]
    pub fn tool_headers(&self, scope: &Scope, name: &str) -> Option<Arc<ParamHeaders>> {
        self.view(Era::Modern, &scope.sight).tool_headers(name)
    }

    /// Which servers of a scope speak the modern era, as far as is known.
    #[must_use]
    pub fn spoken(&self, scope: &Scope) -> Spoken {
        let options = self.options();
        let filter = scope.sight.filter(&options);
        let (mut yes, mut no) = (0, 0);
        for entry in self.entries(Era::Modern).iter() {
            if !filter.has_server(entry.member.name()) || !entry.member.is_usable() {
                continue;
            }
            match entry.known().standing {
                Standing::OtherEra => no += 1,
                Standing::Here => yes += 1,
                Standing::Coming(_) | Standing::Away(_) => {}
            }
        }
        match (yes, no) {
            (_, 0) => Spoken::ByAll,
            (0, _) => Spoken::ByNone,
            _ => Spoken::BySome,
        }
    }
}
