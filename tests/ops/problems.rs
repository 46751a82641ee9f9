//! The pages of the problem codes, to which `type` leads.

use logmark::http::problem_code::ProblemCode;

use crate::world::World;
use crate::world::binary::ServiceDirectory;
use crate::world::client::Client;

const HTML: [(&str, &str); 1] = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];

#[tokio::test]
async fn every_code_has_a_page_for_people_and_for_programs() {
    let world = World::new().await;
    let anyone = world.anonymous();
    let list = anyone.get_with("/problems", &HTML).await;
    let all = anyone.get("/problems").await.json();
    assert_eq!(all.as_array().unwrap().len(), ProblemCode::ALL.len());
    for (code, listed) in ProblemCode::ALL.into_iter().zip(all.as_array().unwrap()) {
        let (about, path) = (code.about(), code.path());
        assert!(list.text().contains(&format!("href=\"problems/{}\"", about.code)), "{path}");
        let page = anyone.get_with(&path, &HTML).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let text = page.text();
        for heading in ["What it means", "What causes it", "What to do"] {
            assert!(text.contains(heading), "{path}: {text}");
        }
        assert!(text.contains(&format!("<code>{}</code>, HTTP status {}", about.code, about.status)), "{path}: {text}");
        assert!(!text.contains("{{") && !text.contains('`') && !text.contains("<script"), "{path}: {text}");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");

        let program = anyone.get(&path).await.json();
        assert_eq!(program["code"], about.code);
        assert_eq!(program["status"], about.status);
        assert_eq!(program["type"], format!("http://logs.test{path}"));
        for member in ["title", "meaning", "cause", "fix"] {
            assert!(program[member].as_str().unwrap().len() > 5, "{path}: {member}");
        }
        assert_eq!(&program, listed);
    }
    for path in ["/problems/", "/problems/made_up", "/problems/NOT_FOUND", "/problems/%ff", "/problems/not_found/x"] {
        assert_eq!(anyone.get(path).await.problem(), "404 not_found", "{path}");
    }
    assert_eq!(anyone.get_with("/problems", &[("accept", "image/png")]).await.problem(), "406 not_acceptable");
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_its_page() {
    let world = World::new().await;
    for (client, target) in [
        (world.anonymous(), "/groups"),
        (world.tenant("acme"), "/logs/:globex:api"),
        (world.tenant("acme"), "/groups?limit=0"),
        (world.anonymous(), "/made-up"),
    ] {
        let problem = client.get(target).await.json();
        let path = problem["type"].as_str().unwrap().strip_prefix("http://logs.test").unwrap();
        let page = world.anonymous().get(path).await.json();
        assert_eq!((&page["type"], &page["code"], &page["title"]), (&problem["type"], &problem["code"], &problem["title"]));
    }
}

#[tokio::test]
async fn without_a_configured_url_the_type_is_a_path() {
    let directory = ServiceDirectory::new("");
    let served = directory.serve().await;
    let anyone = Client::new(served.address, None);
    assert_eq!(anyone.get("/groups").await.json()["type"], "/problems/missing_token");
    assert_eq!(anyone.get("/problems/missing_token").await.json()["type"], "/problems/missing_token");
}
