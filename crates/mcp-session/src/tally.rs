//! How many sessions there are, in all and of each principal.

use std::collections::HashMap;

use mcp_transport::Principal;

use crate::{CreateError, SessionLimits};

/// Counts of what is open. A principal without sessions takes no room.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    total: usize,
    named: HashMap<Principal, usize>,
}

impl Tally {
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// Counts one more, unless a limit is reached.
    pub(crate) fn add(&mut self, owner: &Principal, limits: &SessionLimits) -> Result<(), CreateError> {
        if self.total >= limits.total {
            return Err(CreateError::TooMany { limit: limits.total });
        }
        if matches!(owner, Principal::Named(_)) {
            let count = self.named.get(owner).copied().unwrap_or_default();
            if count >= limits.per_principal {
                return Err(CreateError::TooManyOfPrincipal { limit: limits.per_principal });
            }
            self.named.insert(owner.clone(), count + 1);
        }
        self.total += 1;
        Ok(())
    }

    /// Counts one less.
    pub(crate) fn remove(&mut self, owner: &Principal) {
        self.total -= 1;
        if let Some(count) = self.named.get_mut(owner) {
            *count -= 1;
            if *count == 0 {
                self.named.remove(owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_holds_to_the_last_one_and_no_further() {
        let limits = SessionLimits { total: 4, per_principal: 2, ..SessionLimits::default() };
        let (ann, bob) = (Principal::Named("ann".into()), Principal::Named("bob".into()));
        let mut tally = Tally::default();
        assert_eq!(tally.add(&ann, &limits), Ok(()));
        assert_eq!(tally.add(&ann, &limits), Ok(()));
        assert_eq!(tally.add(&ann, &limits), Err(CreateError::TooManyOfPrincipal { limit: 2 }));
        assert_eq!(tally.add(&bob, &limits), Ok(()));
        tally.remove(&ann);
        assert_eq!(tally.add(&ann, &limits), Ok(()));
        assert_eq!(tally.add(&bob, &limits), Ok(()));
        assert_eq!(tally.add(&bob, &limits), Err(CreateError::TooMany { limit: 4 }));
        for owner in [&ann, &ann, &bob, &bob] {
            tally.remove(owner);
        }
        assert_eq!(tally.total(), 0);
        assert!(tally.named.is_empty(), "nobody is remembered for nothing");
    }

    #[test]
    fn the_anonymous_principal_has_no_limit_of_its_own() {
        let limits = SessionLimits { total: 3, per_principal: 1, ..SessionLimits::default() };
        let mut tally = Tally::default();
        for _ in 0..3 {
            assert_eq!(tally.add(&Principal::Anonymous, &limits), Ok(()));
        }
        assert_eq!(tally.add(&Principal::Anonymous, &limits), Err(CreateError::TooMany { limit: 3 }));
    }
}
