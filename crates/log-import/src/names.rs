//! The names of fields with a record's own time.
//!
//! See also: `fields` for the rules, `keyed` for lines of `key=value`.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Best first. Names with finer units come before coarser ones.
const NAMES: &[&str] = &[
    "realtimetimestamp",
    "sourcerealtimetimestamp",
    "requesttimeepoch",
    "timestamp",
    "time",
    "ts",
    "t",
    "datetime",
    "asctime",
    "instant",
    "timemillis",
    "timestampms",
    "timestampinms",
    "timestampmillis",
    "timestampmilliseconds",
    "timestampus",
    "timestampns",
    "timestampnanos",
    "timems",
    "timens",
    "tsms",
    "epochms",
    "epochmillis",
    "epochmilliseconds",
    "epoch",
    "epochtime",
    "epochsecond",
    "unixtime",
    "unixtimestamp",
    "unixtimestampms",
    "timeunixnano",
    "observedtimeunixnano",
    "logtime",
    "logtimestamp",
    "logdate",
    "logdatetime",
    "logts",
    "eventtime",
    "eventtimestamp",
    "eventdate",
    "eventdatetime",
    "eventts",
    "eventcreated",
    "requestreceivedtimestamp",
    "stagetimestamp",
    "requesttime",
    "requesttimestamp",
    "requestdatetime",
    "querytimestamp",
    "edgestarttimestamp",
    "timegenerated",
    "timegeneratedutc",
    "systemtime",
    "timecreated",
    "creationtime",
    "receivetimestamp",
    "receivedtimestamp",
    "receivedat",
    "receivedtime",
    "ingesttime",
    "timelocal",
    "timeiso8601",
    "msec",
    "published",
    "publishtime",
    "startedat",
    "starttime",
    "starttimestamp",
    "startdatetime",
    "starteddatetime",
    "startlocal",
    "startutc",
    "createdat",
    "createdatutc",
    "createdtime",
    "createddate",
    "created",
    "createdtimestamp",
    "createtime",
    "loggedat",
    "occurredat",
    "occurred",
    "recordedat",
    "emittedat",
    "writtenat",
    "writeutc",
    "generatedat",
    "generatedtime",
    "observedat",
    "capturetime",
    "when",
    "date",
    "dt",
    "datetimeutc",
    "utctime",
    "utctimestamp",
    "utc",
    "localtime",
    "rt",
    "devtime",
    "tstamp",
    "timelogged",
    "syslogtimestamp",
    "triggeredat",
    "modifiedtime",
    "transactiontime",
    "activitydatetime",
    "deviceeventtime",
    "eventrecordedtime",
    "eventtimeutc",
    "clienttime",
    "servertime",
    "creationtimestamp",
];

/// Ranks from here are names that records also use for other times.
pub(crate) const WEAK_RANK: u8 = 65;

/// Objects that contain the record, its head or its time.
const WRAPPERS: &[&str] = &[
    "event",
    "log",
    "record",
    "meta",
    "metadata",
    "fields",
    "context",
    "header",
    "headers",
    "requestcontext",
    "system",
    "timecreated",
    "attributes",
    "info",
    "envelope",
    "data",
    "detail",
    "time",
    "timestamp",
    "t",
    "instant",
    "ts",
    "datetime",
    "resource",
    "entry",
    "audit",
    "logevent",
    "resourcelogs",
    "scopelogs",
    "logrecords",
    "#attributes",
    "source",
    "winlog",
    "payload",
    "labels",
    "extra",
    "process",
    "id",
    "message",
    "msg",
    "common",
    "eventinfo",
    "properties",
];

/// Words in names of other times than the record's.
const OTHER_TIMES: &[&str] = &[
    "exp",
    "until",
    "due",
    "valid",
    "enda",
    "endt",
    "ended",
    "finish",
    "birth",
    "renew",
    "next",
    "last",
    "since",
    "from",
    "notbefore",
    "notafter",
    "schedul",
    "deadline",
    "delet",
    "updat",
    "release",
    "trial",
    "retire",
    "ttl",
    "timeout",
    "build",
    "boot",
    "uptime",
    "previous",
    "old",
    "first",
];

static RANKS: LazyLock<HashMap<&str, u8>> = LazyLock::new(|| NAMES.iter().copied().zip(0..).collect());

/// The rank of a listed name.
pub(crate) fn rank(key: &[u8]) -> Option<u8> {
    let mut buffer = [0; 32];
    rank_of(plain(key, &mut buffer)?)
}

/// The same for a normalised name.
pub(crate) fn rank_of(name: &str) -> Option<u8> {
    RANKS.get(name).copied()
}

/// The name in lower case without separators.
pub(crate) fn plain<'b>(key: &[u8], buffer: &'b mut [u8; 32]) -> Option<&'b str> {
    let mut length = 0;
    let decoded = decoded(key);
    let key: &[u8] = &decoded;
    for byte in key.iter().filter(|byte| !b"_-@. ".contains(byte)) {
        *buffer.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    std::str::from_utf8(&buffer[..length]).ok()
}

/// Whether an object of this name contains the record, its head or its time.
pub(crate) fn is_wrapper(name: &str) -> bool {
    WRAPPERS.contains(&name)
}

/// Whether an unlisted name refers to the record's time.
pub(crate) fn speaks_of_time(name: &str, key: &[u8]) -> bool {
    let ends = key.ends_with(b"At") || key.ends_with(b"_at") || key.ends_with(b"_ts") || key.ends_with(b"Ts");
    let speaks =
        ends || ["time", "timestamp", "date", "datetime"].iter().any(|word| name.ends_with(word)) || name.contains("timestamp");
    speaks && !OTHER_TIMES.iter().any(|other| name.contains(other))
}

/// Whether it is the name of any time.
pub(crate) fn is_of_a_time(key: &[u8]) -> bool {
    let mut buffer = [0; 32];
    let Some(name) = plain(key, &mut buffer) else { return true };
    let mentions = |word: &&str| name.starts_with(*word) || name.ends_with(*word);
    rank_of(name).is_some() || speaks_of_time(name, key) || OTHER_TIMES.iter().any(mentions) || name.contains("date")
}

/// A string's bytes with decoded escapes.
pub(crate) fn decoded(text: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    use std::borrow::Cow;
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            (b'\\', Some(b'u')) => {
                let code = text.get(at + 2..at + 6).and_then(|digits| std::str::from_utf8(digits).ok());
                let code = code.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
                let mut bytes = [0; 4];
                decoded.extend_from_slice(code.unwrap_or('\u{fffd}').encode_utf8(&mut bytes).as_bytes());
                at += 6;
            }
            (b'\\', Some(escaped)) => {
                decoded.push(match escaped {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    other => *other,
                });
                at += 2;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(decoded)
}
