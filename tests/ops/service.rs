//! Requests outside of operations: metadata, documentation, health, headers, limits.

use http::Method;

use crate::world::{Options, World};

#[tokio::test]
async fn metadata_and_description_need_no_token() {
    let world = World::new().await;
    let anyone = world.anonymous();
    let metadata = anyone.get("/.well-known/oauth-protected-resource").await.json();
    assert_eq!(metadata["resource"], "http://logs.test");
    assert_eq!(metadata["authorization_servers"], serde_json::json!(["test"]));
    let document = anyone.get("/openapi.json").await;
    assert_eq!(document.header("content-type"), "application/json");
    assert_eq!(document.json()["openapi"], "3.1.0");
}

#[tokio::test]
async fn the_description_refers_to_nothing_that_is_not_in_it() {
    let text = logmark::http::openapi::DOCUMENT.as_str();
    let document: serde_json::Value = serde_json::from_str(text).unwrap();
    let references = text.split("\"#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap());
    for name in references {
        assert!(document["components"]["schemas"].get(name).is_some(), "{name} is missing");
    }
    for kind in ["responses", "headers", "examples"] {
        for name in text.split(&format!("\"#/components/{kind}/")).skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(document["components"][kind].get(name).is_some(), "{kind}/{name} is missing");
        }
    }
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for member in ["operationId", "summary", "description", "tags", "responses", "security"] {
                assert!(operation.get(member).is_some(), "{method} {path} has no {member}");
            }
        }
    }
}

#[tokio::test]
async fn the_documentation_is_served_from_our_own_files() {
    let world = World::new().await;
    let anyone = world.anonymous();
    assert_eq!(anyone.get("/docs").await.header("location"), "/docs/");
    let page = anyone.get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("swagger-ui"), "{}", page.text());
    assert!(!page.text().contains("http://") && !page.text().contains("https://"), "no other host: {}", page.text());
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    assert_eq!(anyone.get("/docs/swagger-ui-bundle.js").await.status, 200);
    assert!(anyone.get("/docs/swagger-initializer.js").await.text().contains("/openapi.json"));
    assert_eq!(anyone.get("/docs/nothing").await.problem(), "404 not_found");
}

#[tokio::test]
async fn people_get_a_page_and_programs_an_index() {
    let world = World::new().await;
    let anyone = world.anonymous();
    for (accept, expected) in [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/*;q=0.5, text/html;q=0.4", "application/json"),
        ("text/html", "text/html; charset=utf-8"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json;q=0.1, text/*;q=0.2", "text/html; charset=utf-8"),
        ("application/json;q=0, */*", "text/html; charset=utf-8"),
    ] {
        let answer = anyone.get_with("/", &[("accept", accept)]).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type").as_str()), (200, expected), "{accept}");
        assert!(answer.header("vary").contains("Accept"), "{accept}");
        let head = anyone.send(Method::HEAD, "/", &[("accept", accept)]).await;
        assert!(head.status == 200 && head.body.is_empty(), "{accept}");
        for name in ["content-type", "content-length", "content-security-policy", "vary"] {
            assert_eq!(head.header(name), answer.header(name), "{accept}");
        }
    }
    assert_eq!(anyone.get_with("/", &[("accept", "image/png")]).await.problem(), "406 not_acceptable");
    let index = anyone.get("/").await.json();
    assert_eq!((&index["name"], &index["version"]), (&"Logmark".into(), &env!("CARGO_PKG_VERSION").into()));
    for (name, link) in index["links"].as_object().unwrap() {
        let path = link.as_str().unwrap().strip_prefix("http://logs.test").unwrap();
        let expected = if ["groups", "me"].contains(&name.as_str()) { 401 } else { 200 };
        assert_eq!(anyone.get(path).await.status, expected, "{name}");
    }
}

#[tokio::test]
async fn the_page_for_people_runs_nothing_and_shows_only_the_operators_url() {
    let world = World::new().await;
    let page = world.tenant("acme").get_with("/", &[("accept", "text/html")]).await;
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
    let text = page.text();
    assert!(!text.contains("<script") && !text.contains("{{") && !text.contains("acme"), "{text}");
    assert!(text.contains("<html lang=\"en\">") && text.contains("href=\"http://logs.test/docs/\""), "{text}");
    let anonymous = world.anonymous().get_with("/", &[("accept", "text/html")]).await;
    assert_eq!(anonymous.text(), text, "it is the same for every caller");
}

