//! Addresses to listen on.

use std::net::{IpAddr, Ipv4Addr};

/// Why a text is no address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an IP address, such as `127.0.0.1` or `::`, or `localhost`")]
pub struct AddressError;

/// Reads an address to listen on. `localhost` is 127.0.0.1; no other name is looked up.
///
/// # Errors
///
/// Says what to write.
pub fn parse_address(text: &str) -> Result<IpAddr, AddressError> {
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    text.parse().map_err(|_| AddressError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_in_numbers_or_as_localhost() {
        assert_eq!(parse_address("Localhost"), Ok(IpAddr::from([127, 0, 0, 1])));
        assert_eq!(parse_address("::"), Ok(IpAddr::from([0; 16])));
        assert_eq!(parse_address("example.com"), Err(AddressError));
    }
}
