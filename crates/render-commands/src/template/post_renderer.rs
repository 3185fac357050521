//! `--post-renderer`: a program that changes what was rendered (HE-PR-01).
//!
//! The name is that of a Helm plugin of type `postrenderer/v1`, looked for where Helm keeps plugins; a path, or a name
//! that no plugin has, is a program that reads the documents on standard input and writes them to standard output.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use ferroflux_helm_chart::post_render::PostRenderer;
use serde_yaml::Value;

use super::os_error;
use super::repositories::home;

/// A program with its arguments.
#[derive(Debug)]
pub(super) struct Program {
    name: String,
    command: OsString,
    args: Vec<String>,
    env: Vec<(&'static str, OsString)>,
}

impl Program {
    /// Finds the plugin or program `name`.
    pub(super) fn find(name: &str, args: &[String]) -> anyhow::Result<Self> {
        let plugin = if name.contains('/') { None } else { find_plugin(name) };
        let Some((directory, description)) = plugin else {
            anyhow::ensure!(
                name.contains('/') || is_program(name),
                "invalid argument {name:?} for \"--post-renderer\" flag: plugin: {{Name:{name} Type:postrenderer/v1}} not found"
            );
            return Ok(Self { name: name.to_owned(), command: name.into(), args: args.to_vec(), env: Vec::new() });
        };
        let variables = |variable: &str| match variable {
            "HELM_PLUGIN_NAME" => Some(name.to_owned()),
            "HELM_PLUGIN_DIR" => Some(directory.display().to_string()),
            other => std::env::var(other).ok(),
        };
        let (command, mut all) = platform_command(&description)
            .ok_or_else(|| anyhow::anyhow!("post-renderer plugin {name:?}: no plugin command is applicable to this system"))?;
        all = all.iter().map(|text| expand(text, variables)).collect();
        all.extend_from_slice(args);
        let env = vec![("HELM_PLUGIN_NAME", name.into()), ("HELM_PLUGIN_DIR", directory.clone().into_os_string())];
        Ok(Self { name: name.to_owned(), command: expand(&command, variables).into(), args: all, env })
    }
}

impl PostRenderer for Program {
    fn run(&mut self, stream: String) -> Result<String, String> {
        let failed = |text: String| format!("failed to invoke post-renderer {:?}: {text}", self.name);
        let mut child = Command::new(&self.command)
            .args(&self.args)
            .envs(self.env.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| failed(os_error(&e)))?;
        let stdin = child.stdin.take();
        // The program may write before it has read everything.
        let writer = thread::spawn(move || stdin.map(|mut pipe| pipe.write_all(stream.as_bytes())));
        let output = child.wait_with_output().map_err(|e| failed(os_error(&e)))?;
        // A program that needs not all of its input may close it.
        let _ = writer.join();
        if !output.status.success() {
            return Err(failed(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())));
        }
        let text = String::from_utf8(output.stdout).map_err(|_| failed("its output is not text".to_owned()))?;
        if text.trim().is_empty() {
            return Err(format!("post-renderer {:?} produced empty output", self.name));
        }
        Ok(text)
    }
}

/// Whether a folder of `PATH` has such a file.
fn is_program(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|folders| std::env::split_paths(&folders).any(|folder| folder.join(name).is_file()))
}

/// The folder and description of the plugin `name`.
fn find_plugin(name: &str) -> Option<(PathBuf, Value)> {
    let folders = std::env::var_os("HELM_PLUGINS");
    let folders = folders.or_else(|| Some(home("HELM_DATA_HOME", "XDG_DATA_HOME", ".local/share")?.join("plugins").into_os_string()))?;
    for folder in std::env::split_paths(&folders) {
        let mut plugins: Vec<PathBuf> = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        plugins.sort();
        for directory in plugins {
            let Some(description) = describe(&directory) else { continue };
            if description["name"].as_str() == Some(name) && description["type"].as_str() == Some("postrenderer/v1") {
                return Some((directory, description));
            }
        }
    }
    None
}

fn describe(directory: &Path) -> Option<Value> {
    serde_yaml::from_str(&std::fs::read_to_string(directory.join("plugin.yaml")).ok()?).ok()
}

/// The command for this system and its arguments: exactly for system and processor, else for the system, else for all.
fn platform_command(description: &Value) -> Option<(String, Vec<String>)> {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let commands = description["runtimeConfig"]["platformCommand"].as_sequence()?;
    let rank = |command: &&Value| {
        let field = |key: &str| command[key].as_str().unwrap_or_default().to_lowercase();
        match (field("os").as_str(), field("arch").as_str()) {
            (os, a) if os == std::env::consts::OS && a == arch => Some(0),
            (os, "") if os == std::env::consts::OS => Some(1),
            ("", "") => Some(2),
            _ => None,
        }
    };
    let (_, chosen) = commands.iter().filter_map(|c| Some((rank(&c)?, c))).min_by_key(|(rank, _)| *rank)?;
    let mut words = chosen["command"].as_str()?.split(' ').map(str::to_owned);
    let command = words.next().filter(|c| !c.is_empty())?;
    let args = chosen["args"].as_sequence().into_iter().flatten().filter_map(|a| Some(a.as_str()?.to_owned()));
    Some((command, words.chain(args).collect()))
}

/// Replaces `$NAME` and `${NAME}`; unknown variables are empty.
fn expand(text: &str, variables: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (name, after) = match rest.strip_prefix('{').and_then(|r| r.split_once('}')) {
            Some((name, after)) => (name, after),
            None => rest.split_at(rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())),
        };
        out.push_str(&variables(name).unwrap_or_default());
        rest = after;
    }
    out + rest
}
