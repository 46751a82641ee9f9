//! `logmark demo`: everything on one machine without AWS, with sample logs of two tenants that keep arriving.
//!
//! Owns the folder and the output of the demo. The service is the same as in `serve`, with a configuration file in that folder,
//! which `serve`, `check`, `explain` and `import` can use too. See also [`sample`] for the logs.

pub mod sample;
mod writer;

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use logmark_store::{Options, Store};

use super::serve::{begin_log, ignore_hangups, stop_signal};
use super::{CliError, DEMO_DIRECTORY, note, runtime, say, token};
use crate::config;
use crate::domain::name::TenantId;
use crate::domain::time::{Clock, SystemClock};
use crate::files;
use crate::service::{Listeners, Service};

/// The lifetime of the printed tokens.
const TOKEN_TTL: Duration = Duration::from_secs(12 * 3600);

/// The two tenants and the scopes of their printed tokens.
const TENANTS: [(&str, &str); 2] = [
    ("acme", "logs:read:* logs:query:* logs:tail:*"),
    (
        "globex",
        "logs:read:/globex/* logs:read:/shared/gateway logs:query:/globex/* logs:query:/shared/gateway \
         logs:tail:/globex/* logs:tail:/shared/gateway",
    ),
];

/// The file with the secret of the endpoint's key.
const ENDPOINT_SECRET: &str = "endpoint.secret";

/// What to try: what it shows, the variable with the token, the target, and what `curl` encodes and appends to the target.
const EXAMPLES: [(&str, &str, &str, &str); 8] = [
    ("the newest events of a stream of acme", "ACME", "/logs/:acme:api/prod-a?limit=3", ""),
    (
        "a query: the answers of the last day by status",
        "ACME",
        "/queries?format=csv",
        " -H Prefer:wait=20 --json '{\"logGroups\":[\"/acme/api\"],\"start\":\"-1d\",\"query\":\"stats count(*) as n by status | sort n desc\"}'",
    ),
    (
        "a report: the routes of acme with the most requests; format=html is a page for your browser",
        "ACME",
        "/reports/routes?group=/acme/api&start=-1d&limit=3&format=csv",
        "",
    ),
    ("the groups that acme may see", "ACME", "/groups", ""),
    ("the newest 20 events of a Java service, as text", "ACME", "/logs/:acme:java:orders?limit=20&format=text", ""),
    (
        "the last failed requests of acme, by a filter",
        "ACME",
        "/logs/:acme:api?limit=3",
        " -G --data-urlencode 'filter={ $.status >= 500 }'",
    ),
    ("globex sees its own groups", "GLOBEX", "/logs/:globex:api?limit=3", ""),
    ("... and can't tell whether those of acme exist: 404", "GLOBEX", "/logs/:acme:api?limit=3", ""),
];

/// Arguments of `logmark demo`.
#[derive(Debug, Args)]
#[command(
    after_help = "The folder holds the store, the development issuer's key, and a logmark.toml that the other commands take:\n  \
    logmark token --tenant acme --scope 'logs:read:/acme/api'\n  \
    logmark explain --config logmark-demo/logmark.toml --token … --action read --group /globex/api"
)]
pub struct DemoArgs {
    /// The folder of the demo
    #[arg(long, value_name = "DIR", default_value = DEMO_DIRECTORY)]
    data: PathBuf,
    /// The port, instead of the port of --listen; 0: any free port. The admin listener uses the next one [default: 8080]
    #[arg(long)]
    port: Option<u16>,
    /// The address and port to listen on. Use 0.0.0.0:8080 only inside a container whose port is published on loopback.
    /// The admin listener stays on 127.0.0.1
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", env = "LOGMARK_DEMO_LISTEN")]
    listen: SocketAddr,
}

impl DemoArgs {
    fn address(&self) -> SocketAddr {
        SocketAddr::new(self.listen.ip(), self.port.unwrap_or(self.listen.port()))
    }
}

