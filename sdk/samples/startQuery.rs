use std::time::Duration;

use logmark_client::{Client, QueryRequest};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(&std::env::var("LOGMARK_URL")?, &std::env::var("LOGMARK_TOKEN")?)?;

    let request = QueryRequest {
        query: "stats count(*) by status".into(),
        log_groups: vec!["/acme/api".into()],
        start: "-1h".into(),
        timeout: Some(Duration::from_secs(120)),
        ..QueryRequest::default()
    };
    let mut rows = client.query(request).await?;
    while let Some(row) = rows.next().await {
        println!("{:?}", row?);
    }
    if let Some(statistics) = rows.statistics() {
        println!("{} bytes scanned", statistics.bytes_scanned);
    }
    Ok(())
}
