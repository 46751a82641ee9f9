//! A container frozen between events, for half an hour each time: wall-clock time passes, and nothing runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use lambda_http::lambda_runtime::LambdaEvent;
use lambda_http::{Context, Service as _};
use logmark::auth::snapshot::PolicySnapshot;
use logmark::auth::token::Verifier;
use logmark::config::{self, lambda::Lambda as Settings};
use logmark::domain::name::SourceName;
use logmark::domain::time::{Clock, Millis};
use logmark::http::client_address::Proxies;
use logmark::http::cursor::CursorSealer;
use logmark::http::{App, Parts, RequestLimits, router};
use logmark::lambda::{Event, Function};
use logmark::outbound::Outbound;
use logmark::sources::cloudwatch::{Accounts, CloudWatch, Settings as CloudWatchSettings};
use logmark::sources::page_pool::PagePool;
use logmark::sources::{Source, Sources};
use logmark::telemetry::audit::AuditLog;

use super::events::FrontDoor;
use super::runtime::Reply;
use crate::world::fake_cloudwatch::{Fake, REGION, SECRET};
use crate::world::tokens::Issuer;
use crate::world::{HeldClock, TENANTS};

const HALF_AN_HOUR: i64 = 30 * 60 * 1000;

/// Returns `AKID1`, `AKID2` and so on, each valid for one hour of the held clock.
#[derive(Debug)]
struct Hourly {
    clock: Arc<HeldClock>,
    given: AtomicUsize,
}

impl ProvideCredentials for Hourly {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let number = self.given.fetch_add(1, Ordering::SeqCst) + 1;
        let expiry = UNIX_EPOCH + Duration::from_millis(u64::try_from(self.clock.now().0).unwrap()) + Duration::from_secs(3600);
        let credentials = Credentials::new(format!("AKID{number}"), SECRET, Some("session".to_owned()), Some(expiry), "test");
        future::ProvideCredentials::ready(Ok(credentials))
    }
}

/// The function in the test process, so that it reads the test's clock.
struct InProcess(Function);

impl InProcess {
    async fn invoke(&self, event: serde_json::Value) -> Reply {
        let event: Option<Event> = serde_json::from_value(event).unwrap();
        let mut context = Context::default();
        let deadline = UNIX_EPOCH.elapsed().unwrap() + Duration::from_secs(28);
        context.deadline = u64::try_from(deadline.as_millis()).unwrap();
        let answer = self.0.clone().call(LambdaEvent::new(event, context)).await.unwrap();
        Reply::whole(serde_json::to_value(answer).unwrap())
    }
}

