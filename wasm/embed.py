"""Writes the prelude's Lua files as one C header: `embed.py OUT FILE...`, in the order they are run at boot."""

from __future__ import annotations

import sys
from pathlib import Path


def c_string(text: bytes) -> str:
    lines = []
    for line in text.splitlines(keepends=True):
        escaped = "".join(
            f"\\{byte:03o}" if byte < 32 or byte > 126 or chr(byte) in '"\\?' else chr(byte) for byte in line
        )
        lines.append(f'  "{escaped}"')
    return "\n".join(lines) or '  ""'


def main(out: str, *files: str) -> None:
    parts = ["static const PreludeFile prelude_files[] = {"]
    for name in files:
        text = Path(name).read_bytes()
        parts.append(f'{{"=[llmspell {Path(name).stem}]",\n{c_string(text)},\n{len(text)}}},')
    parts.append("{NULL, NULL, 0}\n};\n")
    Path(out).write_text("\n".join(parts))


if __name__ == "__main__":
    main(*sys.argv[1:])
