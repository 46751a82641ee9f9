//! The places of the configuration: beside the program, in a variable, in SSM Parameter Store, in S3.

use super::events::FrontDoor;
use super::runtime::Function;
use crate::world::binary::{ServiceDirectory, run_with};
use crate::world::moto::Moto;

fn directory() -> ServiceDirectory {
    let directory = ServiceDirectory::new("");
    directory.put("/acme/api", "s", std::iter::once((1_700_000_000_000, "acme's".to_owned())));
    directory
}

/// Removes the configuration from the folder, so that the function finds it elsewhere or not at all.
fn taken_out(directory: &ServiceDirectory) -> String {
    let path = directory.path().join("logmark.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    text
}

async fn reads(directory: &ServiceDirectory, function: Function) {
    let token = directory.issuer.token("acme", "logs:read:*");
    assert_eq!(function.invoke(FrontDoor::Url.get("/logs/:acme:api", Some(&token))).await.messages(), ["acme's"]);
    function.end().await;
}

const AWS: [(&str, &str); 3] =
    [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "AKIDTEST"), ("AWS_SECRET_ACCESS_KEY", "secret-canary")];

#[tokio::test]
async fn the_file_beside_the_program_is_found_wherever_that_is() {
    let directory = directory();
    reads(&directory, Function::with(&directory, &[]).await).await;
    let other_host = ServiceDirectory::new("");
    std::fs::remove_file(other_host.path().join("logmark.toml")).unwrap();
    let root = directory.path().to_str().unwrap();
    reads(&directory, Function::with(&other_host, &[("LAMBDA_TASK_ROOT", root)]).await).await;
}

#[tokio::test]
async fn a_variable_may_be_the_whole_configuration() {
    let directory = directory();
    let text = taken_out(&directory);
    reads(&directory, Function::with(&directory, &[("LOGMARK_CONFIG_TOML", &text)]).await).await;
    // A server reads it in the same way, and its errors have line numbers.
    let wrong = run_with(directory.path(), &["check"], &[("LOGMARK_CONFIG_TOML", "[server]\nnope = 1\n")]).await;
    assert_eq!(wrong.code, 64);
    assert!(wrong.err.contains("LOGMARK_CONFIG_TOML:2:1: server.nope: unknown key"), "{}", wrong.err);
    let both = [("LOGMARK_CONFIG_TOML", text.as_str()), ("LOGMARK_CONFIG", "logmark.toml")];
    let both = run_with(directory.path(), &["check"], &both).await;
    assert_eq!((both.code, both.err.contains("remove one of them")), (64, true), "{}", both.err);
}

#[tokio::test]
async fn parameter_store_and_s3_hold_it_for_functions_and_servers() {
    let moto = Moto::shared().await;
    let endpoint = format!("http://{}", moto.address);
    let directory = directory();
    let text = taken_out(&directory);
    moto.put_parameter("/functions/config", &text).await;
    moto.put_object("functions-config", "eu/log mark+é.toml", &text).await;
    for at in ["ssm:/functions/config", "ssm:/functions/config:1", "s3://functions-config/eu/log mark+é.toml"] {
        let variables = [&AWS[..], &[("AWS_ENDPOINT_URL", endpoint.as_str()), ("LOGMARK_CONFIG", at)]].concat();
        reads(&directory, Function::with(&directory, &variables).await).await;
        let checked = run_with(directory.path(), &["check", "--config", at], &variables[..variables.len() - 1]).await;
        assert_eq!(checked.code, 0, "{at}: {}", checked.err);
        // Variables override values of this place, as they override a file.
        let over = [&variables[..], &[("LOGMARK__SERVER__NOPE", "1")]].concat();
        let over = run_with(directory.path(), &["check"], &over).await;
        assert!(over.err.contains("LOGMARK__SERVER__NOPE: "), "{at}: {}", over.err);
    }
    moto.put_parameter("/functions/wrong", "[server]\nnope = 1\n").await;
    let variables = [&AWS[..], &[("AWS_ENDPOINT_URL", endpoint.as_str())]].concat();
    let wrong = run_with(directory.path(), &["check", "--config", "ssm:/functions/wrong"], &variables).await;
    assert_eq!(wrong.code, 64);
    assert!(wrong.err.contains("ssm:/functions/wrong:2:1: server.nope"), "{}", wrong.err);
}

#[tokio::test]
async fn what_goes_wrong_on_the_way_is_named_without_a_secret() {
    let moto = Moto::shared().await;
    let endpoint = format!("http://{}", moto.address);
    let folder = tempfile::tempdir().unwrap();
    let nobody = "http://127.0.0.1:9";
    let aws = |endpoint: &'static str| [&AWS[..], &[("AWS_ENDPOINT_URL", endpoint)]].concat();
    let endpoint: &'static str = endpoint.leak();
    for (at, variables, code, says) in [
        (
            "ssm:/functions/none",
            aws(endpoint),
            1,
            "ssm:/functions/none: ParameterNotFound: the parameter does not exist in this region",
        ),
        ("s3://no-such-bucket-here/x", aws(endpoint), 1, "s3://no-such-bucket-here/x: NoSuchBucket"),
        ("ssm:/x", aws(nobody), 1, "ssm:/x: could not connect"),
        ("ssm:/x", AWS[1..].to_vec(), 1, "set `AWS_REGION`"),
        ("ssm:/x", aws("http://user:password-canary@host"), 1, "`AWS_ENDPOINT_URL`: is not an endpoint"),
        ("ssm:/x", vec![AWS[0], ("AWS_ENDPOINT_URL", endpoint), ("AWS_EC2_METADATA_DISABLED", "true")], 1, "no credentials"),
        ("ssm:", aws(endpoint), 64, "names no parameter"),
        ("s3://bucket", aws(endpoint), 64, "names no object"),
        ("nowhere.toml", aws(endpoint), 64, "nowhere.toml"),
    ] {
        let said = run_with(folder.path(), &["check", "--config", at], &variables).await;
        assert_eq!(said.code, code, "{at}: {}", said.err);
        assert!(said.err.contains(says), "{at}: {}", said.err);
        assert!(!said.err.contains("canary") && !said.err.contains("AKID"), "{}", said.err);
    }
}