/// The service that [`logmark::service`] builds from the configuration, with a fake CloudWatch and the test's clock and
/// credentials.
fn service(folder: &std::path::Path, clock: &Arc<HeldClock>, fake: &Fake) -> (axum::Router, Arc<Hourly>) {
    let text = format!(
        "[[auth.issuers]]\nissuer = \"test\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n\
         [[sources]]\nname = \"aws\"\nkind = \"cloudwatch\"\nregion = \"{REGION}\"\n{TENANTS}"
    );
    let path = folder.join("logmark.toml");
    std::fs::write(&path, text).unwrap();
    let config = config::load(Some(&path), std::iter::empty()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let (outbound, held) = (Outbound::new().unwrap(), Arc::<HeldClock>::clone(clock) as Arc<dyn Clock>);
    let name = SourceName::try_from("aws").unwrap();
    let hourly = Arc::new(Hourly { clock: Arc::clone(clock), given: AtomicUsize::new(0) });
    let endpoint = Some(fake.endpoint().parse().unwrap());
    let settings = CloudWatchSettings { endpoint, ..CloudWatchSettings::new(name.clone(), REGION) };
    let provider = SharedCredentialsProvider::new(Arc::<Hourly>::clone(&hourly) as Arc<dyn ProvideCredentials>);
    let source =
        CloudWatch::with_credentials(settings, outbound.clone(), Arc::clone(&held), &Accounts::default(), provider).unwrap();
    let limits = config.server.limits.clone();
    let app = App::new(Parts {
        enricher: logmark::reports::enrich::Enricher::default(),
        configured_formats: logmark::reports::configured::ConfiguredFormats::default(),
        policy: PolicySnapshot {
            verifier: Arc::new(Verifier::new(config.issuers.clone(), Arc::new(outbound), Arc::clone(&held)).unwrap()),
            tenants: Arc::clone(&config.tenants),
            issuers: vec!["test".to_owned()],
        },
        sources: Sources::new([(name, Arc::new(source) as Arc<dyn Source>)], PagePool::new(limits.response_memory)),
        sealer: CursorSealer::new(&[]).unwrap(),
        tickets: logmark::http::tickets::Tickets::new(false).unwrap(),
        tenant_limits: logmark::limits::TenantLimits::in_memory(Arc::clone(&held)),
        clock: held,
        limits: RequestLimits {
            target_bytes: 16 * 1024,
            header_bytes: limits.max_header_bytes,
            body_bytes: limits.max_body_bytes,
            request_time: limits.request_timeout,
            work_time: limits.work_time,
            page_bytes: limits.page_bytes,
            tails: limits.max_tails,
        },
        public_url: "https://logs.example.com".to_owned(),
        given_url: None,
        proxies: Proxies::default(),
        audit: AuditLog::off(),
        hosts: None,
    });
    (router::router(&app, &[]), hourly)
}

#[tokio::test]
async fn two_tenants_alternate_while_the_clock_jumps_by_half_hours() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), HeldClock::new());
    let issuer = Issuer::new(folder.path());
    let fake = Fake::start(clock.now().0).await;
    let Millis(begin) = clock.now();
    for tenant in ["acme", "globex"] {
        fake.state().logs.put(&format!("/{tenant}/api"), "s", begin - 1000, &format!("{tenant}'s"));
    }
    let (router, hourly) = service(folder.path(), &clock, &fake);
    let lambda = InProcess(Function::new(router, &Settings::default()));
    for round in 0..8 {
        // A token of this half hour, as its owner would request one.
        let token = |tenant: &str| {
            let mut claims = Issuer::claims(tenant, "logs:read:*");
            let now = clock.now().0 / 1000;
            claims["iat"] = now.into();
            claims["exp"] = (now + 900).into();
            issuer.mint(&claims)
        };
        fake.state().now = clock.now().0;
        let door = FrontDoor::ALL[round % FrontDoor::ALL.len()];
        for (own, other) in [("acme", "globex"), ("globex", "acme")] {
            let (mine, theirs) = (token(own), token(other));
            let page = lambda.invoke(door.get(&format!("/logs/:{own}:api?start=-12h"), Some(&mine))).await;
            assert_eq!(page.messages(), [format!("{own}'s")], "round {round}, {door:?}");
            assert_eq!(lambda.invoke(door.get(&format!("/logs/:{other}:api"), Some(&mine))).await.problem(), "404 not_found");
            let cursor = format!("/logs?cursor={}", page.json()["nextCursor"].as_str().unwrap());
            assert_eq!(lambda.invoke(door.get(&cursor, Some(&theirs))).await.problem(), "400 invalid_cursor");
            assert_eq!(lambda.invoke(door.get(&format!("/logs/:{own}:api"), None)).await.problem(), "401 missing_token");
            assert_eq!(lambda.invoke(door.get("/me", Some(&mine))).await.json()["tenant"], own);
        }
        let yesterdays = token("acme");
        clock.advance(HALF_AN_HOUR);
        fake.state().now = clock.now().0;
        let stale = lambda.invoke(door.get("/logs/:acme:api", Some(&yesterdays))).await;
        assert_eq!(stale.problem(), "401 expired_token", "it expired while the container was frozen");
    }
    // Each hour's credentials were fetched before the old ones expired: the fake would have refused a call signed with expired
    // ones.
    let given = hourly.given.load(Ordering::SeqCst);
    assert!((4..=8).contains(&given), "{given} times in four hours");
    let keys: std::collections::BTreeSet<String> = fake
        .state()
        .seen
        .iter()
        .map(|seen| seen.header("authorization").unwrap().split(['=', '/']).nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(keys.len(), given, "{keys:?}");
}
