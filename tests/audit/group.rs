//! A log group as the destination of audit lines, and a tenant that reads its own trail there.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::client::Client;
use crate::world::fake_cloudwatch::{REGION, SECRET};
use crate::world::process::Process;
use crate::world::tokens::Issuer;
use crate::world::{Options, TENANTS, World};

const TO_DISK: &str = "[audit]\nsink = \"log_group\"\nsource = \"disk\"\ngroup = \"/logmark/audit\"\n";
/// The example of docs/audit.md.
const OWN_TRAIL: &str = r#"
[[tenants.acme.grants]]
source = "disk"
groups = ["/logmark/audit"]
actions = ["read", "query"]
where = '{ $.tenant = "acme" }'
mask = ["$.chain", "$.seq", "$.previousHash", "$.mac"]
mask_with = "remove"
"#;

/// Longer than any line takes to be written on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until the group's audit lines contain the text, and returns them as the client's tenant sees them.
async fn trail(client: &Client, text: &str) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let answer = client.get("/logs/:logmark:audit?start=-1h&limit=1000").await;
        if answer.text().contains(text) {
            return answer.messages().iter().map(|message| serde_json::from_str(message).unwrap()).collect();
        }
        assert!(begun.elapsed() < PATIENCE, "no `{text}` in {}", answer.text());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_tenant_reads_its_own_trail_and_nothing_of_others() {
    let tenants = format!("{TENANTS}{OWN_TRAIL}");
    let world = World::with(Options { audit: Some(TO_DISK.to_owned()), tenants: Some(tenants), ..Options::default() }).await;
    world.put("/acme/api", "web-1", &[(1_700_000_000_000, "hello")]).await;
    let globex = world.tenant("globex").get("/me").await.header("x-request-id");
    let acme = world.tenant("acme");
    let own = acme.get("/logs/:acme:api/web-1?start=0").await.header("x-request-id");
    let lines = trail(&acme, &own).await;
    let line = lines.iter().find(|line| line["requestId"] == own.as_str()).unwrap();
    assert_eq!((line["event"].as_str(), line["rows"].as_u64()), (Some("read"), Some(1)));
    for line in &lines {
        assert_eq!(line["tenant"], "acme", "{line}");
        // The chain's numbers would reveal how many requests other tenants make.
        for member in ["chain", "seq", "previousHash"] {
            assert_eq!(line.get(member), None, "{line}");
        }
    }
    let text = acme.get("/logs/:logmark:audit?start=-1h&format=text").await.text();
    assert!(!text.contains(&globex) && !text.contains("globex"), "{text}");
    // Its own read of the trail is in the trail.
    trail(&acme, "groups\\\":[\\\"/logmark/audit").await;
    assert_eq!(world.tenant("globex").get("/logs/:logmark:audit").await.problem(), "404 not_found");
}

#[tokio::test]
async fn lines_go_to_a_group_over_the_cloudwatch_logs_protocol() {
    // The endpoint of another service stands for CloudWatch.
    let operator = "[tenants.operator]\n[[tenants.operator.grants]]\ngroups = [\"/logmark/*\"]\nactions = [\"read\"]\n";
    let tenants = Some(operator.to_owned());
    let upstream = World::with(Options { tenants, ..Options::with_endpoint() }).await;
    upstream.store().create_group("/logmark/audit", 1_700_000_000_000).unwrap();
    let sources = format!(
        "[[sources]]\nname = \"aws\"\nkind = \"cloudwatch\"\nregion = \"{REGION}\"\nendpoint = \"{}\"\ncache = {{ bytes = 0 }}\n",
        upstream.endpoint()
    );
    let audit = "[audit]\nsink = \"log_group\"\nsource = \"aws\"\ngroup = \"/logmark/audit\"\n";
    let folder = upstream.folder.path().join("again");
    std::fs::create_dir(&folder).unwrap();
    let issuer = Issuer::new(&folder);
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n\
         [[auth.issuers]]\nissuer = \"test\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n\
         {sources}{TENANTS}{audit}"
    );
    std::fs::write(folder.join("logmark.toml"), config).unwrap();
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDTEST"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let process = Process::serve(&folder.join("logmark.toml"), &keys).await;
    let client = Client::new(process.address, Some(issuer.token("acme", "logs:*:*")));
    let id = client.get("/me").await.header("x-request-id");
    let lines = trail(&upstream.tenant("operator"), &id).await;
    let line = lines.iter().find(|line| line["requestId"] == id.as_str()).unwrap();
    assert_eq!((line["tenant"].as_str(), line["operation"].as_str()), (Some("acme"), Some("me")));
    let numbers: Vec<u64> = lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..lines.len() as u64).collect::<Vec<_>>());
}
