//! The ways to a server that a `server.json` offers and we can go.

use std::{collections::BTreeMap, fmt};

use super::{Entry, Inputs, Package, Place, Remote, ServerJson, value};

/// One way.
pub(super) enum Way<'a> {
    Package(Registry, &'a Package),
    Remote(&'static str, &'a Remote),
}

/// Where packages come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Registry {
    Npm,
    Pypi,
    Oci,
}

impl Registry {
    fn of(word: &str) -> Option<Self> {
        match word {
            "npm" => Some(Self::Npm),
            "pypi" => Some(Self::Pypi),
            "oci" | "docker" => Some(Self::Oci),
            _ => None,
        }
    }

    /// The program that runs a package. The file may choose among those that do this; it may not name any other program.
    fn program(self, hint: Option<&str>) -> &'static str {
        match (self, hint) {
            (Self::Npm, Some("bunx")) => "bunx",
            (Self::Npm, _) => "npx",
            (Self::Pypi, _) => "uvx",
            (Self::Oci, Some("podman")) => "podman",
            (Self::Oci, _) => "docker",
        }
    }
}

/// All ways of a file, packages first.
pub(super) fn all(server: &ServerJson) -> Vec<Way<'_>> {
    let packages = server.packages.iter().flatten().filter_map(of_package);
    packages.chain(server.remotes.iter().flatten().filter_map(of_remote)).collect()
}

fn of_package(package: &Package) -> Option<Way<'_>> {
    let identifier = &package.identifier;
    // One that begins with a dash would be an option, and none has spaces.
    let fit = !identifier.is_empty() && !identifier.starts_with('-') && !identifier.contains(char::is_whitespace);
    let stdio = package.transport.as_ref().is_none_or(|transport| transport.kind == "stdio");
    Registry::of(&package.registry_type).filter(|_| fit && stdio).map(|registry| Way::Package(registry, package))
}

fn of_remote(remote: &Remote) -> Option<Way<'_>> {
    match remote.kind.as_str() {
        "streamable-http" | "streamable" | "http" => Some(Way::Remote("http", remote)),
        "sse" => Some(Way::Remote("sse", remote)),
        _ => None,
    }
}

impl Way<'_> {
    pub(super) fn entry(&self, inputs: &mut Inputs<'_>) -> Entry {
        match self {
            Self::Package(registry, package) => package.entry(*registry, inputs),
            Self::Remote(kind, remote) => remote.entry(kind, inputs),
        }
    }
}

impl fmt::Display for Way<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Package(registry, package) => {
                write!(f, "{} {}", registry.program(package.runtime_hint.as_deref()), package.identifier)
            }
            Self::Remote(kind, remote) => write!(f, "{kind} {}", remote.url),
        }
    }
}

impl Package {
    fn entry(&self, registry: Registry, inputs: &mut Inputs<'_>) -> Entry {
        let program = registry.program(self.runtime_hint.as_deref());
        let mut env = BTreeMap::new();
        for variable in self.environment_variables.iter().flatten() {
            let Some(name) = &variable.name else { continue };
            if let Some(value) = variable.fill(name, Place::Env, inputs) {
                env.insert(name.clone(), value);
            }
        }
        let given: Vec<_> = self.runtime_arguments.iter().flatten().flat_map(|value| value.words(inputs)).collect();
        let mut args = match registry {
            Registry::Npm => self.npm(program, given),
            Registry::Pypi => self.pypi(given),
            Registry::Oci => self.oci(given, env.keys()),
        };
        args.extend(self.package_arguments.iter().flatten().flat_map(|value| value.words(inputs)));
        Entry::Stdio { command: program.to_owned(), args, env }
    }

    fn npm(&self, program: &str, given: Vec<String>) -> Vec<String> {
        let mut args = given;
        if program == "npx" && !args.iter().any(|word| word == "-y" || word == "--yes") {
            args.insert(0, "-y".to_owned());
        }
        args.extend(self.elsewhere("registry.npmjs.org").map(|url| format!("--registry={url}")));
        args.push(self.with_version('@'));
        args
    }

    fn pypi(&self, given: Vec<String>) -> Vec<String> {
        let mut args = given;
        args.extend(self.elsewhere("pypi.org").map(|url| format!("--default-index={url}")));
        args.push(self.with_version('@'));
        args
    }

    /// The container gets the variables by their names; their values are in our environment.
    fn oci<'a>(&self, mut given: Vec<String>, variables: impl Iterator<Item = &'a String>) -> Vec<String> {
        if given.first().is_some_and(|word| word == "run") {
            given.remove(0);
        }
        let mut args = vec!["run".to_owned()];
        args.extend(["-i", "--rm"].map(str::to_owned).into_iter().filter(|word| !given.contains(word)));
        args.extend(variables.flat_map(|name| ["-e".to_owned(), name.clone()]));
        args.extend(given);
        let image = self.with_version(':');
        let host = self.elsewhere("docker.io").map(|url| url.trim_start_matches("https://").trim_end_matches('/'));
        args.push(match host {
            Some(host) if !image.starts_with(host) => format!("{host}/{image}"),
            _ => image,
        });
        args
    }

    /// Where the package comes from, if not from where everybody's do: a package of the same name there is another one.
    fn elsewhere(&self, usual: &str) -> Option<&str> {
        let url = self.registry_base_url.as_deref().filter(|url| !url.is_empty())?;
        let host = url.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
        (host != usual).then_some(url)
    }

    /// The identifier with its version behind `mark`, unless it has one, or a digest, already.
    fn with_version(&self, mark: char) -> String {
        let last = self.identifier.rsplit('/').next().unwrap_or_default();
        match self.version.as_deref().filter(|version| !version.is_empty()) {
            Some(version) if !last.contains([mark, '@']) => format!("{}{mark}{version}", self.identifier),
            _ => self.identifier.clone(),
        }
    }
}

impl Remote {
    fn entry(&self, kind: &'static str, inputs: &mut Inputs<'_>) -> Entry {
        let url =
            value::fill(&self.url, self.variables.as_ref(), Place::Url, inputs).unwrap_or_else(|| self.url.clone());
        let headers = self.headers.iter().flatten().filter_map(|header| {
            let name = header.name.clone()?;
            let value = header.fill(&name, Place::Header, inputs)?;
            Some((name, value))
        });
        Entry::Remote { kind, url, headers: headers.collect() }
    }
}
