#!/usr/bin/env bash
# Builds the guest: wasm/build.sh OUTPUT. Lua's sources and the compiler are what sources.sh fetches, pinned by
# version and hash; the same inputs give the same bytes, in any folder and with any cache. $PYTHON must have wasmtime
# (the project's own pinned version): the module is started once, and its memory as it is then becomes its data.
set -euo pipefail

output=${1:?usage: wasm/build.sh OUTPUT}
[ "${output#/}" != "$output" ] || output=$PWD/$output
here=$(cd "$(dirname "$0")" && pwd)
python=$(command -v "${PYTHON:-python3}") && python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python")
lua=$(PYTHON=$python "$here/sources.sh" lua)
zig=$(PYTHON=$python "$here/sources.sh" zig)
cache=$("$here/sources.sh" cache)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$lua" "$work/lua"
cp -r "$here/guest" "$work/guest"
cp "$here"/prelude/*.lua "$work/"

# One change to Lua: a loop's jumps store where they are, so that the report after a trap names the loop's line.
sed -i -e 's|{ pc += GETARG_sJ(i) + e; updatetrap(ci); }|{ ci->u.l.savedpc = pc; pc += GETARG_sJ(i) + e; updatetrap(ci); }|' \
  -e 's|updatetrap(ci);  /\* allows a signal to break the loop \*/|ci->u.l.savedpc = pc; updatetrap(ci);|' "$work/lua/lvm.c"
[ "$(grep -c 'ci->u.l.savedpc = pc; ' "$work/lua/lvm.c")" = 2 ] || { echo "build.sh: lvm.c is not as expected" >&2; exit 1; }

cd "$work" # relative names only: no path of this machine gets into the module
"$python" "$here/embed.py" guest/prelude.h $(cat "$here/prelude/ORDER")
export ZIG_GLOBAL_CACHE_DIR="$cache/zig-cache" ZIG_LOCAL_CACHE_DIR="$work/zig-cache"
"$zig" cc -target wasm32-wasi -mexec-model=reactor -O3 -std=gnu11 -DNDEBUG -DLUA_USE_JUMPTABLE=0 \
  -mcpu=generic+exception_handling+bulk_memory+sign_ext+nontrapping_fptoint+mutable_globals+multivalue \
  -mllvm -wasm-enable-sjlj -mllvm -wasm-use-legacy-eh=false -mllvm -inline-threshold=600 \
  -Wall -Wextra -Werror -Wno-unused-function -Wno-unused-parameter -Wno-unused-value -Wno-sign-compare -Wno-unused-command-line-argument \
  -Ilua -Iguest -Wl,-z,stack-size=262144 -Wl,--strip-all -Wl,--no-entry \
  guest/guest.c guest/sjlj.s -o lua.wasm
"$python" "$here/snapshot.py" lua.wasm image.wasm
mv image.wasm "$output"