/// Runs the demo until a signal stops it.
///
/// # Errors
/// If the folder or the port cannot be used.
pub fn run(args: &DemoArgs) -> Result<ExitCode, CliError> {
    let addresses = addresses(args.address())?;
    prepare(&args.data)?;
    try_out_store(&args.data)?;
    write_config(&args.data, addresses)?;
    let config = config::load(Some(&config_path(&args.data)), variables())?;
    let _flushes = begin_log(&config)?;
    runtime()?.block_on(async {
        let listeners = Listeners::bind(&config).await.map_err(|error| CliError::failed("can't start", error))?;
        let built = Service::build(&config, listeners.public_url.clone(), Arc::new(SystemClock)).await;
        let service = built.map_err(|error| CliError::failed("can't start", error))?;
        let store = service.local_store().ok_or_else(|| CliError::Failed("the demo has no local source".to_owned()))?;
        note("writing sample logs of the last day …");
        let writer = tokio::task::spawn_blocking(move || writer::Writer::begin(store)).await;
        let writer = writer
            .map_err(|error| CliError::failed("the sample logs", error))?
            .map_err(|error| CliError::failed("the sample logs", error))?;
        let stop = stop_signal();
        ignore_hangups();
        announce(&args.data, &listeners)?;
        let writing = tokio::spawn(writer.run());
        listeners.serve(service, stop).await;
        writing.abort();
        Ok::<(), CliError>(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The demo's configuration file.
#[must_use]
pub fn config_path(directory: &Path) -> PathBuf {
    directory.join("logmark.toml")
}

/// The demo's store.
#[must_use]
pub fn store_path(directory: &Path) -> PathBuf {
    directory.join("store")
}

/// Makes the folder with its configuration and keys.
///
/// # Errors
/// If a file cannot be written.
pub fn prepare(directory: &Path) -> Result<(), CliError> {
    token::issuer(directory)?;
    let config = config_path(directory);
    if !config.exists() {
        write_config(directory, USUAL)?;
    }
    Ok(())
}

/// Where a demo listens: the API, and on loopback the admin listener and the endpoint of its source.
#[derive(Debug, Clone, Copy)]
struct Addresses {
    api: SocketAddr,
    admin: SocketAddr,
    endpoint: SocketAddr,
}

/// The addresses of a demo that has not run yet.
const USUAL: Addresses = Addresses { api: loopback(8080), admin: loopback(8081), endpoint: loopback(4586) };

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// The addresses to listen on. All are tried: a port in use is reported now, not after the sample logs are made. The endpoint takes
/// another port where its own is in use, or where any port will do.
fn addresses(listen: SocketAddr) -> Result<Addresses, CliError> {
    let try_out = |address: SocketAddr| {
        let what = if address.ip().is_loopback() {
            format!("port {} can't be used (choose another with --port)", address.port())
        } else {
            format!("the address {address} can't be used (choose another with --listen)")
        };
        TcpListener::bind(address)
            .and_then(|listener| listener.local_addr().map(|address| (listener, address)))
            .map_err(|error| CliError::failed(what, error))
    };
    // Both stay bound until both are found, so that they differ.
    let (_held, public) = try_out(listen)?;
    let admin_port = if listen.port() == 0 { 0 } else { listen.port().saturating_add(1) };
    let (_held_too, admin) = try_out(loopback(admin_port))?;
    let endpoint_port = if listen.port() == 0 { 0 } else { USUAL.endpoint.port() };
    let (_held_as_well, endpoint) = try_out(loopback(endpoint_port)).or_else(|_in_use| try_out(loopback(0)))?;
    Ok(Addresses { api: public, admin, endpoint })
}

/// The variables that the configuration is read with. Those that say where a service listens do not count: `--listen` does, and
/// an image sets both.
fn variables() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| name != "LOGMARK__SERVER__LISTEN" && name != "LOGMARK__SERVER__ADMIN_LISTEN")
}

/// How clients on this machine reach the listener: an address that means all of them is also loopback.
fn public_url(listen: SocketAddr) -> String {
    let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
    let ip = if listen.ip().is_unspecified() { loopback } else { listen.ip() };
    format!("http://{}", SocketAddr::from((ip, listen.port())))
}

/// A demo that runs in this folder already keeps its configuration: whether there is one is found out before it is written.
fn try_out_store(directory: &Path) -> Result<(), CliError> {
    let opened = Store::open(&store_path(directory), Options::default());
    opened.map(drop).map_err(|error| CliError::failed("the demo's store", error))
}

fn write_config(directory: &Path, addresses: Addresses) -> Result<(), CliError> {
    let Addresses { api: listen, admin, endpoint } = addresses;
    write_secret(&directory.join(ENDPOINT_SECRET))?;
    let text = include_str!("logmark.toml")
        .replace("http://127.0.0.1:8080", &public_url(listen))
        .replace("\"127.0.0.1:8080\"", &format!("\"{listen}\""))
        .replace("127.0.0.1:8081", &admin.to_string())
        .replace("127.0.0.1:4586", &endpoint.to_string());
    let path = config_path(directory);
    files::replace(&path, text.as_bytes(), files::PUBLIC).map_err(|error| CliError::failed(path.display(), error))
}

/// Makes the secret of the endpoint's key, unless it is there: as many characters as AWS's own have.
fn write_secret(path: &Path) -> Result<(), CliError> {
    if path.exists() {
        return Ok(());
    }
    let mut random = [0_u8; 20];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| CliError::Failed("no randomness for the secret of a key".to_owned()))?;
    let secret: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    files::replace(path, secret.as_bytes(), files::PRIVATE).map_err(|error| CliError::failed(path.display(), error))
}

fn announce(directory: &Path, listeners: &Listeners) -> Result<(), CliError> {
    let url = &listeners.public_url;
    let issuer = token::issuer(directory)?;
    if !listeners.address.ip().is_loopback() {
        note(format_args!(
            "warning: the demo listens on {}, so other machines may reach it: publish its port on 127.0.0.1 only",
            listeners.address
        ));
    }
    say(format_args!("\nLogmark runs on this machine, with its logs in {}\n", directory.display()));
    say(format_args!("  API       {url}/groups"));
    say(format_args!("  Docs      {url}/docs/          (Authorize with one of the tokens below)"));
    // Of a container's demo only the API is published.
    if listeners.address.ip().is_loopback() {
        say(format_args!("  Admin     http://{}/readyz, /metrics", listeners.admin_address));
    }
    say("\nTokens of the two tenants, valid for 12 hours. Paste these two lines into another terminal:\n");
    for (name, scope) in TENANTS {
        let tenant = TenantId::try_from(name).map_err(|error| CliError::failed(name, error))?;
        let token = token::mint(&issuer, &tenant, &format!("demo@{name}"), scope, TOKEN_TTL, SystemClock.now())?;
        say(format_args!("export {}={token}", name.to_uppercase()));
    }
    say("\nThen try these there:\n");
    for (what, variable, target, encoded) in EXAMPLES {
        say(format_args!("# {what}\ncurl -s -H \"Authorization: Bearer ${variable}\" '{url}{target}'{encoded}\n"));
    }
    if let Some(endpoint) = listeners.endpoint_addresses.first() {
        let secret = directory.join(ENDPOINT_SECRET);
        say("AWS's own clients write to the store and read from it, as from CloudWatch Logs (docs/aws-protocol.md):\n");
        say(format_args!(
            "export AWS_ACCESS_KEY_ID=LOGMARKDEMO AWS_SECRET_ACCESS_KEY=$(cat {}) AWS_DEFAULT_REGION=local",
            secret.display()
        ));
        say(format_args!("aws --endpoint-url http://{endpoint} logs describe-log-groups\n"));
    }
    say("New events arrive every few seconds. Stop with Ctrl-C.\n");
    Ok(())
}
