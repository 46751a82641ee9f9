//! The form of a token: parts, base64url, JSON (rows 11, 12 and 14).

use logmark::auth::token::{MAX_TOKEN_BYTES, Part};
use serde_json::json;

use crate::auth::support::{KEY, NOW, TokenError, World, good_claims, good_header, to_base64url};

async fn check_refused(world: &World, name: &str, token: &str, expected: fn(&TokenError) -> bool) {
    let Err(found) = world.verify(token).await else { panic!("{name}: accepted") };
    assert!(expected(&found), "{name}: {found:?}");
}

fn is_json(error: &TokenError) -> bool {
    matches!(error, TokenError::Json { .. })
}

fn is_base64(error: &TokenError) -> bool {
    matches!(error, TokenError::Base64(_))
}

fn is_parts(error: &TokenError) -> bool {
    matches!(error, TokenError::Parts(_))
}

#[tokio::test]
async fn a_good_token_gives_its_claims() {
    let token = KEY.token(&good_header(), &good_claims());
    let claims = World::new().verify(&token).await.unwrap();
    assert_eq!(claims.issuer, "https://issuer.example");
    assert_eq!(claims.subject, "user-1");
    assert_eq!(claims.tenant.as_str(), "acme");
    assert_eq!(claims.expires_at, NOW + 3600);
    let hash = format!("{:?}", aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes())).to_lowercase();
    assert!(claims.token_id.as_ref().is_some_and(|id| hash.contains(id)), "{:?} of {hash}", claims.token_id);
    let scopes: Vec<_> = claims.scopes.iter().map(|scope| (&*scope.claim, scope.value.as_str())).collect();
    assert_eq!(scopes, [("scope", "logs:read:/acme/*"), ("scope", "logs:query:/acme/api")]);
}

#[tokio::test]
async fn a_token_has_three_parts() {
    let world = World::new();
    let token = KEY.token(&good_header(), &good_claims());
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    for (name, hostile) in [
        ("empty", String::new()),
        ("one part", header.to_owned()),
        ("no signature part", format!("{header}.{payload}")),
        ("a fourth part", format!("{token}.")),
        ("an encrypted token", format!("{token}.{payload}.{signature}")),
        ("dots only", ".....".to_owned()),
        ("JSON serialization", json!({ "protected": header, "payload": payload, "signature": signature }).to_string()),
    ] {
        check_refused(&world, name, &hostile, |error| is_parts(error) || is_base64(error)).await;
    }
    for (name, hostile) in [
        ("no signature", format!("{header}.{payload}.")),
        ("signature of zeros", format!("{header}.{payload}.{}", to_base64url(&[0; 64]))),
        ("signature too short", format!("{header}.{payload}.{}", &signature[..signature.len() - 4])),
        ("signature too long", format!("{header}.{payload}.{signature}AAAA")),
    ] {
        check_refused(&world, name, &hostile, |error| matches!(error, TokenError::Signature | TokenError::Base64(_))).await;
    }
    check_refused(&world, "no payload", &format!("{header}..{signature}"), is_json).await;
    check_refused(&world, "no header", &format!(".{payload}.{signature}"), is_json).await;
    check_refused(&world, "dots", "..", is_json).await;
    let large = "a".repeat(MAX_TOKEN_BYTES + 1);
    check_refused(&world, "too large", &large, |error| matches!(error, TokenError::TooLarge(_))).await;
}

#[tokio::test]
async fn base64_has_one_spelling() {
    let world = World::new();
    let token = KEY.token(&good_header(), &good_claims());
    for place in [0, 1, 2] {
        let respell = |change: &dyn Fn(&str) -> String| {
            let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
            parts[place] = change(&parts[place]);
            parts.join(".")
        };
        let hostile = [
            ("padding", respell(&|part| format!("{part}="))),
            ("two of padding", respell(&|part| format!("{part}=="))),
            ("space before", respell(&|part| format!(" {part}"))),
            ("space after", respell(&|part| format!("{part} "))),
            ("newline after", respell(&|part| format!("{part}\n"))),
            ("carriage return inside", respell(&|part| format!("{}\r\n{}", &part[..4], &part[4..]))),
            ("NUL", respell(&|part| format!("{part}\0"))),
            ("question mark", respell(&|part| format!("?{part}"))),
            ("standard alphabet", respell(&|part| format!("{}+/{}", &part[..4], &part[6..]))),
            ("percent", respell(&|part| format!("{part}%3D"))),
            ("one character over", respell(&|part| format!("{part}{}", "A".repeat((5 - part.len() % 4) % 4)))),
            ("fullwidth", respell(&|part| format!("{part}ａ"))),
        ];
        for (name, text) in hostile {
            check_refused(&world, &format!("{name} in part {place}"), &text, is_base64).await;
        }
    }
}

