//! An error and its causes in one line.

use std::error::Error;

/// An error and its causes in one line; what one of them quotes of the next is not said twice.
#[must_use]
pub fn in_words(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source()).map(ToString::to_string);
    causes.fold(error.to_string(), |said, cause| if said.contains(&cause) { said } else { format!("{said}: {cause}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConnectError;

    #[test]
    fn every_cause_is_told_once() {
        let inner = std::io::Error::other("the door is locked");
        let spawn = ConnectError::Spawn { program: "cat".to_owned(), hint: "is it installed", source: inner };
        assert_eq!(in_words(&spawn), "could not start `cat`: is it installed: the door is locked");
        // An `io::Error` quotes what it holds, and may give the same as its cause.
        let nested = ConnectError::Other(Box::new(std::io::Error::other(spawn)));
        let expected = "the server could not be reached: could not start `cat`: is it installed: the door is locked";
        assert_eq!(in_words(&nested), expected);
    }
}
