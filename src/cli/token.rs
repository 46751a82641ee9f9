//! `logmark token`: prints a token of the development issuer.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::{CliError, DEMO_DIRECTORY, note, say};
use crate::auth::dev_issuer::{DevIssuer, ISSUER};
use crate::auth::tenant::Scope;
use crate::domain::name::TenantId;
use crate::domain::time::{Clock, Millis, SystemClock, parse_duration};
use crate::files;

/// The audience of its tokens.
pub const AUDIENCE: &str = "logmark";
/// The longest lifetime of its tokens, which is also the default of the service for any issuer.
const MAX_TTL: Duration = Duration::from_secs(24 * 3600);

/// Arguments of `logmark token`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  logmark token --tenant acme --scope 'logs:read:/acme/*' --ttl 15m\n\n\
    The key of the issuer is DIR/issuer.pem, made at the first use; its public key is DIR/issuer.jwks.json. A service\n\
    accepts its tokens with this configuration:\n  [[auth.issuers]]\n  issuer = \"logmark-dev\"\n  audiences = [\"logmark\"]\n  \
    algorithms = [\"ES256\"]\n  keys = \"file:DIR/issuer.jwks.json\"\n  \
    require_typ = true\n  [demo]\n  development_issuer = true\n\n\
    `logmark serve` accepts them only on a loopback listener: anyone who can read the key can sign a token for any tenant.")]
pub struct TokenArgs {
    /// The tenant of the token
    #[arg(long)]
    tenant: String,
    /// A scope: `logs:<read|query|describe|*>:<group pattern>`; repeatable
    #[arg(long, required = true, num_args = 1..)]
    scope: Vec<String>,
    /// Its lifetime, at most 24h
    #[arg(long, default_value = "1h")]
    ttl: String,
    /// The subject
    #[arg(long, default_value = "developer")]
    subject: String,
    /// The folder of the development issuer
    #[arg(long, value_name = "DIR", default_value = DEMO_DIRECTORY)]
    data: PathBuf,
}

#[derive(Serialize)]
struct Minted<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    tenant: &'a str,
    scope: &'a str,
    iat: i64,
    exp: i64,
}

/// Prints a token.
///
/// # Errors
/// If an argument is invalid, or the key cannot be used.
pub fn run(args: &TokenArgs) -> Result<ExitCode, CliError> {
    let tenant = TenantId::try_from(args.tenant.as_str())
        .map_err(|error| CliError::failed(format!("--tenant `{}`", args.tenant), error))?;
    for scope in args.scope.iter().flat_map(|scope| scope.split(' ')) {
        Scope::parse(scope, &"scope".into()).map_err(|error| CliError::failed(format!("--scope `{scope}`"), error))?;
    }
    let ttl = parse_duration(&args.ttl)
        .map_err(|_| CliError::Failed(format!("--ttl `{}` is not a duration such as `1h` or `15m`", args.ttl)))?;
    if ttl > MAX_TTL || ttl.is_zero() {
        return Err(CliError::Failed(format!("--ttl `{}` is not between 1s and 24h", args.ttl)));
    }
    let issuer = issuer(&args.data)?;
    say(mint(&issuer, &tenant, &args.subject, &args.scope.join(" "), ttl, SystemClock.now())?);
    Ok(ExitCode::SUCCESS)
}

/// The development issuer of a folder, made at the first use.
///
/// # Errors
/// If the folder or the key cannot be used.
pub fn issuer(directory: &Path) -> Result<DevIssuer, CliError> {
    files::create_private_folder(directory).map_err(|error| CliError::failed(directory.display(), error))?;
    let failed = |error| CliError::failed("the development issuer", error);
    let key = directory.join("issuer.pem");
    let is_new = !key.exists();
    let issuer = DevIssuer::load_or_create(&key).map_err(failed)?;
    let jwks = jwks_path(directory);
    if is_new || !jwks.exists() {
        issuer.write_jwks(&jwks).map_err(failed)?;
        note(format_args!("made a development issuer: its public keys are in {}", jwks.display()));
    }
    Ok(issuer)
}

/// The file with the public key of the development issuer.
#[must_use]
pub fn jwks_path(directory: &Path) -> PathBuf {
    directory.join("issuer.jwks.json")
}

/// Signs a token.
///
/// # Errors
/// If the crypto library fails.
pub fn mint(
    issuer: &DevIssuer,
    tenant: &TenantId,
    subject: &str,
    scope: &str,
    ttl: Duration,
    now: Millis,
) -> Result<String, CliError> {
    let iat = now.0 / 1000;
    let exp = iat.saturating_add(i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX));
    let claims = Minted { iss: ISSUER, aud: AUDIENCE, sub: subject, tenant: tenant.as_str(), scope, iat, exp };
    issuer.mint(&claims).map_err(|error| CliError::failed("can't sign the token", error))
}
