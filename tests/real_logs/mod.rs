//! Real logs: each file is imported with `logmark import` and queried over HTTP.
//!
//! The expected counts come from `tests/tools/count_logs.py`, which reads the files with Python's own libraries.
//! `LOGMARK_TEST_DATA` names the folder of the files; the default is `shared/data` beside the project. Without it the test prints
//! that it is skipped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::process::Command;

use crate::world::binary::{ServiceDirectory, run};
use crate::world::client::Client;

const TENANTS: &str = "[tenants.shop]\n[[tenants.shop.grants]]\ngroups = [\"/real/*\"]\nactions = [\"read\", \"query\"]\n";
/// Times without a year count back from the file's time; events of files without times get the time of the import.
const RANGE: [&str; 2] = ["1990-01-01T00:00:00Z", "2100-01-01T00:00:00Z"];

/// A file and its queries.
struct Imported {
    file: &'static str,
    group: &'static str,
    /// Additional arguments of `import`.
    more: &'static [&'static str],
    /// The name of a count, and the query. Its rows have the columns `value` and `n`, or only `n`.
    counts: &'static [(&'static str, &'static str)],
}

/// The fields of an access log in Apache's format.
macro_rules! web {
    ($rest:literal) => {
        concat!(
            r#"parse @message /^(?<ip>\S+) \S+ \S+ \[[^\]]*\] "(?<request>(?:[^"\\]|\\.)*)" (?<status>\d{3}) (?<bytes>\S+)/ | "#,
            $rest
        )
    };
}

const CSV: &str = "parse @message csv as ip, caller, user, time, method, path, protocol, status, bytes, id | ";

