//! Secrets: their allowed places; no message prints one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::config::server::CursorKeys;

/// 32 bytes in base64, which must not appear in any message.
const CANARY: &str = "Q0FOQVJZLUNBTkFSWS1DQU5BUlktQ0FOQVJZLUNBTkE=";
const OTHER: &str = "T1RIRVItT1RIRVItT1RIRVItT1RIRVItT1RIRVItT1Q=";

/// The errors of `cursor_keys` in a folder with files of this content and these permissions.
fn found(keys: &str, files: &[(&str, &str, u32)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, content, mode) in files {
        fs::write(folder.path().join(name), content).unwrap();
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(*mode)).unwrap();
    }
    let file = folder.path().join("logmark.toml");
    let text = document("[server]", &format!("cursor_keys = {keys}"));
    let environment =
        variables(&[("KEY", CANARY), ("OLD", OTHER), ("EMPTY", ""), ("SHORT", "Q0FOQVJZ"), ("ZERO", &("A".repeat(43) + "="))]);
    let location = format!("{}/", folder.path().display());
    parse(Some((&file, &text)), &environment).map_err(|errors| lines(Err(errors)).replace(&location, ""))
}

#[test]
fn secrets_come_from_variables_and_private_files() {
    let newline = format!("{CANARY}\n");
    let crlf = format!("{OTHER}\r\n");
    let files = [("key", newline.as_str(), 0o600), ("old", crlf.as_str(), 0o400)];
    for keys in [r#"["env:KEY"]"#, r#"["env:KEY", "env:OLD"]"#, r#"["file:key", "env:OLD"]"#, r#"["file:key", "file:./old"]"#] {
        let config = found(keys, &files).unwrap_or_else(|text| panic!("{keys}: {text}"));
        let CursorKeys::Given(given) = config.server.cursor_keys else { panic!("{keys}") };
        assert_eq!(given[0].expose(), b"CANARY-CANARY-CANARY-CANARY-CANA", "{keys}");
    }
}

