//! The release binary over a prepared store, with one tenant's policy among others, and a client on one connection.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Child;
use std::time::{SystemTime, UNIX_EPOCH};

use logmark::auth::dev_issuer::DevIssuer;
use logmark_store::{NewEvent, Options, Store};

use crate::process::{cpu_seconds, serve};

/// The configuration of a measurement.
#[derive(Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) tenants: usize,
    /// Grants of the tenant that asks. The last one covers the group.
    pub(crate) grants: usize,
    pub(crate) rule: bool,
    pub(crate) mask: bool,
    pub(crate) audit: bool,
}

/// A folder with keys, tenants and a store.
pub(crate) struct World {
    folder: tempfile::TempDir,
    token: String,
    audit: bool,
}

impl World {
    pub(crate) fn new(policy: Policy) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = DevIssuer::load_or_create(&folder.path().join("issuer.pem")).unwrap();
        issuer.write_jwks(&folder.path().join("issuer.jwks.json")).unwrap();
        std::thread::scope(|scope| scope.spawn(|| fill(&folder.path().join("store"))).join().unwrap());
        let tenants = folder.path().join("tenants.d");
        std::fs::create_dir(&tenants).unwrap();
        for number in 1..policy.tenants {
            std::fs::write(tenants.join(format!("customer-{number:06}.toml")), grant(number, "", 0)).unwrap();
        }
        let (rule, mask) = (
            if policy.rule { "where = '{ $.tenant = acme }'\n" } else { "" },
            if policy.mask { "mask = [\"$.card\", \"$.user.mail\"]\n" } else { "" },
        );
        let mut own: String = (1..policy.grants).map(|number| grant(number, &format!("{rule}{mask}"), number)).collect();
        let _infallible = write!(own, "[[grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n{rule}{mask}");
        std::fs::write(tenants.join("acme.toml"), own).unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let claims = serde_json::json!({
            "iss": "bench", "aud": "logmark", "sub": "someone", "tenant": "acme", "scope": "logs:read:/acme/*",
            "iat": now, "exp": now + 3600,
        });
        Self { token: issuer.mint(&claims).unwrap(), folder, audit: policy.audit }
    }

    pub(crate) fn start(&self) -> Running {
        let config = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n\
             [telemetry]\nlog_level = \"warn,logmark::cli=info\"\naudit = {}\n[audit]\nsink = \"file\"\npath = \"audit.jsonl\"\n\
             [[auth.issuers]]\nissuer = \"bench\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n\
             [[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n[tenants]\ndirectory = \"tenants.d\"\n",
            self.audit
        );
        std::fs::write(self.folder.path().join("logmark.toml"), config).unwrap();
        let (child, line) = serve(self.folder.path());
        let address: SocketAddr = line["listen"].as_str().unwrap().parse().unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let request = format!(
            "GET /logs/:acme:api/web-1?from=head&limit=10 HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\r\n",
            self.token
        );
        Running { child, stream: BufReader::new(stream), request }
    }
}

fn grant(number: usize, rules: &str, service: usize) -> String {
    format!("[[grants]]\ngroups = [\"/customers/{number:06}/service-{service}/*\"]\nactions = [\"read\"]\n{rules}")
}

/// A service, and a connection to it.
pub(crate) struct Running {
    child: Child,
    stream: BufReader<TcpStream>,
    request: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Running {
    pub(crate) fn cpu_seconds(&self) -> f64 {
        cpu_seconds(&self.child.id().to_string())
    }

    /// Asks for the page so many times.
    pub(crate) fn request(&mut self, times: u64) {
        let (mut line, mut body) = (String::new(), Vec::new());
        for _ in 0..times {
            self.stream.get_mut().write_all(self.request.as_bytes()).unwrap();
            let mut length = 0;
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            assert!(line.contains(" 200 "), "{line}");
            while line != "\r\n" {
                line.clear();
                self.stream.read_line(&mut line).unwrap();
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.trim().parse().unwrap();
                }
            }
            body.resize(length, 0);
            self.stream.read_exact(&mut body).unwrap();
        }
    }
}

/// A stream of JSON messages of about 200 bytes.
fn fill(folder: &Path) {
    let store = Store::open(folder, Options::default()).unwrap();
    store.create_group("/acme/api", 1).unwrap();
    store.create_stream("/acme/api", "web-1", 1).unwrap();
    let message = |i: i64| {
        format!(
            "{{\"tenant\":\"acme\",\"level\":\"info\",\"path\":\"/things/{i}\",\"status\":200,\"ms\":{},\"card\":\"4111-1111-1111-{:04}\",\
             \"user\":{{\"id\":{i},\"mail\":\"user-{i}@acme.example\"}},\"agent\":\"Mozilla/5.0 (X11; Linux x86_64)\"}}",
            i % 97,
            i % 10_000
        )
    };
    let events = (0..1000).map(|i| NewEvent { timestamp: 1_700_000_000_000 + i, message: message(i) }).collect();
    store.append_blocking("/acme/api", "web-1", events, 1_700_000_000_000).unwrap();
    store.close().unwrap();
}
