//! Signature Version 4, computed independently from the received request: canonical request, string to sign, key, signature.

use aws_lc_rs::{digest, hmac};

use super::Seen;

/// Checks the request's signature; the error names the part that is wrong.
pub(crate) fn check(seen: &Seen, secret: &str, region: &str) -> Result<(), String> {
    let authorization = seen.header("authorization").ok_or("no authorization")?;
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("another algorithm")?;
    let field = |name: &str| {
        let found = fields.split(", ").find_map(|field| field.strip_prefix(name)).map(str::to_owned);
        found.ok_or_else(|| format!("no {name}"))
    };
    let (credential, signed, signature) = (field("Credential=")?, field("SignedHeaders=")?, field("Signature=")?);
    let time = seen.header("x-amz-date").ok_or("no x-amz-date")?;
    let date = time.get(..8).ok_or("no date")?;
    let scope = format!("{date}/{region}/logs/aws4_request");
    if !credential.ends_with(&format!("/{scope}")) {
        return Err(format!("scope of {credential}"));
    }
    for name in ["host", "content-type", "x-amz-date", "x-amz-target"] {
        if !signed.split(';').any(|signed| signed == name) {
            return Err(format!("{name} is not signed"));
        }
    }
    let mut canonical = format!("{}\n{}\n\n", seen.method, seen.path);
    for name in signed.split(';') {
        let value = seen.header(name).ok_or_else(|| format!("{name} is signed and not there"))?;
        canonical += &format!("{name}:{}\n", value.trim());
    }
    canonical += &format!("\n{signed}\n{}", hex(digest::digest(&digest::SHA256, &seen.raw).as_ref()));
    let digest = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [date, region, "logs", "aws4_request"] {
        key = mac(&key, part.as_bytes());
    }
    let expected = hex(&mac(&key, to_sign.as_bytes()));
    if expected == signature { Ok(()) } else { Err("the signature differs".to_owned()) }
}

fn mac(key: &[u8], data: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
