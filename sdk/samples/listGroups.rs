use logmark_client::Client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(&std::env::var("LOGMARK_URL")?, &std::env::var("LOGMARK_TOKEN")?)?;

    let mut groups = client.groups(None);
    while let Some(group) = groups.next().await {
        let group = group?;
        println!("{} {}", group.name, group.stored_bytes.unwrap_or_default());
    }
    Ok(())
}
