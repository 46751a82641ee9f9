use logmark_client::{Client, EventsRequest};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(&std::env::var("LOGMARK_URL")?, &std::env::var("LOGMARK_TOKEN")?)?;

    // One response of any length, read as it arrives. An incomplete stream is an error.
    let request = EventsRequest { start: Some("-15m".into()), ..EventsRequest::group("/acme/api") };
    let mut stream = client.stream(request).await?;
    while let Some(event) = stream.next().await {
        let event = event?;
        println!("{} {}", event.log_stream, event.message);
    }
    Ok(())
}