#[test]
fn a_secret_that_is_nowhere_or_open_to_all_is_refused() {
    let plain = format!("[\"{CANARY}\"]");
    let mode = |mode: &str| format!("the file `key` can be read by others (mode {mode}): run `chmod 600` on it");
    let no_key = |origin: &str| format!("`{origin}` must be 32 random bytes in base64, as `openssl rand -base64 32` prints them");
    let plainly =
        "is a secret in plain text: put it into a variable of its own and write `env:NAME`, or into a file and write `file:PATH`";
    let large = "x".repeat(70_000);
    let cases: [(&str, (&str, u32), String); 18] = [
        (&plain, ("", 0o600), plainly.to_owned()),
        (r#"["ENV:KEY"]"#, ("", 0o600), plainly.to_owned()),
        (r#"["env:"]"#, ("", 0o600), "names no variable: write `env:NAME`".to_owned()),
        (r#"["env:${KEY}"]"#, ("", 0o600), "names no variable: write `env:NAME`".to_owned()),
        (r#"["env:NOT_THERE"]"#, ("", 0o600), "the variable `NOT_THERE` is not set, or is not UTF-8: set it".to_owned()),
        (r#"["env:EMPTY"]"#, ("", 0o600), "`env:EMPTY` is empty".to_owned()),
        (r#"["env:SHORT"]"#, ("", 0o600), no_key("env:SHORT")),
        (
            r#"["env:ZERO"]"#,
            ("", 0o600),
            "`env:ZERO` repeats one byte: use 32 random bytes, as `openssl rand -base64 32` prints them".to_owned(),
        ),
        (r#"["file:"]"#, ("", 0o600), "names no file: write `file:PATH`".to_owned()),
        (r#"["file:nothing"]"#, ("", 0o600), "the file `nothing` does not exist".to_owned()),
        (r#"["file:."]"#, ("", 0o600), "`.` is not a file".to_owned()),
        (r#"["file:key"]"#, (CANARY, 0o644), mode("644")),
        (r#"["file:key"]"#, (CANARY, 0o640), mode("640")),
        (r#"["file:key"]"#, (CANARY, 0o604), mode("604")),
        (r#"["file:key"]"#, ("\n", 0o600), "`file:key` is empty".to_owned()),
        (
            r#"["file:key"]"#,
            (&large, 0o600),
            "the file `key` is larger than 64 KiB: write the path of a file with only the secret".to_owned(),
        ),
        (r#"["file:key"]"#, ("not base64!", 0o600), no_key("file:key")),
        (r#"["file:key"]"#, ("Q0FOQVJZ", 0o600), no_key("file:key")),
    ];
    for (keys, (content, mode), expected) in cases {
        let text = found(keys, &[("key", content, mode)]).unwrap_err();
        assert_eq!(text, format!("logmark.toml:2:16: server.cursor_keys[0]: {expected}"), "{keys}");
    }
}

#[test]
fn lists_of_keys_hold_keys_and_each_once() {
    for (keys, expected) in [
        ("[]", "2:15: server.cursor_keys: is empty: write `[\"env:LOGMARK_CURSOR_KEY\"]`, or remove the key"),
        ("\"env:KEY\"", "2:15: server.cursor_keys: must be an array, not a string"),
        ("[1]", "2:16: server.cursor_keys[0]: must be a string, not an integer"),
        (r#"["env:KEY", "env:KEY"]"#, "2:27: server.cursor_keys[1]: is listed twice"),
        (r#"["env:KEY", "file:key"]"#, "2:27: server.cursor_keys[1]: is listed twice"),
    ] {
        assert_eq!(found(keys, &[("key", CANARY, 0o600)]).unwrap_err(), format!("logmark.toml:{expected}"), "{keys}");
    }
}

#[test]
fn key_files_are_refused_when_everybody_can_read_them_and_warned_of_when_the_group_can() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("open");
    fs::write(&path, "x").unwrap();
    let read = |snippet: &str, header: &str, mode: u32| {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        parse(Some((&folder.path().join("logmark.toml"), &document(header, snippet))), &BTreeMap::new())
    };
    let shared = "algorithms = [\"HS256\"]\nkeys = \"file:open\"";
    let (public, tls) = ("keys = \"file:open\"", "tls = { cert = \"open\", key = \"open\" }");
    let readable = |mode: &str| format!("open` can be read by others (mode {mode}): run `chmod 600` on it");
    let writable = |mode: &str| format!("open` can be changed by its group or by others (mode {mode}): run `chmod go-w` on it");
    for (header, snippet, mode, error, warning) in [
        (ISSUER, shared, 0o644, Some(readable("644")), None),
        (ISSUER, shared, 0o604, Some(readable("604")), None),
        (ISSUER, shared, 0o640, None, Some(readable("640"))),
        (ISSUER, shared, 0o660, Some(writable("660")), None),
        (ISSUER, shared, 0o600, None, None),
        (ISSUER, public, 0o644, None, None),
        (ISSUER, public, 0o664, Some(writable("664")), None),
        (ISSUER, public, 0o646, Some(writable("646")), None),
        ("[server]", tls, 0o644, Some(readable("644")), None),
        ("[server]", tls, 0o640, None, Some(readable("640"))),
        ("[server]", tls, 0o620, Some(writable("620")), None),
        ("[server]", tls, 0o400, None, None),
    ] {
        let about = |lines: Vec<String>| lines.into_iter().filter(|line| line.contains("open`")).collect::<Vec<_>>();
        let (errors, warnings) = match read(snippet, header, mode) {
            Ok(config) => (Vec::new(), about(config.warnings)),
            Err(errors) => (about(errors.iter().map(ToString::to_string).collect()), Vec::new()),
        };
        let fits = |found: &[String], expected: &Option<String>| match expected {
            Some(text) => found.len() == 1 && found[0].ends_with(text.as_str()),
            None => found.is_empty(),
        };
        assert!(fits(&errors, &error) && fits(&warnings, &warning), "{snippet} {mode:o}: {errors:?} {warnings:?}");
    }
}

#[test]
fn a_configuration_that_others_can_change_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logmark.toml");
    for (mode, is_right) in [(0o600, true), (0o644, true), (0o444, true), (0o664, false), (0o646, false), (0o666, false)] {
        fs::write(&path, document("", "")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let found = lines(crate::config::load(Some(&path), std::iter::empty()));
        assert_eq!(found.is_empty(), is_right, "{mode:o}: {found}");
        assert!(is_right || found.contains("can be changed by its group or by others"), "{found}");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn no_secret_is_ever_printed() {
    let config = found(r#"["env:KEY", "file:key"]"#, &[("key", OTHER, 0o600)]).unwrap();
    let mut printed = format!("{config:?}{config:#?}{}", config.effective());
    let wrong = [
        (document("[server]", &format!("cursor_keys = [\"{CANARY}\"]")), ("A", "")),
        (document("[server]", &format!("cursor_keys = \"{CANARY}\"")), ("A", "")),
        (document("[server]", &format!("cursor_keys = [\"{CANARY}")), ("A", "")),
        (document("[server]", &format!("cursor_keys = [\"env:{CANARY}\"]")), ("A", "")),
        (document("[server]", &format!("public_url = \"https://a:{CANARY}@b\"")), ("A", "")),
        (document("", ""), ("LOGMARK__SERVER__CURSOR_KEYS", CANARY)),
        (document("", ""), ("LOGMARK__SERVER__CURSOR_KEYS__0", CANARY)),
        (document("", ""), ("LOGMARK__SERVER__CURSOR_KEY", CANARY)),
    ];
    for (text, variable) in wrong {
        let errors = parsed(&text, &[variable]).unwrap_err();
        printed += &format!("{errors}{errors:?}");
    }
    for bytes in ["CANARY", "OTHER-OTHER", &CANARY[..12], &OTHER[..12], "67, 65, 78, 65, 82, 89"] {
        assert!(!printed.contains(bytes), "{bytes} in {printed}");
    }
    assert!(printed.contains("CursorKey(env:KEY)") && printed.contains("CursorKey(file:key)"), "{printed}");
}
