//! Every documented form, example and table row of AWS's pages (`corpus/`, whose README explains the format): its matches, its
//! non-matches, its extracted values, and its printed form.
#![cfg(test)]

use std::fs;
use std::path::Path;

use logmark_filter_pattern::{FilterPattern, Matcher};

/// One case: its file and title, and its lines as word and rest.
#[derive(Debug)]
struct Case {
    about: String,
    lines: Vec<(String, String)>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let mut cases: Vec<Case> = Vec::new();
    for file in files {
        let page = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("# page: "), "{page} lacks its page");
        for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
            if let Some(title) = line.strip_prefix("-- ") {
                cases.push(Case { about: format!("{page}: {title}"), lines: Vec::new() });
            } else if !line.starts_with("# ") {
                let (word, rest) = line.split_once(':').unwrap_or_else(|| panic!("{page}: {line}"));
                let rest = rest.strip_prefix(' ').unwrap_or(rest).to_owned();
                cases.last_mut().unwrap().lines.push((word.to_owned(), rest));
            }
        }
    }
    cases
}

/// The errors of a case.
fn faults(Case { about, lines }: &Case) -> Vec<String> {
    let mut faults = Vec::new();
    let mut matcher: Option<Matcher> = None;
    let mut taken: Option<(Vec<String>, Vec<String>)> = None;
    for (word, text) in lines.iter().map(|(word, text)| (word.as_str(), text)).chain([("end", &String::new())]) {
        if word != "values"
            && let Some((found, wanted)) = taken.take()
            && !wanted.is_empty()
            && found != wanted
        {
            faults.push(format!("{about}: extracts {found:?} and not {wanted:?}"));
        }
        match (word, &matcher) {
            ("pattern", _) => match FilterPattern::parse(text) {
                Ok(pattern) => {
                    let printed = FilterPattern::parse(pattern.as_str());
                    if printed.as_ref() != Ok(&pattern) {
                        faults.push(format!("{about}: {text} prints as {pattern}, which is {printed:?}"));
                    }
                    matcher = Some(Matcher::new(&pattern).unwrap());
                }
                Err(refused) => faults.push(format!("{about}: {text} is refused: {}", refused[0])),
            },
            ("invalid", _) if FilterPattern::parse(text).is_ok() => faults.push(format!("{about}: {text} is not refused")),
            ("match", Some(matcher)) => match matcher.extract(text) {
                Some(found) if matcher.matches(text) => {
                    let found = found.iter().map(|one| format!("{}={}", one.name, one.value)).collect();
                    taken = Some((found, Vec::new()));
                }
                _ => faults.push(format!("{about}: does not match {text}")),
            },
            ("miss", Some(matcher)) if matcher.matches(text) => faults.push(format!("{about}: matches {text}")),
            ("values", _) => {
                if let Some((_, wanted)) = &mut taken {
                    wanted.push(text.clone());
                }
            }
            ("invalid" | "match" | "miss" | "end", _) => {}
            (word, _) => faults.push(format!("{about}: no such word: {word}")),
        }
    }
    faults
}

#[test]
fn the_documents_are_right() {
    let cases = cases();
    let count =
        |words: &[&str]| cases.iter().flat_map(|case| &case.lines).filter(|(word, _)| words.contains(&word.as_str())).count();
    assert!(
        count(&["pattern"]) >= 200 && count(&["match", "miss"]) >= 490 && count(&["values"]) >= 70 && count(&["invalid"]) >= 20
    );
    let faults: Vec<String> = cases.iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
