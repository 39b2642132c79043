"""Small text files in a folder of any file system that Hadoop knows: file, hdfs, s3 and the like."""

from __future__ import annotations

import uuid
from typing import Any

from logcore.spark.errors import JAVA_ERRORS, CheckpointError, java_class, root_cause

__all__ = ["BrokenFileError", "TextFiles"]

_MISSING = "java.io.FileNotFoundException"
_BROKEN = "org.apache.hadoop.fs.ChecksumException"


class BrokenFileError(CheckpointError):
    """A file whose bytes are not those that were written."""


class TextFiles:
    """UTF-8 files below `root`, each named by its path from there, such as `users/0123456789abcdef.csv`."""

    def __init__(self, jvm: Any, configuration: Any, root: str) -> None:
        """`jvm` is py4j's view, `configuration` Hadoop's. Raises CheckpointError where no file system serves `root`."""
        self._jvm = jvm
        self.root = root.rstrip("/") or root
        try:
            self._system = self._path("").getFileSystem(configuration)
        except JAVA_ERRORS as error:
            raise CheckpointError(f"{root}: {root_cause(error)}") from error

    def read(self, name: str) -> str | None:
        """The file's text; None where it does not exist. Raises BrokenFileError, CheckpointError."""
        try:
            stream = self._system.open(self._path(name))
            try:
                content = self._jvm.org.apache.commons.io.IOUtils.toByteArray(stream)
            finally:
                stream.close()
        except JAVA_ERRORS as error:
            kind = java_class(error)
            if kind == _MISSING:
                return None
            if kind == _BROKEN:
                raise BrokenFileError(f"{self.root}/{name}: {root_cause(error)}") from error
            raise CheckpointError(f"{self.root}/{name} can't be read: {root_cause(error)}") from error
        try:
            return bytes(content).decode()
        except UnicodeDecodeError as error:
            raise BrokenFileError(f"{self.root}/{name}: not UTF-8") from error

    def write(self, name: str, text: str) -> None:
        """Puts the whole text in place at once, or, if the process dies here, nothing under this name.

        On file and hdfs a rename does it. On S3, where a rename is a copy, the copy appears when it is complete.
        Raises CheckpointError.
        """
        target = self._path(name)
        folder, _, last = name.rpartition("/")
        temporary = self._path(f"{folder}/.{last}.{uuid.uuid4().hex}.tmp")
        try:
            stream = self._system.create(temporary, True)
            try:
                stream.write(bytearray(text.encode()))
            finally:
                stream.close()
            if not self._system.rename(temporary, target):
                # Hadoop refuses a name that is taken; whoever replaces a file has found it broken.
                self._system.delete(target, False)
                if not self._system.rename(temporary, target):
                    raise CheckpointError(f"{self.root}/{name} can't be written: {temporary} can't be renamed to it")
        except JAVA_ERRORS as error:
            raise CheckpointError(f"{self.root}/{name} can't be written: {root_cause(error)}") from error

    def names(self, folder: str) -> list[str]:
        """The names in `folder`, those of unfinished writes among them; none where it does not exist."""
        try:
            return [status.getPath().getName() for status in self._system.listStatus(self._path(folder))]
        except JAVA_ERRORS as error:
            if java_class(error) == _MISSING:
                return []
            raise CheckpointError(f"{self.root}/{folder} can't be listed: {root_cause(error)}") from error

    def delete(self, name: str) -> None:
        """Deletes the file if it is there. Raises CheckpointError."""
        try:
            self._system.delete(self._path(name), False)
        except JAVA_ERRORS as error:
            raise CheckpointError(f"{self.root}/{name} can't be deleted: {root_cause(error)}") from error

    def _path(self, name: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(f"{self.root}/{name}" if name else self.root)
