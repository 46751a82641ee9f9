//! The gateways between load and upstream: the issuer's key, a token, configurations, and the processes on their core.
//!
//! Owns the configurations of Logmark and HAProxy and the start of both. Look next at `load`.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use logmark::auth::strict::to_base64url;
use serde_json::json;

use crate::load::Request;
use crate::process::cpu_seconds;
use crate::upstream::SMALL_EVENTS;

/// The release build to measure.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_logmark");
const GATEWAY_CORE: &str = "0";
const ISSUER: &str = "https://issuer.example";

/// The logs of a gateway. They go to /dev/null: formatted and written, but not stored.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Telemetry {
    /// No lines for requests.
    Quiet,
    /// Logmark: a log line and an audit line for each request, as by default; HAProxy: its HTTP log.
    Default,
}

/// A folder with keys and configurations, and a valid token.
pub(crate) struct World {
    folder: tempfile::TempDir,
    token: String,
}

/// A running gateway; it ends with this value.
pub(crate) struct Gateway {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Gateway {
    fn start(program: &Path, arguments: &[&str], folder: &Path, address: SocketAddr) -> Self {
        let mut command = Command::new("taskset");
        command.args(["-c", GATEWAY_CORE]).arg(program).args(arguments).current_dir(folder);
        command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "{} ends at once: try it in {}", program.display(), folder.display());
            assert!(begun.elapsed() < Duration::from_secs(10), "{} does not listen", program.display());
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, address }
    }

    fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap()
    }

    /// User and system CPU time so far.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        cpu_seconds(&self.child.id().to_string())
    }

    /// The peak of its memory, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64_STANDARD.encode(public.as_ref()));
        std::fs::write(folder.path().join("issuer.pem"), pem).unwrap();
        // PKCS#1 of a 2048-bit key: the modulus is at a fixed place (see `tokens`).
        let der = pair.public_key().as_ref();
        let (n, e) = (to_base64url(&der[9..9 + 256]), to_base64url(&der[9 + 256 + 2..]));
        let jwks = json!({ "keys": [{ "kty": "RSA", "n": n, "e": e, "kid": "k", "alg": "RS256", "use": "sig" }] });
        std::fs::write(folder.path().join("jwks.json"), jwks.to_string()).unwrap();
        let token = token(&pair);
        Self { folder, token }
    }

    /// The real service, with a CloudWatch source that is `upstream`.
    pub(crate) fn logmark(&self, binary: &Path, upstream: SocketAddr, telemetry: Telemetry, cache_bytes: u64) -> Gateway {
        let (address, admin) = (free_address(), free_address());
        let telemetry = match telemetry {
            Telemetry::Quiet => "[telemetry]\nlog_level = \"warn\"\naudit = false\n",
            Telemetry::Default => "",
        };
        let scheduling = match knows_cache() {
            true => format!("cache = {{ bytes = {cache_bytes} }}\nquotas = {{ GetLogEvents = 100000 }}\n"),
            false => String::new(),
        };
        let config = format!(
            "[server]\nlisten = \"{address}\"\nadmin_listen = \"{admin}\"\n{telemetry}\
            [[auth.issuers]]\nissuer = \"{ISSUER}\"\naudiences = [\"logmark\"]\nalgorithms = [\"RS256\"]\nkeys = \"file:jwks.json\"\n\
            [[sources]]\nname = \"aws\"\nkind = \"cloudwatch\"\nregion = \"eu-central-1\"\nendpoint = \"http://{upstream}\"\n{scheduling}\
            [tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n"
        );
        let file = format!("logmark-{}.toml", address.port());
        std::fs::write(self.folder.path().join(&file), config).unwrap();
        Gateway::start(binary, &["serve", "--config", &file], self.folder.path(), address)
    }

    /// HAProxy on one thread, with shared persistent connections to the upstream.
    pub(crate) fn haproxy(&self, upstream: SocketAddr, telemetry: Telemetry) -> Gateway {
        let address = free_address();
        let log = match telemetry {
            Telemetry::Quiet => "",
            Telemetry::Default => "    log stderr format raw local0 info\n    option httplog\n",
        };
        let config = format!(
            "global\n    nbthread 1\n    maxconn 4096\n\
            defaults\n    mode http\n    timeout connect 5s\n    timeout client 60s\n    timeout server 20s\n\
            \n    http-reuse always\n{log}\
            frontend public\n    bind {address}\n\
            \n    http-request set-var(txn.alg) http_auth_bearer,jwt_header_query('$.alg')\
            \n    http-request set-var(txn.iss) http_auth_bearer,jwt_payload_query('$.iss')\
            \n    http-request set-var(txn.exp) http_auth_bearer,jwt_payload_query('$.exp','int')\
            \n    http-request set-var(txn.now) date()\
            \n    http-request deny deny_status 401 unless {{ var(txn.alg) -m str RS256 }}\
            \n    http-request deny deny_status 401 unless {{ var(txn.iss) -m str {ISSUER} }}\
            \n    http-request deny deny_status 401 unless {{ http_auth_bearer,jwt_verify(txn.alg,\"issuer.pem\") 1 }}\
            \n    http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}\
            \n    http-request set-method POST\n    http-request set-uri /\n    http-request del-header authorization\
            \n    http-request set-header content-type application/x-amz-json-1.1\
            \n    http-request set-header x-amz-target Logs_20140328.GetLogEvents\
            \n    default_backend logs\n\
            backend logs\n    server upstream {upstream}\n"
        );
        let file = format!("haproxy-{}.cfg", address.port());
        std::fs::write(self.folder.path().join(&file), config).unwrap();
        Gateway::start(Path::new("haproxy"), &["-db", "-f", &file], self.folder.path(), address)
    }

    /// A caller's request for one page, which causes one call; the same for every gateway.
    pub(crate) fn ask(&self, gateway: SocketAddr) -> Request {
        let url =
            format!("http://{gateway}/logs/:acme:api/web-1?from=head&start=1700000000000&end=1700000100000&limit={SMALL_EVENTS}");
        Request { url, method: "GET", headers: vec![("authorization", format!("Bearer {}", self.token))], body: String::new() }
    }

    /// The call that a gateway makes for it.
    pub(crate) fn ask_upstream(&self, upstream: SocketAddr) -> Request {
        let target = "Logs_20140328.GetLogEvents".to_owned();
        let body = json!({ "logGroupName": "/acme/api", "logStreamName": "web-1", "limit": SMALL_EVENTS, "startFromHead": true });
        let headers = vec![("content-type", "application/x-amz-json-1.1".to_owned()), ("x-amz-target", target)];
        Request { url: format!("http://{upstream}/"), method: "POST", headers, body: body.to_string() }
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

fn token(pair: &RsaKeyPair) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let header = json!({ "alg": "RS256", "kid": "k", "typ": "at+jwt" });
    let claims = json!({
        "iss": ISSUER, "aud": "logmark", "sub": "someone", "tenant": "acme", "scope": "logs:read:/acme/*",
        "iat": now, "exp": now + 6 * 3600,
    });
    let encode = |value: serde_json::Value| to_base64url(value.to_string().as_bytes());
    let input = format!("{}.{}", encode(header), encode(claims));
    let mut signature = vec![0; 256];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature).unwrap();
    format!("{input}.{}", to_base64url(&signature))
}

