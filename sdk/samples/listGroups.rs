use logmark_client::apis::groups_api::{ListGroupsParams, list_groups};
use logmark_client::{Client, Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(&std::env::var("LOGMARK_URL")?, &std::env::var("LOGMARK_TOKEN")?)?;

    let mut cursor = None;
    loop {
        let params = ListGroupsParams { cursor, prefix: None, limit: None };
        let page = list_groups(client.configuration(), params).await.map_err(Error::from)?;
        for group in page.groups {
            println!("{} {}", group.name, group.stored_bytes.unwrap_or_default());
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}
