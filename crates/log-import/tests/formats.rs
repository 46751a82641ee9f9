//! Well-known log formats: each line has its own time, alone in a file and after a line of another format.

#![expect(clippy::unwrap_used, reason = "a failure in a helper fails its test")]

use jiff::Timestamp;
use logmark_log_import::{Input, Options, read};

/// 2026-11-29T08:00:00Z.
const NOW: i64 = 1_795_939_200_000;

/// Each line has the time 2026-11-20 10:00:00 UTC, with `.123` if the second column says so.
const CASES: &[(&str, &str)] = &[
    // Zones.
    ("", "Fri Nov 20 2026 11:00:00 GMT+0100 (Central European Standard Time) up"),
    ("", "2026-11-20 12:00:00 GMT+02:00 INFO ready"),
    ("", "2026-11-20 12:00:00 UTC+2 INFO ready"),
    ("", "2026-11-20 04:30:00 UTC-05:30 INFO ready"),
    (".123", "2026-11-20 13:00:00.123 +03 [42] LOG:  ready"),
    (".123", "2026-11-20 07:00:00.123 -03 [42] LOG:  ready"),
    ("", "2026-11-20 18:00:00 +08 INFO ready"),
    ("", "2026-11-20 00:00:00 -10 [42] LOG:  ready"),
    ("", "2026-11-20 15:45:00 NPT ready"),
    ("", "2026-11-20 18:00:00 SGT ready"),
    ("", "2026-11-20 11:00:00 CET ready"),
    ("", "2026-11-20 05:00:00 EST ready"),
    ("", "2026-11-20 02:00:00 America/Los_Angeles ready"),
    ("", "2026-11-20 15:30:00 Asia/Kolkata ready"),
    ("", "2026-11-20T11:00:00+01:00[Europe/Berlin] ready"),
    ("", "2026-11-20T11:00:00[Europe/Berlin] ready"),
    ("", "2026-11-20 10:00:00 (UTC) ready"),
    ("", "2026-11-20 10:00:00 Etc/UTC ready"),
    ("", "2026-11-20 12:00:00 UTC +02:00 ready"),
    ("", "2026-11-20 02:00:00 Pacific Standard Time ready"),
    ("", "2026-11-20 11:00:00 (Central European Standard Time) ready"),
    // Half days and padding.
    ("", "2026-11-20 10:00:00 AM INFO ready"),
    ("", "11/20/2026 10:00:00 AM INFO ready"),
    ("", "11/20/2026, 10:00:00 a.m. ready"),
    ("", "Nov 20, 2026, 10:00:00\u{202f}AM com.example.Main run"),
    // Fractions and counts.
    (".123", "2026-11-20T10:00:00,123456789Z ready"),
    (".123", "1795168800.123 ready"),
    (".123", "1795168800123 ready"),
    (".123", "1795168800123456 ready"),
    (".123", "1795168800123456789 ready"),
    (".123", "1.7951688001234567e+09\tINFO\tready"),
    ("", "1.7951688e9 ready"),
    // Programs.
    (".123", "I1120 10:00:00.123456       1 controller.go:100] ready"),
    (".123", "W20261120 10:00:00.123456 42 server.cc:10] ready"),
    (".123", "20-Nov-2026 10:00:00.123 INFO [main] org.apache.catalina.startup.Catalina.start ready"),
    ("", "[20-Nov-2026 10:00:00 UTC] PHP Warning:  x in /a.php on line 1"),
    ("", "[20-Nov-2026 11:00:00 Europe/Berlin] PHP Warning:  x"),
    ("", "Nov 20, 2026 10:00:00 AM org.example.Main run"),
    (".123", "1:M 20 Nov 2026 10:00:00.123 * Ready to accept connections"),
    (".123", "[1234] 20 Nov 10:00:00.123 * Server started"),
    ("", "261120 10:00:00 [Note] mysqld: ready for connections."),
    (".123", "2026-11-20T10:00:00.123456Z 0 [System] [MY-010931] [Server] ready"),
    (".123", "# Time: 2026-11-20T10:00:00.123456Z"),
    ("", "# Time: 261120 10:00:00"),
    (".123", "type=SYSCALL msg=audit(1795168800.123:456): arch=c000003e"),
    (".123", "node=web1 type=USER_LOGIN msg=audit(1795168800.123:456): pid=1"),
    ("", "2026-11-20\t10:00:00\tLAX1\t392\t192.0.2.100\tGET\td111.example.net\t/index.html\t200"),
    ("", "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1795168800 1795168860 ACCEPT OK"),
    (
        ".123",
        "h2 2026-11-20T10:00:00.123456Z app/lb/50dc 10.0.0.1:2817 10.0.0.2:80 0.0 0.0 0.0 200 200 34 366 \"GET https://x:443/ HTTP/2.0\"",
    ),
    ("", "tls 2.0 2026-11-20T10:00:00 net/lb/c6e g3d4 72.21.218.154:51341 172.100.100.185:443"),
    (".123", "2026-11-20T10:00:00.123456Z my-lb 192.168.131.39:2817 10.0.0.1:80 0.0 200"),
    ("", "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be bucket [20/Nov/2026:10:00:00 +0000] 192.0.2.3 -"),
    ("", "2026-11-20 10:00:00 W3SVC1 10.0.0.1 GET /default.htm - 80 - 10.0.0.2 200"),
    ("", "10.0.0.1 - - [20/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5"),
    ("", "[Fri Nov 20 10:00:00.000123 2026] [core:error] [pid 1] [client 10.0.0.1:1] x"),
    ("", "2026/11/20 10:00:00 [error] 12#12: *1 open() failed"),
    (".123", "10.0.0.1:5000 [20/Nov/2026:10:00:00.123] http-in back/s1 0/0/0/1/1 200 5"),
    (".123", "[2026-11-20T10:00:00.123Z] \"GET / HTTP/1.1\" 200 - 0 5"),
    (".123", "[2026-11-20 10:00:00.123][1][info][main] starting"),
    ("", "Started GET \"/\" for 10.0.0.1 at 2026-11-20 10:00:00 +0000"),
    (".123", "I, [2026-11-20T10:00:00.123456 #42]  INFO -- : ready"),
    ("", "[pid: 9|app: 0|req: 1/1] 10.0.0.1 () {40 vars in 500 bytes} [Fri Nov 20 10:00:00 2026] GET / => generated 1 bytes"),
    ("", "[2026-11-20 10:00:00 +0000] [42] [INFO] Listening at: http://0.0.0.0:8000"),
    (".123", "[2026-11-20 10:00:00,123: INFO/MainProcess] celery ready."),
    ("", "[I 261120 10:00:00 web:2239] 200 GET / (10.0.0.1) 1.00ms"),
    (".123", "[2026-11-20T10:00:00,123][INFO ][o.e.n.Node] [node-1] started"),
    (".123", "[2026-11-20 10:00:00,123] INFO [KafkaServer id=0] started (kafka.server.KafkaServer)"),
    (".123", "INFO  [main] 2026-11-20 10:00:00,123 StorageService.java:42 - ready"),
    ("", "26/11/20 10:00:00 INFO SparkContext: Running Spark"),
    (".123", "INFO 2026-11-20 10:00:00,123 module 42 ready"),
    (".123", "[main] INFO 2026-11-20 10:00:00.123 c.e.App ready"),
    (".123", "INFO:root:2026-11-20 10:00:00,123 ready"),
    (".123", "root - INFO - 2026-11-20 10:00:00,123 - ready"),
    (".123", "info: 2026-11-20 10:00:00.123 winston"),
    (".123", "2026-11-20 10:00:00.1234|INFO|Namespace.Class|ready"),
    (".123", "2026-11-20 10:00:00.123 +00:00 [INF] Serilog"),
    (".123", "\u{1b}[2m2026-11-20T10:00:00.123456Z\u{1b}[0m \u{1b}[32m INFO\u{1b}[0m \u{1b}[2mapp\u{1b}[0m ready"),
    (".123", "2026-11-20T10:00:00.123456789Z stdout F ready"),
    (".123", "web-1  | 2026-11-20 10:00:00.123 INFO ready"),
    ("", "<34>1 2026-11-20T10:00:00Z host su - ID47 - ready"),
    ("", "<34>Nov 20 10:00:00 host su: ready"),
    (".123", "<189>42: *Nov 20 10:00:00.123: %SYS-5-CONFIG_I: Configured"),
    ("", "Nov 20 2026 10:00:00 fw : %ASA-6-302013: Built"),
    ("", "date=2026-11-20 time=10:00:00 devname=\"fw\" tz=\"+0000\" logid=\"1\""),
    ("", "<189>date=2026-11-20 time=11:00:00 devname=\"fw\" logid=\"1\" tz=\"+0100\""),
    (".123", "date=2026-11-20 time=02:00:00 devname=\"fw\" eventtime=1795168800123456789 tz=\"-0800\""),
    ("", "1,2026/11/20 10:00:00,001801000001,TRAFFIC,end,1,2026/11/20 10:00:00,10.0.0.1"),
    (".123", "CEF:0|Vendor|Product|1|100|Name|5|src=10.0.0.1 rt=1795168800123 dst=10.0.0.2"),
    ("", "CEF:0|Vendor|Product|1|100|Name|5|src=10.0.0.1 rt=Nov 20 2026 10:00:00 dst=10.0.0.2"),
    (".123", "level=info ts=2026-11-20T10:00:00.123Z caller=main.go:1 msg=\"was due at ts=2019-01-01T00:00:00Z\""),
    (".123", "level=info msg=\"was time=2019-01-01T00:00:00Z\" time=\"2026-11-20T10:00:00.123Z\""),
    ("", "t=1795168800 lvl=info msg=ready"),
    ("", "time:2026-11-20T10:00:00Z\thost:10.0.0.1\tstatus:200"),
    (".123", "1795168800.123    200 10.0.0.1 TCP_MISS/200 5 GET http://x/ - DIRECT/10.0.0.2 text/html"),
    ("", "[1795168800] SERVICE ALERT: web;HTTP;CRITICAL;HARD;3;refused"),
    ("", "Fri, 20 Nov 2026 11:00:00 +0100 ready"),
    ("", "Fri, 20 Nov 2026 10:00:00 GMT ready"),
    ("", "Friday, 20-Nov-26 10:00:00 GMT ready"),
    ("", "Fri Nov 20 10:00:00 2026 ready"),
    ("", "Fri Nov 20 11:00:00 2026 +0100 ready"),
    ("", "Fri Nov 20 11:00:00 CET 2026 ready"),
    ("", "Fri Nov 20 10:00:00 AM UTC 2026 ready"),
    ("", "Fri 20 Nov 2026 10:00:00 AM UTC ready"),
    ("", "Fr 20. Nov 11:00:00 CET 2026 bereit"),
    ("", "ven. 20 nov. 2026 11:00:00 CET prêt"),
    ("", "Fri 2026-11-20 10:00:00 UTC ready"),
    (".123", "20261120 10:00:00.123 ready"),
    (".123", "20261120T100000.123Z ready"),
    ("", "20261120100000 ready"),
    (".123", "2026-11-20-10.00.00.123456+000 I1E1 LEVEL: Event"),
    ("", "<Nov 20, 2026 10:00:00 AM UTC> <Notice> <WebLogicServer> ready"),
    ("", "####<Nov 20, 2026 10:00:00 AM UTC> <Notice> ready"),
    (".123", "[11/20/26 10:00:00:123 UTC] 00000001 WsServerImpl A ready"),
    ("", "=INFO REPORT==== 20-Nov-2026::10:00:00 ==="),
    (".123", "11-20 10:00:00.123  1234  1234 I ActivityManager: ready"),
    (".123", "11/20-10:00:00.123456  [**] [1:1:1] alert [**]"),
    ("", "20-NOV-2026 10:00:00 * (CONNECT_DATA=(SID=x)) * establish"),
    ("", "Information,11/20/2026 10:00:00 AM,Service Control Manager,7036,None"),
    ("", "20.11.2026 10:00:00 bereit"),
    (".123", "[INFO]\t2026-11-20T10:00:00.123Z\tc6af9ac6\tready"),
    // Signs of Japanese, Chinese and Korean.
    ("", "2026年11月20日 10時00分00秒 起動しました"),
    (".123", "2026年11月20日 10時00分00.123秒 起動"),
    (".123", "2026年11月20日 10時00分00秒123 起動"),
    ("", "2026年11月20日 10:00:00 起動しました"),
    (".123", "[2026年11月20日 10:00:00.123] 起動しました"),
    ("", "2026年11月20日(金) 19時00分00秒 JST 起動"),
    ("", "2026年11月20日（金）午前10時00分00秒 起動"),
    ("", "2026年11月20日金曜日 10:00:00 起動"),
    ("", "2026年11月20日 星期五 上午10:00:00 启动"),
    ("", "2026年11月20日 10时00分00秒 启动"),
    ("", "2026년 11월 20일 10시 00분 00초 시작"),
    ("", "2026년 11월 20일 오후 10:00:00 +1200 시작"),
    ("", "2026/11/20 10:00:00 起動しました"),
    // Labels before the time.
    (".123", "000123: host1: *Nov 20 10:00:00.123 UTC: %SYS-5-CONFIG_I: Configured"),
    (".123", "host1: 000123: *Nov 20 10:00:00.123: %SYS-5-CONFIG_I: Configured"),
    ("", "core-sw.example.net: Nov 20 2026 10:00:00: %LINK-3-UPDOWN: up"),
    (".123", "<189>123: core-1: .Nov 20 10:00:00.123: %LINK-3-UPDOWN: up"),
    (".123", "<189>core-1: 123: Nov 20 2026 11:00:00.123 CET: %LINK-3-UPDOWN: up"),
    ("", "10.0.0.1: 42: Nov 20 2026 10:00:00: %LINK-3-UPDOWN: up"),
    (".123", "*Nov 20 10:00:00.123: %SYS-5-CONFIG_I: Configured"),
    ("", "myapp: 2026-11-20 10:00:00 ready"),
    (".123", "my-app[4242]: 2026-11-20T10:00:00.123Z INFO ready"),
    ("", "Backup_Job: 2026/11/20 10:00:00 begins"),
    ("", "web-1: myapp: [20/Nov/2026:10:00:00 +0000] ready"),
    // JSON.
    (".123", r#"{"message":"expired at 2019-02-28T10:00:00Z","levelname":"ERROR","asctime":"2026-11-20 10:00:00,123"}"#),
    (".123", r#"{"timeMillis":1795168800123,"message":"valid until 2027-02-28T10:00:00Z"}"#),
    (".123", r#"{"instant":{"epochSecond":1795168800,"nanoOfSecond":123000000},"level":"INFO"}"#),
    (".123", r#"{"@mt":"Licence until {Until}","Until":"2027-02-28T00:00:00Z","@t":"2026-11-20T10:00:00.123Z"}"#),
    (".123", r#"{"t":{"$date":"2026-11-20T10:00:00.123+00:00"},"s":"I","c":"NETWORK"}"#),
    (".123", r#"{"level":30,"time":1795168800123,"pid":1,"msg":"pino"}"#),
    (".123", r#"{"name":"bunyan","time":"2026-11-20T10:00:00.123Z","v":0}"#),
    (".123", r#"{"level":"info","ts":1795168800.123,"msg":"zap"}"#),
    (".123", r#"{"log":"2019-01-01 00:00:00 old\n","stream":"stdout","time":"2026-11-20T10:00:00.123456789Z"}"#),
    (".123", r#"{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1795168800123456","__MONOTONIC_TIMESTAMP":"1","MESSAGE":"x"}"#),
    (
        "",
        r#"{"kind":"Event","requestReceivedTimestamp":"2026-11-20T10:00:00.000000Z","stageTimestamp":"2026-11-20T10:00:01.000000Z"}"#,
    ),
    (".123", r#"{"version":"1.1","host":"x","short_message":"gelf","timestamp":1795168800.123}"#),
    (".123", r#"{"timeUnixNano":"1795168800123456789","body":{"stringValue":"otlp"}}"#),
    (".123", r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1795168800123456789"}]}]}]}"#),
    (".123", r#"{"timestamp":1795168800123,"formatVersion":1,"webaclId":"arn","action":"ALLOW"}"#),
    ("", r#"{"version":"1.1","account_id":"1","query_timestamp":"2026-11-20T10:00:00Z","query_name":"x."}"#),
    (
        ".123",
        r#"{"text":"x","record":{"elapsed":{"seconds":1},"time":{"repr":"2026-11-20 10:00:00.123+00:00","timestamp":1795168800.123}}}"#,
    ),
    (".123", r#"{"Date":"\/Date(1795168800123)\/","Message":"x"}"#),
    (".123", r#"{"id":"1","details":{"input":"{\"from\":\"2019-02-28T10:00:00Z\"}"},"event_timestamp":"1795168800123"}"#),
    ("", r#"{"order":{"due":"2027-01-31T00:00:00Z"},"event_time":"2026-11-20T10:00:00Z"}"#),
    (".123", r#"{"timestampInMs":1795168800123,"message":"built 2019-02-28T10:00:00Z"}"#),
    ("", r#"{"created_at":"2026-11-20T10:00:00Z","expires_at":"2027-01-01T00:00:00Z","event":"login"}"#),
    ("", r#"{"processedAt":"2026-11-20T10:00:00Z","validUntil":"2027-01-01T00:00:00Z"}"#),
    (
        ".123",
        r#"{"message":"monolog","datetime":{"date":"2026-11-20 11:00:00.123000","timezone_type":3,"timezone":"Europe/Berlin"}}"#,
    ),
    (".123", "<log4j:event logger=\"x\" timestamp=\"1795168800123\" level=\"INFO\">"),
    ("", "<Event><System><TimeCreated SystemTime='2026-11-20T10:00:00.000000000Z'/></System></Event>"),
    (".123", r#"{"timestamp":[2026,11,20,10,0,0,123000000],"level":"INFO"}"#),
    ("", r#"{"event":{"created":"2026-11-20T10:00:00Z","kind":"x"},"user":{"created":"2019-01-01T00:00:00Z"}}"#),
];

fn times(text: &str) -> (Vec<String>, String) {
    let mut reading = read("f", Input::Stream(Box::new(text.as_bytes())), Options::detect(NOW)).unwrap();
    let shown = |ms| format!("{:.3}", Timestamp::from_millisecond(ms).unwrap());
    let times = reading.by_ref().map(|line| shown(line.unwrap().timestamp)).collect();
    (times, format!("{:?}", reading.into_summary()))
}

#[test]
fn well_known_formats_are_found_alone_and_behind_another() {
    let mut wrong = Vec::new();
    for (fraction, line) in CASES {
        let expected = format!("2026-11-20T10:00:00{}Z", if fraction.is_empty() { ".000" } else { fraction });
        for (before, position) in [("", 0), ("2026-11-20T09:59:59.000Z before\n", 1)] {
            let (times, said) = times(&format!("{before}{line}\n"));
            if times.get(position) != Some(&expected) {
                wrong.push(format!("{line}\n    expected {expected}, got {times:?} {said}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn fields_of_records_are_not_programs() {
    for line in [
        "X-Amz-Date: 20261120T150000Z",
        "date: Fri, 20 Nov 2026 15:00:00 GMT",
        "expires: Fri, 20 Nov 2026 15:00:00 GMT",
        "Last-Modified: Fri, 20 Nov 2026 15:00:00 GMT",
        "created: 2026-11-20T15:00:00Z",
        "validUntil: 2026-11-20T15:00:00Z",
        "lastTransitionTime: 2026-11-20T15:00:00Z",
        "Started: 2026-11-20 15:00:00",
        "job-finished: 2026-11-20 15:00:00",
        "next_run: 2026-11-20 15:00:00",
    ] {
        let (times, said) = times(&format!("2026-11-20T10:00:00.000Z before\n{line}\n"));
        assert_eq!(times, ["2026-11-20T10:00:00.000Z"; 2], "{line} {said}");
    }
}

#[test]
fn a_year_of_an_era_is_refused_by_name() {
    for line in [
        "令和8年11月20日 10時00分00秒 起動",
        "令和元年11月20日 10:00:00 起動",
        "平成31年4月30日 23時59分59秒 起動",
        "R8.11.20 10:00:00 起動",
        "H31/04/30 23:59:59 起動",
    ] {
        for before in ["", "2026-11-20T09:59:59.000Z before\n"] {
            let (_, said) = times(&format!("{before}{line}\n"));
            assert!(said.contains("Era"), "{line}: {said}");
        }
    }
}
