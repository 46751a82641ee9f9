//! The position and form of a credential (rows 15 and 20 at the level of the header field).

use logmark::auth::token::{CredentialError, MAX_TOKEN_BYTES, bearer};

fn check(values: &[&[u8]], expected: Result<(), CredentialError>) {
    let found = bearer(values.iter().copied()).map(|_| ());
    let shown: Vec<_> = values.iter().map(|value| String::from_utf8_lossy(&value[..value.len().min(60)])).collect();
    assert_eq!(found, expected, "{shown:?}");
}

#[test]
fn one_bearer_token_in_any_case_of_the_scheme() {
    for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "bEaReR a.b.c", "Bearer   a.b.c", "Bearer a-_~+/=="] {
        check(&[value.as_bytes()], Ok(()));
    }
}

#[test]
fn everything_else_is_told_apart() {
    use CredentialError::{Doubled, Malformed, Missing, OtherScheme, TooLarge};
    check(&[], Err(Missing));
    check(&[b"Bearer a.b.c", b"Bearer a.b.c"], Err(Doubled));
    check(&[b"Bearer a.b.c", b"Basic YTpi"], Err(Doubled));
    check(&[b"", b""], Err(Doubled));
    let table: [(&[u8], CredentialError); 27] = [
        (b"", OtherScheme),
        (b" ", OtherScheme),
        (b"a.b.c", OtherScheme),
        (b"Basic YTpi", OtherScheme),
        (b"DPoP a.b.c", OtherScheme),
        (b"Bearer: a.b.c", OtherScheme),
        (b"Bearer\ta.b.c", OtherScheme),
        (b"Bearer\xc2\xa0a.b.c", OtherScheme),
        (b" Bearer a.b.c", OtherScheme),
        (b"\"Bearer\" a.b.c", OtherScheme),
        (b"BearerX a.b.c", OtherScheme),
        (b"Token a.b.c", OtherScheme),
        (b"Bearer", Malformed),
        (b"Bearer ", Malformed),
        (b"Bearer    ", Malformed),
        (b"Bearer \ta.b.c", Malformed),
        (b"Bearer a.b.c d.e.f", Malformed),
        (b"Bearer a.b.c ", Malformed),
        (b"Bearer a.b.c\t", Malformed),
        (b"Bearer \"a.b.c\"", Malformed),
        (b"Bearer a.b.c;q=1", Malformed),
        (b"Bearer a.b.\xff", Malformed),
        (b"Bearer a.b.\xc3\xa9", Malformed),
        (b"Bearer a\0.b.c", Malformed),
        (b"Bearer a.b.c,d.e.f", Doubled),
        (b"Bearer a.b.c, Bearer d.e.f", Doubled),
        (b"Bearer a.b.c, Basic YTpi", Doubled),
    ];
    for (value, expected) in table {
        check(&[value], Err(expected));
    }
    let longest = format!("Bearer {}", "a".repeat(MAX_TOKEN_BYTES));
    check(&[longest.as_bytes()], Ok(()));
    check(&[format!("{longest}a").as_bytes()], Err(TooLarge));
}

#[test]
fn only_a_doubled_credential_is_a_bad_request() {
    use CredentialError::{Doubled, Malformed, Missing, OtherScheme, TooLarge};
    assert!(Doubled.is_bad_request());
    assert!([Missing, OtherScheme, Malformed, TooLarge].iter().all(|error| !error.is_bad_request()));
}

#[test]
fn an_unverified_token_is_never_shown() {
    let token = bearer(std::iter::once(b"Bearer secret.secret.secret".as_slice())).unwrap();
    assert_eq!(format!("{token:?}"), "UnverifiedToken(20 bytes)");
}
