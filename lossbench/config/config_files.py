"""Config files as Hydra reads them, but bounded: Hydra's own loader follows every alias, and a folder may be somebody else's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult
from omegaconf import OmegaConf

from lossbench.config.hydra_settings import refused
from lossbench.errors import BadInput
from lossbench.files.regular import read_text
from lossbench.files.yaml import LARGEST, parse_yaml

HEADER = 512  # characters in which Hydra looks for lines such as @package


class BoundedFileSource(FileConfigSource):
    """A folder of configs, each read within the bounds of `parse_yaml`."""

    def load_config(self, config_path: str) -> ConfigResult:
        """The config at a path within the folder. Raises BadInput for what is no YAML, or goes beyond a bound."""
        path = Path(self.path, self._normalize_file_name(config_path))
        if not path.exists():
            raise ConfigLoadError(f"Config not found : {path}")
        text = read_text(path, LARGEST)
        content = parse_yaml(text, str(path))
        if content is not None and not isinstance(content, dict):
            raise BadInput(f"{path} is no config: it wants a mapping of settings to values.")
        settings = (content or {}).get("hydra")
        if isinstance(settings, dict) and "searchpath" in settings:  # which Hydra follows before it composes
            raise refused("hydra.searchpath")
        return ConfigResult(
            config=OmegaConf.create(content or {}),
            path=f"{self.scheme()}://{self.path}",
            provider=self.provider,
            header=self._get_header_dict(text[:HEADER]),
        )


@contextmanager
def bounded_files() -> Iterator[None]:
    """While it lasts, Hydra reads config files through this module; a program that uses Hydra itself is left as it was."""
    Plugins.instance()  # which registers Hydra's own sources
    types = SourcesRegistry.instance().types
    before = types[FileConfigSource.scheme()]
    types[FileConfigSource.scheme()] = BoundedFileSource
    try:
        yield
    finally:
        types[FileConfigSource.scheme()] = before
