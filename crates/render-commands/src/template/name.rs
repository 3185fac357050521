//! The release's name, by the rules for one or two arguments.

use anyhow::{Result, anyhow, bail, ensure};
use ferroflux_go_template::engine::render_alone;
use ferroflux_go_template::limits::Limits;

use super::host::CommandHost;

/// The name where none was given. `--generate-name` does not change it: the original's `template` fills it in before it
/// looks at that option.
const DEFAULT: &str = "release-name";

/// What the arguments and options say about the name.
pub(super) struct Named<'a> {
    /// `NAME CHART` or `CHART`.
    pub(super) arguments: &'a [String],
    /// `--name-template`.
    pub(super) template: Option<&'a str>,
    /// `--generate-name`.
    pub(super) generate: bool,
}

impl<'a> Named<'a> {
    /// The name and the chart.
    pub(super) fn resolve(&self, zone: &str) -> Result<(String, &'a str)> {
        let template = self.template.filter(|template| !template.is_empty());
        match self.arguments {
            [name, chart] => {
                ensure!(!self.generate, "cannot set --generate-name and also specify a name");
                ensure!(template.is_none(), "cannot set --name-template and also specify a name");
                Ok((name.clone(), chart))
            }
            [chart] => {
                let name = template.map_or_else(|| Ok(DEFAULT.to_owned()), |template| render(template, zone))?;
                Ok((name, chart))
            }
            [_, _, rest @ ..] => bail!("expected at most two arguments, unexpected arguments: {}", rest.join(", ")),
            [] => bail!("expected one or two arguments: [NAME] CHART"),
        }
    }
}

/// Renders the template of a name: without data, and with the functions alone that are not Helm's own.
fn render(template: &str, zone: &str) -> Result<String> {
    let host = CommandHost::new(zone.to_owned(), true);
    let text = render_alone("name-template", template, &host, Limits::default()).map_err(|error| anyhow!(error))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
