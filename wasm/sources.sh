#!/usr/bin/env bash
# Fetches what the guest is built from, once, and prints where it is: wasm/sources.sh lua|zig|cache. Everything comes
# from the Python registry, pinned by version and hash, and is kept in $LLMSPELL_BUILD_CACHE or the user's cache folder.
set -euo pipefail

python=${PYTHON:-python3}
cache=${LLMSPELL_BUILD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/llmspell-build}
mkdir -p "$cache"

# name version sha256 file: lupa's source package carries the complete Lua 5.4.8 source and its test suite
LUPA="lupa 2.8 d8022641b9ec8ecf2c5ecbe9f47e5a70e0b87c4b5ae921b92cb02a638e0acd08 lupa-2.8.tar.gz"
LUA=lupa-2.8/third-party/lua54
ZIG_VERSION=0.17.1
ZIG_X86_64=ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54
ZIG_WHEEL=ziglang-$ZIG_VERSION-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.musllinux_1_1_x86_64.whl

fetch() { # name version sha256 file [pip options]
  local file="$cache/$4"
  if [ ! -f "$file" ]; then
    "$python" -m pip download --quiet --no-deps --disable-pip-version-check "${@:5}" --dest "$cache/tmp.$$" "$1==$2" \
      > "$cache/pip.log" 2>&1 || { cat "$cache/pip.log" >&2; exit 1; }
    mv "$cache/tmp.$$"/* "$cache/" && rmdir "$cache/tmp.$$"
  fi
  echo "$3  $file" | sha256sum --check --quiet >&2 || { echo "sources.sh: $file is not what was pinned" >&2; exit 1; }
}

lua() { # the folder of Lua's sources, with testes/ in it
  # pip asks a source package for its metadata; without this, lupa's answer begins with building LuaJIT.
  LUPA_NO_LUAJIT=true fetch $LUPA --no-binary lupa
  if [ ! -d "$cache/$LUA" ]; then
    mkdir -p "$cache/unpack.$$"
    tar -xzf "$cache/lupa-2.8.tar.gz" -C "$cache/unpack.$$" "$LUA"
    mv "$cache/unpack.$$/lupa-2.8" "$cache/" && rmdir "$cache/unpack.$$"
  fi
  echo "$cache/$LUA"
}

zig() { # the compiler
  local zig="$cache/zig-$ZIG_VERSION/ziglang/zig"
  [ "$(uname -sm)" = "Linux x86_64" ] || { echo "sources.sh: the pinned compiler is for Linux on x86_64" >&2; exit 1; }
  if [ ! -x "$zig" ]; then
    fetch ziglang $ZIG_VERSION $ZIG_X86_64 "$ZIG_WHEEL"
    "$python" -m zipfile -e "$cache/$ZIG_WHEEL" "$cache/zig.$$"
    chmod +x "$cache/zig.$$/ziglang/zig"
    mv "$cache/zig.$$" "$cache/zig-$ZIG_VERSION"
  fi
  echo "$zig"
}

case ${1:-} in
  lua | zig) "$1" ;;
  cache) echo "$cache" ;;
  *) echo "usage: wasm/sources.sh lua|zig|cache" >&2; exit 2 ;;
esac
