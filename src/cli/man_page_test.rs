//! The man page of the packages, `infra/package/logmark.1`, agrees with the command line.

use clap::CommandFactory as _;
use clap_mangen::Man;

/// One page for all commands: each has a section with its options.
fn man_page() -> String {
    let mut command = super::Cli::command().disable_help_subcommand(true);
    command.build();
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page).unwrap();
    for subcommand in command.get_subcommands() {
        let man = Man::new(subcommand.clone());
        page.extend_from_slice(format!(".SH \"LOGMARK {}\"\n", subcommand.get_name().to_uppercase()).as_bytes());
        man.render_description_section(&mut page).unwrap();
        man.render_synopsis_section(&mut page).unwrap();
        man.render_options_section(&mut page).unwrap();
    }
    // Sections of a subcommand become subsections of the page.
    let text = String::from_utf8(page).unwrap();
    let mut is_subcommand = false;
    let lines = text.lines().map(|line| match line.strip_prefix(".SH ") {
        Some(name) if name.starts_with("\"LOGMARK ") => {
            is_subcommand = true;
            line.to_owned()
        }
        Some(name) if is_subcommand => format!(".SS {name}"),
        _ => line.to_owned(),
    });
    lines.map(|line| line + "\n").collect()
}

/// `make man` writes it.
#[test]
fn the_packaged_man_page_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("infra/package/logmark.1");
    let page = man_page();
    if std::env::var_os("LOGMARK_WRITE_MAN_PAGE").is_some() {
        std::fs::write(&path, page).unwrap();
        return;
    }
    let packaged = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(packaged == page, "infra/package/logmark.1 is outdated: run `make man`");
}
