//! A session as AWS documents it, byte by byte: the frames are written here by hand from the description of the format
//! (`application/vnd.amazon.eventstream`) and of `StartLiveTail`, not by the library that reads them.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const ARN: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:/acme/api";

/// CRC-32 as in gzip: the polynomial 0xEDB88320, reflected.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// The length of the whole, of the headers, their checksum, the headers, the payload, the checksum of all before it.
fn frame(headers: &[Vec<u8>], payload: &str) -> Vec<u8> {
    let headers = headers.concat();
    let length = |bytes: usize| u32::try_from(bytes).unwrap().to_be_bytes();
    let mut bytes = [length(16 + headers.len() + payload.len()), length(headers.len())].concat();
    bytes.extend(crc32(&bytes).to_be_bytes());
    bytes.extend([headers.as_slice(), payload.as_bytes()].concat());
    bytes.extend(crc32(&bytes).to_be_bytes());
    bytes
}

/// A header: the length of its name, the name, the type of the value, the value.
fn header(name: &str, kind: u8, value: &[u8]) -> Vec<u8> {
    [&[u8::try_from(name.len()).unwrap()], name.as_bytes(), &[kind], value].concat()
}

/// A header with a text, which is type 7 and has a length of two bytes.
fn text(name: &str, value: &str) -> Vec<u8> {
    header(name, 7, &[&u16::try_from(value.len()).unwrap().to_be_bytes(), value.as_bytes()].concat())
}

fn event(name: &str, payload: &str) -> Vec<u8> {
    let content_type = text(":content-type", "application/x-amz-json-1.1");
    frame(&[text(":event-type", name), content_type, text(":message-type", "event")], payload)
}

fn update(sampled: bool, results: &[String]) -> Vec<u8> {
    let results = results.join(",");
    event("sessionUpdate", &format!("{{\"sessionMetadata\":{{\"sampled\":{sampled}}},\"sessionResults\":[{results}]}}"))
}

fn result(at: i64, message: &str) -> String {
    format!(
        "{{\"logStreamName\":\"{STREAM}\",\"logGroupIdentifier\":\"{ARN}\",\"message\":\"{message}\",\"timestamp\":{at},\
         \"ingestionTime\":{at}}}"
    )
}

/// Every type of header's value that the format has, besides text.
fn all_types() -> Vec<Vec<u8>> {
    let (time, id) = (1_795_168_800_000_i64.to_be_bytes(), [7; 16]);
    let bytes = [&3_u16.to_be_bytes()[..], b"\0\xff\n"].concat();
    vec![
        header("true", 0, &[]),
        header("false", 1, &[]),
        header("byte", 2, &[0xff]),
        header("short", 3, &(-2_i16).to_be_bytes()),
        header("integer", 4, &(-3_i32).to_be_bytes()),
        header("long", 5, &(-4_i64).to_be_bytes()),
        header("bytes", 6, &bytes),
        header("time", 8, &time),
        header("uuid", 9, &id),
    ]
}

/// The first session: what is documented, what a later version may add, and its planned end.
fn first(at: i64) -> Vec<Vec<u8>> {
    let start = format!(
        "{{\"requestId\":\"0d38b2b8\",\"sessionId\":\"1e49c3c9\",\"logGroupIdentifiers\":[\"{ARN}\"],\"logStreamNames\":[],\
         \"logStreamNamePrefixes\":[],\"logEventFilterPattern\":\"\"}}"
    );
    let results: Vec<String> = (0..3).map(|number| result(at + number, &format!("plain {number} \u{1F980}"))).collect();
    let mut with_all_types = all_types();
    with_all_types.extend([text(":event-type", "sessionUpdate"), text(":message-type", "event")]);
    let newer =
        format!("{{\"later\":[1,{{}}],\"sessionResults\":[{}]}}", result(at + 4, "newer").replace('{', "{\"later\":null,"));
    let exception = [text(":exception-type", "SessionTimeoutException"), text(":message-type", "exception")];
    vec![
        event("initial-response", "{}"),
        event("sessionStart", &start),
        update(false, &[]),
        update(false, &results),
        update(true, &[result(at + 3, "a sample")]),
        event("sessionLater", "{\"unknown\":true}"),
        frame(&with_all_types, &newer),
        frame(&exception, "{\"message\":\"Session has ended\"}"),
    ]
}

/// Reads a message that has a `Content-Length`, or none.
async fn message(socket: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let head = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        if let Some((head, _)) = head.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            if bytes.len() >= head.len() + 4 + length.map_or(0, |length| length.trim().parse().unwrap()) {
                return Some(bytes);
            }
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// Answers one request: `StartLiveTail` with the frames of the next session, in pieces that end anywhere; all others as the fake.
async fn serve(mut client: TcpStream, front: Arc<Front>) -> Option<()> {
    let request = message(&mut client).await?;
    if !String::from_utf8_lossy(&request).contains("Logs_20140328.StartLiveTail") {
        let mut upstream = TcpStream::connect(front.behind).await.ok()?;
        upstream.write_all(&request).await.ok()?;
        return client.write_all(&message(&mut upstream).await?).await.ok();
    }
    let at = SystemClock.now().0;
    let frames = match front.sessions.fetch_add(1, Ordering::SeqCst) {
        0 => first(at),
        _ => vec![event("initial-response", "{}"), update(false, &[result(at, "the next session")])],
    };
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\ntransfer-encoding: chunked\r\n\r\n";
    client.write_all(head.as_bytes()).await.ok()?;
    for part in frames.concat().chunks(front.piece) {
        client.write_all(&[format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat()).await.ok()?;
        client.flush().await.ok()?;
        tokio::task::yield_now().await;
    }
    // The session stays open. Its silence ends it later than the test.
    std::future::pending().await
}

struct Front {
    behind: std::net::SocketAddr,
    sessions: AtomicI64,
    piece: usize,
}

#[tokio::test]
async fn a_session_is_read_as_aws_documents_it() {
    for piece in [1, 7, 64 * 1024] {
        let world = World::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let front = Front { behind: world.fake.address, sessions: AtomicI64::new(0), piece };
        let front = Arc::new(front);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, Arc::clone(&front)));
            }
        });
        let settings = Settings {
            endpoint: Some(format!("http://{address}").parse().unwrap()),
            quotas: plenty(),
            tail: settings(),
            ..Settings::new(source_name(), REGION)
        };
        let provider = SharedCredentialsProvider::new(Credentials::new("AKIDNEW", SECRET, None, None, "test"));
        let source = CloudWatch::with_credentials(
            settings,
            Outbound::new().unwrap(),
            Arc::new(SystemClock),
            &Accounts::default(),
            provider,
        )
        .unwrap();
        let mut reader = tail(&source, TailStart::Now).await;
        let (mut received, mut is_sampled) = (Received::default(), false);
        let reading = async {
            while received.messages.len() < 6 {
                match reader.next().await.unwrap() {
                    TailItem::Sampled { .. } => is_sampled = true,
                    item => received.take(item),
                }
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap();
        let expected = ["plain 0 \u{1F980}", "plain 1 \u{1F980}", "plain 2 \u{1F980}", "a sample", "newer", "the next session"];
        assert_eq!(received.messages, expected, "in pieces of {piece} bytes");
        assert!(is_sampled);
    }
}
