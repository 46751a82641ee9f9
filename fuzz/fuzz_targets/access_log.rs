//! Any template compiles or has errors in it; any line is classified; and what was read is read again after it is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logmark_access_log::{Format, Known, Line, recognise};

fuzz_target!(|text: &str| {
    let (template, lines) = text.split_once('\n').unwrap_or((text, text));
    match Format::from_template(template) {
        Ok(format) => check(&format, lines),
        Err(errors) => assert!(errors.iter().all(|error| template.get(error.place.clone()).is_some()), "{errors}"),
    }
    let number = usize::from(text.as_bytes().first().copied().unwrap_or_default()) % Known::ALL.len();
    check(Known::ALL[number].format().expect("known formats compile"), lines);
    if let Some(format) = recognise(lines.lines()) {
        check(&format, lines);
    }
});

fn check(format: &Format, lines: &str) {
    assert!(format.split(lines).map(str::len).sum::<usize>() <= lines.len());
    for line in lines.lines() {
        let Line::Access(record) = format.parse(line) else { continue };
        let values = record.values();
        let _ = (record.time(), record.status());
        // A second reading gives the same values, or none: a repaired line may become one with two readings.
        if let Line::Access(again) = format.parse(&format.write(&values))
            && !record.is_repaired()
        {
            assert_eq!(again.values().fields, values.fields, "{line}");
        }
    }
}
