use std::time::Duration;

use mcp_protocol::method;

use super::*;

const HOUR: Duration = Duration::from_hours(1);

fn seal() -> Seal {
    Seal::new(&[7; KEY_LENGTH]).unwrap()
}

fn ann() -> Principal {
    Principal::Named("ann".into())
}

fn purpose() -> Purpose {
    Purpose::request("server", method::TOOLS_CALL, Some(r#"{"name":"t"}"#))
}

fn parked() -> Content {
    Content::Parked { node: [9; NODE_LENGTH], key: Key(3) }
}

fn token(content: &Content) -> String {
    seal().seal(content, Expiry::after(SystemTime::now(), HOUR), &ann(), &purpose()).unwrap()
}

fn opened(token: &str) -> Result<Content, ResumeError> {
    seal().open(token, &ann(), &purpose(), SystemTime::now())
}

#[test]
fn what_was_sealed_comes_out() {
    let state = |text: &str| Content::State(Some(text.to_owned()));
    for content in [parked(), Content::State(None), state(""), state("\"\\u0041 ä\""), state(&"x".repeat(MAX_STATE))] {
        assert_eq!(opened(&token(&content)), Ok(content));
    }
}

#[test]
fn lengths_are_what_they_are_said_to_be() {
    assert_eq!(token(&parked()).len(), 71);
    let longest = token(&Content::State(Some("x".repeat(MAX_STATE))));
    assert_eq!((longest.len(), MAX_TOKEN), (87_431, 87_431));
    assert_eq!(opened(&token(&Content::State(Some("x".repeat(MAX_STATE + 1))))), Err(ResumeError::Invalid));
}

#[test]
fn every_flipped_bit_is_refused() {
    let token = token(&Content::State(Some("state".to_owned())));
    let sealed = URL_SAFE_NO_PAD.decode(&token).unwrap();
    for bit in 0..8 * sealed.len() {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(opened(&URL_SAFE_NO_PAD.encode(flipped)), Err(ResumeError::Invalid), "bit {bit}");
    }
}

#[test]
fn no_other_text_opens_what_a_token_opens() {
    let token = token(&parked());
    for end in 0..token.len() {
        assert_eq!(opened(&token[..end]), Err(ResumeError::Invalid), "{end} characters");
    }
    for other in [format!("{token}A"), format!("{token}="), format!(" {token}"), "ä".to_owned(), "A".repeat(71)] {
        assert_eq!(opened(&other), Err(ResumeError::Invalid), "{other}");
    }
    // The last character holds more bits than the bytes need; the spare ones must be as they were written.
    let last = token.chars().last().unwrap();
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars().filter(|c| *c != last) {
        let changed = format!("{}{other}", &token[..token.len() - 1]);
        assert_eq!(opened(&changed), Err(ResumeError::Invalid), "{other}");
    }
}

#[test]
fn a_token_is_good_for_one_principal_and_one_purpose() {
    let token = token(&parked());
    let open = |owner: &Principal, purpose: &Purpose| seal().open(&token, owner, purpose, SystemTime::now());
    for owner in [Principal::Proxy, Principal::Anonymous, Principal::Named("".into()), Principal::Named("an".into())] {
        assert_eq!(open(&owner, &purpose()), Err(ResumeError::Invalid), "{owner:?}");
    }
    let other = Purpose::request("server", method::TOOLS_CALL, Some(r#"{"name":"u"}"#));
    assert_eq!(open(&ann(), &other), Err(ResumeError::Invalid));
    assert_eq!(open(&ann(), &Purpose::answer("server")), Err(ResumeError::Invalid));
    assert_eq!(open(&ann(), &purpose()), Ok(parked()));
}

#[test]
fn nobody_is_not_somebody_without_a_name() {
    let (nobody, nameless) = (Principal::Anonymous, Principal::Named("".into()));
    let token = seal().seal(&parked(), Expiry::after(SystemTime::now(), HOUR), &nobody, &purpose()).unwrap();
    assert_eq!(seal().open(&token, &nameless, &purpose(), SystemTime::now()), Err(ResumeError::Invalid));
    assert_eq!(seal().open(&token, &nobody, &purpose(), SystemTime::now()), Ok(parked()));
}

#[test]
fn a_token_of_another_key_is_refused() {
    let other = Seal::new(&[8; KEY_LENGTH]).unwrap();
    assert_eq!(other.open(&token(&parked()), &ann(), &purpose(), SystemTime::now()), Err(ResumeError::Invalid));
}

#[test]
fn two_tokens_of_the_same_thing_differ() {
    let expiry = Expiry::after(SystemTime::now(), HOUR);
    let seal = seal();
    let [one, two] = [(); 2].map(|()| seal.seal(&parked(), expiry, &ann(), &purpose()).unwrap());
    let common = one.bytes().zip(two.bytes()).filter(|(one, two)| one == two).count();
    assert!(common < one.len() / 2, "{common} of {} characters", one.len());
}

#[test]
fn a_token_expires_at_its_time_and_only_a_valid_one_says_so() {
    let now = SystemTime::now();
    let expiry = Expiry::after(now, HOUR);
    let token = seal().seal(&parked(), expiry, &ann(), &purpose()).unwrap();
    let open = |owner: &Principal, at: SystemTime| seal().open(&token, owner, &purpose(), at);
    assert_eq!(open(&ann(), Expiry(expiry.0 - 1).time()), Ok(parked()));
    assert_eq!(open(&ann(), expiry.time()), Err(ResumeError::Expired));
    assert_eq!(open(&Principal::Anonymous, expiry.time()), Err(ResumeError::Invalid));
    let lost = (now + HOUR).duration_since(expiry.time()).unwrap();
    assert!(lost < Duration::from_millis(1), "{lost:?}");
}

#[test]
fn no_length_of_life_is_too_long() {
    let token = seal().seal(&parked(), Expiry::after(SystemTime::now(), Duration::MAX), &ann(), &purpose()).unwrap();
    assert_eq!(opened(&token), Ok(parked()));
    assert!(SystemTime::now() < Expiry(u64::MAX).time());
}
