use logmark_client::{Client, EventsRequest};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(&std::env::var("LOGMARK_URL")?, &std::env::var("LOGMARK_TOKEN")?)?;

    let request = EventsRequest { start: Some("-15m".into()), ..EventsRequest::stream("/acme/api", "prod-a") };
    let mut events = client.events(request);
    while let Some(event) = events.next().await {
        let event = event?;
        println!("{} {}", event.timestamp.to_rfc3339(), event.message);
    }
    println!("continue from cursor {}", events.cursor().unwrap_or_default());
    Ok(())
}