/// An address without a listener.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Whether this version supports `cache` and `quotas` of a CloudWatch source.
pub(crate) fn knows_cache() -> bool {
    static KNOWS: std::sync::LazyLock<bool> = std::sync::LazyLock::new(|| {
        let config = "[[auth.issuers]]\nissuer = \"i\"\naudiences = [\"a\"]\nalgorithms = [\"RS256\"]\nkeys = \"https://i.example/keys\"\n\
            [[sources]]\nname = \"aws\"\nkind = \"cloudwatch\"\nregion = \"eu-central-1\"\ncache = { bytes = 0 }\n\
            quotas = { GetLogEvents = 100000 }\n";
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("logmark.toml");
        std::fs::write(&file, config).unwrap();
        let checked = Command::new(BINARY).arg("check").arg("--config").arg(file).output().unwrap();
        !String::from_utf8_lossy(&checked.stderr).contains("cache")
    });
    *KNOWS
}

/// Prints the missing tools and exits.
pub(crate) fn check_tools() {
    let (missing, how) = ["taskset", "haproxy", "wrk"]
        .iter()
        .find(|tool| Command::new(tool).arg("-v").output().is_err())
        .map_or(("", ""), |tool| (*tool, if *tool == "taskset" { "util-linux" } else { *tool }));
    if !missing.is_empty() {
        println!("{missing} is missing: apt-get install {how}");
        std::process::exit(1);
    }
}

/// Keeps this process and its children off the gateways' core.
pub(crate) fn keep_to_load_cores() {
    let last = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) - 1;
    assert!(last > 0, "two cores are needed: one for the gateways, one for load and upstream");
    let own = std::process::id().to_string();
    let pinned = Command::new("taskset").args(["-c", "-p", &format!("1-{last}"), &own]).output().unwrap();
    assert!(pinned.status.success(), "{}", String::from_utf8_lossy(&pinned.stderr));
}

pub(crate) fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name"));
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let haproxy = Command::new("haproxy").arg("-v").output().unwrap().stdout;
    let version = String::from_utf8_lossy(&haproxy).split_whitespace().nth(2).unwrap_or_default().to_owned();
    let model = model.map_or("unknown CPU", |rest| rest.trim_start_matches([' ', '\t', ':']));
    format!("{model}, {cores} cores: one for the gateway, the rest for load and upstream; haproxy {version}")
}