#[tokio::test]
async fn trailing_bits_are_zero() {
    let world = World::new();
    let token = KEY.token(&good_header(), &good_claims());
    // 64 bytes end in two characters whose last four bits are unused.
    assert!(token.ends_with(['A', 'Q', 'g', 'w']));
    for last in 'A'..='z' {
        let respelled = format!("{}{last}", &token[..token.len() - 1]);
        if respelled == token {
            world.verify(&respelled).await.unwrap();
        } else {
            check_refused(&world, &format!("last {last:?}"), &respelled, |error| {
                matches!(error, TokenError::Base64(Part::Signature) | TokenError::Signature)
            })
            .await;
        }
    }
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

#[tokio::test]
async fn json_has_one_reading() {
    let world = World::new();
    let header = good_header().to_string();
    let claims = good_claims().to_string();
    let open = &claims[..claims.len() - 1];
    let hostile_claims: Vec<(&str, Vec<u8>)> = vec![
        ("duplicate iss", format!(r#"{open},"iss":"https://issuer.example"}}"#).into()),
        ("duplicate tenant", format!(r#"{open},"tenant":"other"}}"#).into()),
        ("duplicate by escape", format!(r#"{open},"ten\u0061nt":"other"}}"#).into()),
        ("duplicate custom", format!(r#"{open},"x":1,"x":1}}"#).into()),
        ("duplicate deep", format!(r#"{open},"x":[{{"y":{{"z":1,"z":2}}}}]}}"#).into()),
        ("trailing text", format!("{claims}x").into()),
        ("trailing object", format!("{claims}{{}}").into()),
        ("trailing NUL", format!("{claims}\0").into()),
        ("trailing comma", format!("{open},}}").into()),
        ("BOM", format!("\u{feff}{claims}").into()),
        ("comment", format!("/**/{claims}").into()),
        ("single quotes", claims.replace('"', "'").into()),
        ("array", format!("[{claims}]").into()),
        ("string", "\"claims\"".into()),
        ("number", "1".into()),
        ("null", "null".into()),
        ("nothing", "".into()),
        ("depth 17", format!(r#"{open},"x":{}}}"#, nested(16)).into()),
        ("depth 10000", format!(r#"{open},"x":{}"#, "[".repeat(10_000)).into()),
        ("huge exponent", format!(r#"{open},"x":1e999}}"#).into()),
        ("NaN", format!(r#"{open},"x":NaN}}"#).into()),
        ("infinity", format!(r#"{open},"x":-Infinity}}"#).into()),
        ("leading zero", format!(r#"{open},"x":01}}"#).into()),
        ("plus", format!(r#"{open},"x":+1}}"#).into()),
        ("lone surrogate", format!(r#"{open},"x":"\ud800"}}"#).into()),
        ("raw control", format!("{open},\"x\":\"\n\"}}").into()),
        ("UTF-16", claims.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("invalid UTF-8", [format!(r#"{open},"x":""#).as_bytes(), b"\xff\"}"].concat()),
        ("overlong UTF-8", [format!(r#"{open},"x":""#).as_bytes(), b"\xc0\xaf\"}"].concat()),
        ("surrogate in UTF-8", [format!(r#"{open},"x":""#).as_bytes(), b"\xed\xa0\x80\"}"].concat()),
    ];
    for (name, bytes) in &hostile_claims {
        let token = KEY.token_of_bytes(header.as_bytes(), bytes);
        check_refused(&world, name, &token, is_json).await;
    }
    let open = &header[..header.len() - 1];
    for (name, text) in [
        ("duplicate alg", format!(r#"{open},"alg":"ES256"}}"#)),
        ("duplicate kid", format!(r#"{open},"kid":"k1"}}"#)),
        ("duplicate unknown", format!(r#"{open},"x":1,"x":2}}"#)),
        ("trailing text", format!("{header} x")),
        ("array", format!("[{header}]")),
        ("BOM", format!("\u{feff}{header}")),
        ("depth 17", format!(r#"{open},"x":{}}}"#, nested(16))),
    ] {
        check_refused(&world, name, &KEY.token_of_texts(&text, &claims), is_json).await;
    }
}

#[tokio::test]
async fn odd_but_clear_json_is_read() {
    let world = World::new();
    let claims = good_claims().to_string();
    let open = &claims[..claims.len() - 1];
    for text in [
        format!(" \n\t{claims}\r\n "),
        format!(r#"{open},"x":{}}}"#, nested(15)),
        format!(r#"{open},"x":"\ud83d\ude00"}}"#),
        format!(r#"{open},"x":1e300,"TENANT":"other","tenant ":"other"}}"#),
        claims.replace("\"tenant\"", r#""t\u0065nant""#),
    ] {
        let found = world.verify(&KEY.token_of_texts(&good_header().to_string(), &text)).await.unwrap();
        assert_eq!(found.tenant.as_str(), "acme");
    }
}

#[tokio::test]
async fn no_altered_character_is_accepted() {
    let world = World::new();
    let token = KEY.token(&good_header(), &good_claims());
    for place in 0..token.len() {
        for other in ["A", "_", "9", ".", "=", ""] {
            let altered = format!("{}{other}{}", &token[..place], &token[place + 1..]);
            assert!(altered == token || world.verify(&altered).await.is_err(), "{other:?} at {place}");
        }
    }
    world.verify(&token).await.unwrap();
}
