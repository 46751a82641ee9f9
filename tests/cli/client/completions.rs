//! `logmark completions`.

use crate::world::binary::run;

#[tokio::test]
async fn every_shell_has_completions_of_all_commands() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let said = run(folder.path(), &["completions", shell]).await;
        assert_eq!(said.code, 0, "{}", said.err);
        for word in ["logs", "groups", "query", "token-file", "serve"] {
            assert!(said.out.contains(word), "{shell} lacks {word}");
        }
        if shell == "bash" {
            std::fs::write(folder.path().join("script"), &said.out).unwrap();
            let parsed = std::process::Command::new("bash").arg("-n").arg(folder.path().join("script")).status().unwrap();
            assert!(parsed.success());
        }
    }
    assert_eq!(run(folder.path(), &["completions", "tcl"]).await.code, 2);
}
