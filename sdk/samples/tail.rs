use logmark_client::{Client, TailItem, TailRequest};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(&std::env::var("LOGMARK_URL")?, &std::env::var("LOGMARK_TOKEN")?)?;

    // Reconnects by itself; stop it with Ctrl-C. Store `tail.cursor()` to resume it in another process.
    let request = TailRequest { start: Some("-15m".into()), ..TailRequest::group("/acme/java/orders") };
    let mut tail = client.tail(request);
    while let Some(item) = tail.next().await {
        match item? {
            TailItem::Event(event) => println!("{} {}", event.timestamp.to_rfc3339(), event.message),
            TailItem::Gap(gap) => println!("events from {:?} to {:?} may be missing: {}", gap.from, gap.to, gap.reason),
            _ => {}
        }
    }
    Ok(())
}
