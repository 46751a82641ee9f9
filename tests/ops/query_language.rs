//! `GET /queries/language`: the commands and functions of the parser.

use logmark_insights::ast::CommandName;
use logmark_insights::functions::Function;
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn the_lists_are_those_of_the_parser() {
    let world = World::new().await;
    let answer = world.tenant("acme").get("/queries/language").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type").as_str()), (200, "application/json"));
    let language = answer.json();
    let names = |list: &str| -> Vec<String> {
        language[list].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };
    let commands: Vec<_> = CommandName::ALL.iter().map(|name| name.spelling()).filter(|name| *name != "$").collect();
    assert_eq!(names("commands"), commands);
    assert_eq!(names("functions"), Function::ALL.iter().map(|function| function.spelling()).collect::<Vec<_>>());
    let find =
        |list: &str, name: &str| language[list].as_array().unwrap().iter().find(|item| item["name"] == name).cloned().unwrap();
    assert_eq!(find("commands", "filter")["aliases"], json!(["where"]));
    insta::assert_json_snapshot!(find("functions", "round"), @r#"
    {
      "aliases": [],
      "description": "rounded, to a number of digits after the point.",
      "example": "round(a, digits)",
      "kind": "scalar",
      "maxArguments": 2,
      "minArguments": 1,
      "name": "round",
      "parameters": [
        "number",
        "digits"
      ],
      "signature": "round(number[, digits])"
    }
    "#);
    assert_eq!(find("functions", "concat").get("maxArguments"), None::<&Value>);
}

#[tokio::test]
async fn a_client_that_has_the_lists_gets_no_body() {
    let world = World::new().await;
    let acme = world.tenant("acme");
    let tag = acme.get("/queries/language").await.header("etag");
    let answer = acme.get_with("/queries/language", &[("if-none-match", &tag)]).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (304, 0));
    assert_eq!(world.anonymous().get("/queries/language").await.problem(), "401 missing_token");
    assert_eq!(acme.get("/queries/language?x=1").await.problem(), "400 invalid_parameter");
}