#[tokio::test]
async fn the_admin_listener_tells_health_and_the_public_one_does_not() {
    let world = World::new().await;
    world.tenant("acme").get("/me").await;
    let operator = world.operator();
    assert_eq!(operator.get("/healthz").await.status, 200);
    let ready = operator.get("/readyz").await;
    assert_eq!(ready.status, 200, "{}", ready.text());
    assert_eq!(ready.json()["status"], "ready");
    assert!(operator.get("/metrics").await.text().contains("logmark_http_requests_total{operation=\"me\",status=\"200\"}"));
    let unknown = operator.get("/groups").await;
    assert_eq!(unknown.problem(), "404 not_found");
    let detail = unknown.json()["detail"].to_string();
    assert!(detail.contains("`/healthz`, `/readyz` and `/metrics`") && !detail.contains("openapi"), "{detail}");
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(world.tenant("acme").get(path).await.problem(), "404 not_found", "{path}");
    }
}

#[tokio::test]
async fn every_answer_has_an_id_and_headers_that_protect() {
    let world = World::new().await;
    world.put("/acme/api", "s", &[(1, "x")]).await;
    for target in
        ["/", "/groups", "/logs/:acme:api", "/logs/:acme:api?format=csv", "/nothing", "/me?x=1", "/openapi.json", "/docs/"]
    {
        let answer = world.tenant("acme").get(target).await;
        assert_eq!(answer.header("x-request-id").len(), 32, "{target}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{target}");
        assert_eq!(answer.header("cache-control"), "private, no-store", "{target}");
        assert!(answer.header("vary").contains("Authorization"), "{target}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{target}");
        assert!(!answer.header("content-type").contains("html") || target.starts_with("/docs"), "{target}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let world = World::new().await;
    for client in [world.anonymous(), world.tenant("acme")] {
        for path in ["/nothing", "/logs/", "/logs/a/b/c", "/logs//", "/groups/", "//groups", "/groups/:acme:api/", "/LOGS/x"] {
            assert_eq!(client.get(path).await.problem(), "404 not_found", "{path}");
        }
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS, Method::TRACE] {
            let answer = client.send(method.clone(), "/groups", &[]).await;
            assert_eq!(answer.problem(), "405 method_not_allowed", "{method}");
            assert_eq!(answer.header("allow"), "GET,HEAD", "{method}");
        }
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_by_name() {
    let world = World::new().await;
    let acme = world.tenant("acme");
    assert_eq!(acme.get(&format!("/groups?prefix={}", "x".repeat(17_000))).await.problem(), "414 target_too_long");
    let large = "x".repeat(40_000);
    assert_eq!(acme.get_with("/groups", &[("x-large", &large)]).await.problem(), "431 headers_too_large");
    assert_eq!(acme.get_with("/me", &[("accept", "application/xml")]).await.problem(), "406 not_acceptable");
}

#[tokio::test]
async fn other_origins_may_call_only_when_they_are_named() {
    let closed = World::new().await;
    let origin = [("origin", "https://app.example.com")];
    assert_eq!(closed.tenant("acme").get_with("/me", &origin).await.header("access-control-allow-origin"), "");

    let server = "cors_origins = [\"https://app.example.com\"]\n".to_owned();
    let open = World::with(Options { server, ..Options::default() }).await;
    let answer = open.tenant("acme").get_with("/me", &origin).await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example.com");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    for other in
        ["https://app.example.com.evil.test", "https://evil.test", "null", "http://app.example.com", "https://APP.example.com"]
    {
        let answer = open.tenant("acme").get_with("/me", &[("origin", other)]).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{other}");
    }
    let preflight = [
        ("origin", "https://app.example.com"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization"),
    ];
    let answer = open.anonymous().send(Method::OPTIONS, "/groups", &preflight).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("access-control-allow-headers").contains("authorization"));
}