const FILES: &[Imported] = &[
    Imported {
        file: "web/apache_combined_semicomplete_10k.log",
        group: "/real/web",
        more: &[],
        counts: &[
            ("web statuses", web!("stats count(*) as n by status as value")),
            ("web methods", web!(r#"parse request "* *" as value, rest | stats count(*) as n by value"#)),
            ("web clients", web!("stats count_distinct(ip) as n")),
            ("web bytes", web!("stats sum(bytes) as n")),
        ],
    },
    Imported {
        file: "auth/auth.log",
        group: "/real/auth",
        more: &[],
        counts: &[
            ("auth lines", "stats count(*) as n"),
            ("auth invalid users", "filter @message like 'Invalid user' | stats count(*) as n"),
            (
                "auth programs",
                r"parse @message /^\S+ +\d+ \S+ \S+ (?<value>[^\[:]+)/ | filter ispresent(value) | stats count(*) as n by value",
            ),
        ],
    },
    Imported {
        file: "cloudtrail/invictus_stratus_cloudtrail.jsonl",
        group: "/real/cloudtrail",
        more: &[],
        counts: &[
            ("cloudtrail sources", "stats count(*) as n by eventSource as value"),
            ("cloudtrail errors", "filter ispresent(errorCode) | stats count(*) as n by errorCode as value"),
            ("cloudtrail identities", "filter ispresent(userIdentity.type) | stats count(*) as n by userIdentity.type as value"),
            ("cloudtrail names", "stats count_distinct(eventName) as n"),
        ],
    },
    Imported {
        file: "apigw/apigw_rest_json_binxio.jsonl",
        group: "/real/gateway",
        more: &[],
        counts: &[("gateway real", "stats count(*) as n by resourcePath as value")],
    },
    Imported {
        file: "apigw/derived_rest_json.jsonl",
        group: "/real/gateway-json",
        more: &[],
        counts: &[
            ("gateway json statuses", "stats count(*) as n by status as value"),
            ("gateway json methods", "stats count(*) as n by httpMethod as value"),
        ],
    },
    Imported {
        file: "apigw/derived_rest_csv.log",
        group: "/real/gateway-csv",
        more: &[],
        counts: &[
            ("gateway csv statuses", "CSV stats count(*) as n by status as value"),
            ("gateway csv methods", "CSV stats count(*) as n by method as value"),
        ],
    },
    Imported {
        file: "apigw/derived_rest_xml.log",
        group: "/real/gateway-xml",
        more: &[],
        counts: &[
            ("gateway xml statuses", "parse @message xml '/request/status' as value | stats count(*) as n by value"),
            ("gateway xml methods", "parse @message xml '/request/httpMethod' as value | stats count(*) as n by value"),
        ],
    },
    Imported {
        file: "apigw/derived_rest_clf.log",
        group: "/real/gateway-clf",
        more: &[],
        counts: &[
            ("gateway clf statuses", web!("stats count(*) as n by status as value")),
            ("gateway clf methods", web!(r#"parse request "* *" as value, rest | stats count(*) as n by value"#)),
        ],
    },
    Imported {
        file: "firehose/cwlogs_subscription_event_binxio.json",
        group: "/real/firehose",
        more: &["--now"],
        counts: &[("firehose records", r"filter @message like /^\s*.recordId.: / | stats count(*) as n")],
    },
    Imported {
        file: "firehose/cwlogs_subscription_decoded_binxio.jsonl",
        group: "/real/subscription",
        more: &[],
        // The import stores the log events inside the records.
        counts: &[("firehose events", "stats count(*) as n by id as value")],
    },
    Imported {
        file: "field/import_files.json",
        group: "/real/field-files",
        more: &["--now"],
        counts: &[("field import_files", FIELD_CASES)],
    },
    Imported {
        file: "field/import_lines.json",
        group: "/real/field-lines",
        more: &["--now"],
        counts: &[("field import_lines", FIELD_CASES)],
    },
    Imported {
        file: "field/insights.json",
        group: "/real/field-insights",
        more: &["--now"],
        counts: &[("field insights", FIELD_CASES)],
    },
    Imported {
        file: "field/patterns.json",
        group: "/real/field-patterns",
        more: &["--now"],
        counts: &[("field patterns", FIELD_CASES)],
    },
    Imported {
        file: "field/reading.json",
        group: "/real/field-reading",
        more: &["--now"],
        counts: &[("field reading", FIELD_CASES)],
    },
    Imported {
        file: "field/tokens.json",
        group: "/real/field-tokens",
        more: &["--now"],
        counts: &[("field tokens", FIELD_CASES)],
    },
];

/// Each case is a line, or part of an event of several lines.
const FIELD_CASES: &str = r#"parse @message /"id": ?"(?<id>[^"]+)"/ multi | filter ispresent(id) | stats count(*) as n"#;

/// The file with lines that the import refuses: their zones (BST, IST, CST) have two meanings.
const AMBIGUOUS: (&str, usize) = ("field/import_lines.json", 3);

fn data() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("LOGMARK_TEST_DATA").map_or_else(beside, PathBuf::from);
    let is_there = folder.join("web").is_dir();
    if !is_there {
        println!("skipped: the logs are not here (LOGMARK_TEST_DATA)");
    }
    is_there.then_some(folder)
}

/// The counts of the Python script.
async fn expected(data: &Path) -> BTreeMap<String, BTreeMap<String, u64>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut python = Command::new(root.join(".venv/bin/python"));
    let output = python.arg(root.join("tests/tools/count_logs.py")).arg(data).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The rows of a query: value and number.
async fn counted(client: &Client, group: &str, query: &str) -> BTreeMap<String, u64> {
    let body = json!({ "query": query.replacen("CSV ", CSV, 1), "logGroups": [group], "start": RANGE[0], "end": RANGE[1] });
    let answer = client.post("/queries", &body, &[("prefer", "wait=20")]).await;
    let page = answer.json();
    assert_eq!(page["status"], "Complete", "{group} {query}: {}", answer.text());
    let number = |row: &Value| row["n"].as_str().unwrap().parse::<f64>().unwrap() as u64;
    let rows = page["results"].as_array().unwrap().iter();
    rows.map(|row| (row["value"].as_str().unwrap_or("n").to_owned(), number(row))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn real_logs_have_the_counts_that_other_tools_find() {
    let Some(data) = data() else { return };
    let expected = expected(&data).await;
    assert_eq!(expected["web statuses"]["200"], 9126, "as the provenance of the file states");
    let directory = ServiceDirectory::with_tenants("", TENANTS);
    for Imported { file, group, more, .. } in FILES {
        let path = data.join(file);
        let arguments = [["import", "--group", group, "--stream", "s"].as_slice(), *more, &[path.to_str().unwrap()]].concat();
        let said = run(directory.path(), &arguments).await;
        let refused = said.err.lines().filter(|line| line.contains(": the zone `")).count();
        assert_eq!((said.code, refused), if *file == AMBIGUOUS.0 { (1, AMBIGUOUS.1) } else { (0, 0) }, "{file}: {}", said.err);
    }
    let service = directory.serve().await;
    let token = directory.issuer.token("shop", "logs:*:/real/*");
    let client = Client::new(service.address, Some(token));
    let mut asked = 0;
    for (group, counts) in FILES.iter().map(|file| (file.group, file.counts)) {
        for (name, query) in counts {
            let known = expected.get(*name).unwrap_or_else(|| panic!("no count {name}"));
            assert_eq!(&counted(&client, group, query).await, known, "{name}: {query}");
            asked += 1;
        }
    }
    assert_eq!(asked, expected.len(), "each count is compared");
}
