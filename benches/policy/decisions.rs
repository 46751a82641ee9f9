//! Decisions and audit lines in this process.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use logmark::auth::policy;
use logmark::auth::tenant::{Caller, Grant, Limits, Scope, Tenant, Tenants};
use logmark::auth::token::Claims;
use logmark::domain::event::Direction;
use logmark::domain::name::{LogGroupName, LogStreamName, SourceName, TenantId};
use logmark::domain::operation::{Action, ReadStream};
use logmark::domain::pattern::Pattern;
use logmark::domain::time::{Millis, TimeRange};
use logmark::telemetry::audit::file::{FileSettings, Fsync};
use logmark::telemetry::audit::{AuditContext, AuditLine, AuditLog, Destination};

const DECISIONS: u32 = 200_000;
const LINES: u32 = 200_000;
const COUNTS: [usize; 3] = [1, 1_000, 100_000];
const GRANTS: [usize; 3] = [1, 10, 100];

fn tenant_id(number: usize) -> TenantId {
    TenantId::try_from(format!("customer-{number:06}")).unwrap()
}

/// A tenant of which the last grant covers the group of the request.
fn tenant(number: usize, grants: usize) -> Tenant {
    let grant = |index: usize| Grant {
        rule: format!("tenants.customer-{number:06}.grants[{index}]"),
        source: SourceName::try_from("disk").unwrap(),
        groups: vec![Pattern::try_from(format!("/customers/{number:06}/service-{index}/*")).unwrap()],
        streams: None,
        actions: vec![Action::Read],
        rows: None,
        mask: None,
    };
    Tenant { id: tenant_id(number), weight: 1, limits: Limits::default(), grants: (0..grants).map(grant).collect() }
}

fn tenants(count: usize, grants: usize) -> Tenants {
    let named: HashMap<_, _> = (0..count).map(|number| (tenant_id(number), Arc::new(tenant(number, grants)))).collect();
    Tenants::new(named, None)
}

fn claims(number: usize) -> Arc<Claims> {
    Arc::new(Claims {
        issuer: "bench".to_owned(),
        subject: "someone".to_owned(),
        tenant: tenant_id(number),
        scopes: Vec::new(),
        expires_at: i64::MAX,
        token_id: Some("0123456789abcdef".to_owned()),
        requirements: Default::default(),
    })
}

fn operation(number: usize, grants: usize) -> ReadStream {
    let group = format!("/customers/{number:06}/service-{}/api", grants - 1);
    ReadStream {
        group: LogGroupName::try_from(group).unwrap(),
        stream: LogStreamName::try_from("web-1").unwrap(),
        range: TimeRange { start: None, end: None },
        direction: Direction::Backward,
    }
}

/// A call of `act` on average, with the numbers of up to 10,000 tenants.
fn each(count: usize, mut act: impl FnMut(usize)) -> Duration {
    let used = count.min(10_000);
    let begun = Instant::now();
    for index in 0..DECISIONS as usize {
        act((index % used) * (count / used));
    }
    begun.elapsed() / DECISIONS
}

fn decision(count: usize, grants: usize) -> Duration {
    let tenants = tenants(count, grants);
    let scope: Arc<[Scope]> = [Scope::parse("logs:read:*", &"scope".into()).unwrap()].into();
    let used = count.min(10_000);
    let prepared: Vec<_> =
        (0..used).map(|index| index * (count / used)).map(|number| (claims(number), operation(number, grants))).collect();
    each(count, |number| {
        let (claims, operation) = &prepared[number / (count / used)];
        let tenant = tenants.get(&claims.tenant);
        let caller = Caller { claims: Arc::clone(claims), tenant, scopes: Arc::clone(&scope) };
        black_box(policy::authorize(&caller, operation.clone(), Millis(0)).unwrap());
    })
}

pub(crate) fn run() {
    println!(
        "finding the tenant and the decision, ns\n\n{:>10}{:>12}{:>12}{:>12}",
        "tenants", "1 grant", "10 grants", "100 grants"
    );
    for count in COUNTS {
        // 100,000 tenants with 100 grants take gigabytes.
        let figures = GRANTS.map(|grants| (count * grants <= 1_000_000).then(|| decision(count, grants)));
        let shown = figures.map(|figure| figure.map_or("-".to_owned(), |figure| figure.as_nanos().to_string()));
        println!("{count:>10}{:>12}{:>12}{:>12}", shown[0], shown[1], shown[2]);
    }
    audit_lines();
}

/// What a request waits for its line, and the processor time of the line with the thread that chains and writes it.
fn audit_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let settings = FileSettings { path, max_bytes: 1 << 40, max_age: None, keep: None, fsync: Fsync::Never };
    let log = AuditLog::start(Destination::File(settings), None, false).unwrap();
    let caller = Caller {
        claims: claims(0),
        tenant: Arc::new(tenant(0, 1)),
        scopes: [Scope::parse("logs:read:*", &"scope".into()).unwrap()].into(),
    };
    let permit = policy::authorize(&caller, operation(0, 1), Millis(0)).unwrap();
    let before = super::process::cpu_seconds("self");
    let begun = Instant::now();
    for _ in 0..LINES {
        let context = AuditContext::new("0123456789abcdef0123456789abcdef");
        context.set_log(&log);
        context.set_caller(&caller);
        context.set_permit(&permit);
        context.set_operation("ReadStream");
        AuditLine::new(&context, &permit, None, None).write(10, 4096, "end");
    }
    let (took, cpu) = (begun.elapsed(), super::process::cpu_seconds("self") - before);
    println!(
        "\nan audit line: {} ns in the request, {:.0} ns of processor time",
        (took / LINES).as_nanos(),
        cpu * 1e9 / f64::from(LINES)
    );
}
