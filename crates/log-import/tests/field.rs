//! The cases of the field, for a quick look.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test says what is wrong by stopping")]

use jiff::Timestamp;
use logmark_log_import::{Input, Options, read};
use std::fs;
use std::path::PathBuf;

fn data(file: &str) -> Option<serde_json::Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/field");
    fs::read(folder.join(file)).ok().map(|b| serde_json::from_slice(&b).unwrap())
}

fn run(text: &str, options: Options) -> (Vec<String>, String) {
    match read("f", Input::Stream(Box::new(text.as_bytes())), options) {
        Ok(mut reading) => {
            let mut out = vec![];
            for l in &mut reading {
                let l = l.unwrap();
                out.push(format!("{:.3}", Timestamp::from_millisecond(l.timestamp).unwrap()));
            }
            let s = reading.into_summary();
            (
                out,
                format!(
                    "{:?} {:?} {:?} {:?}",
                    s.formats,
                    s.examples.iter().map(ToString::to_string).collect::<Vec<_>>(),
                    s.odd_examples.iter().map(ToString::to_string).collect::<Vec<_>>(),
                    s.notes
                ),
            )
        }
        Err(e) => (vec![], e.to_string()),
    }
}

#[test]
fn lines() {
    let mut bad = 0;
    for case in data("import_lines.json").unwrap().as_array().unwrap() {
        let text = format!("2026-11-20T09:59:59.000Z before\n{}\n", case["line"].as_str().unwrap());
        let (out, said) = run(&text, Options::detect(1_795_948_800_000));
        if out.get(1).map(String::as_str) != case["expect"].as_str() {
            bad += 1;
            println!("{} {}\n   want {} got {:?}\n   {}", case["id"], case["line"], case["expect"], out.get(1), said);
        }
    }
    for case in data("import_files.json").unwrap().as_array().unwrap() {
        let text: String = case["lines"].as_array().unwrap().iter().map(|l| format!("{}\n", l.as_str().unwrap())).collect();
        let now =
            case["file_changed_at"].as_str().map_or(1_795_948_800_000, |t| t.parse::<Timestamp>().unwrap().as_millisecond());
        let mut options = Options::detect(now);
        if let Some(args) = case["args"].as_array() {
            options.format = Some(args[1].as_str().unwrap().parse().unwrap());
        }
        let (out, said) = run(&text, options);
        let want: Vec<String> = case["expect"].as_array().unwrap().iter().map(|l| l.as_str().unwrap().to_owned()).collect();
        if out != want {
            bad += 1;
            println!("{}\n   want {:?}\n    got {:?}\n   {}", case["id"], want, out, said);
        }
    }
    println!("bad {bad}");
}
